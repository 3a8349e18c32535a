"""The presets keep to what their models are."""

from __future__ import annotations

from typing import Any

import open_clip
import pytest

from mediaindex.embed.families.builtin_files import NAMES as BUILTIN_NAMES
from mediaindex.embed.loading import load_encoder
from mediaindex.embed.presets import PRESETS


def test_presets_are_keyed_by_name_and_state_their_cost() -> None:
    assert list(PRESETS) == [
        "builtin",
        "builtin-free",
        "fast",
        "balanced",
        "quality",
        "multilingual",
        "paper",
    ]
    for name, preset in PRESETS.items():
        assert preset.name == name
        assert (preset.repository is None) == (name in BUILTIN_NAMES)
        assert min(preset.dim, preset.gflop_per_frame, preset.size_bytes, preset.text_length) > 0


def test_presets_read_as_many_tokens_as_their_models() -> None:
    for name in ("fast", "balanced", "quality", "multilingual", "paper"):
        configuration: Any = open_clip.get_model_config(PRESETS[name].model)
        assert configuration["text_cfg"]["context_length"] == PRESETS[name].text_length


def test_presets_name_weights_that_open_clip_publishes_at_the_stated_size() -> None:
    for preset in PRESETS.values():
        if preset.library == "open_clip":
            published: Any = open_clip.get_pretrained_cfg(preset.model, preset.weights)
            assert published["hf_hub"].strip("/") == preset.repository
            configuration: Any = open_clip.get_model_config(preset.model)
            assert configuration["embed_dim"] == preset.dim
            assert configuration["vision_cfg"].get("image_size", preset.image_size) == preset.image_size


@pytest.mark.parametrize("name", BUILTIN_NAMES)
def test_a_builtin_preset_is_the_encoder_that_ships(name: str) -> None:
    preset = PRESETS[name]
    spec = load_encoder(name, device="cpu").spec
    assert (preset.dim, preset.image_size, preset.text_length) == (
        spec.dim,
        spec.image_size,
        spec.text_length,
    )
    assert (preset.languages, preset.licence, preset.commercial) == (
        spec.languages,
        spec.licence,
        spec.commercial,
    )


def test_nobody_can_change_a_preset() -> None:
    with pytest.raises(TypeError):
        PRESETS["builtin"] = PRESETS["fast"]  # type: ignore[index]
