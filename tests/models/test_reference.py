"""Published checkpoints: their names become ours, and what does not fit is named."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.checkpoint import (
    denoiser_from_reference,
    generator_from_reference,
    matcher_from_reference,
)
from mediaindex_models.matcher import Matcher
from tests.support.golden import FIXTURES, Golden


def test_published_weights_that_are_no_such_network_are_refused() -> None:
    state = Golden(FIXTURES / "net_t2v_d64.npz").under("w.")
    with pytest.raises(ValueError, match=r"it has no decoder\.4\.weight"):
        denoiser_from_reference({**state, "decoder.4.weight": torch.zeros(2)}, direction="t2v")
    with pytest.raises(ValueError, match="NaN or an infinity"):
        denoiser_from_reference({**state, "proj.bias": state["proj.bias"] * torch.nan}, direction="t2v")
    vast = torch.zeros(1).expand(60_000, 60_000)
    with pytest.raises(ValueError, match="width is a whole number"):
        denoiser_from_reference({**state, "q_proj.weight": vast}, direction="t2v")


def whole_checkpoint() -> dict[str, torch.Tensor]:
    """A published checkpoint of several processes: both directions, a first stage of one layer."""
    t2v, v2t = (Golden(FIXTURES / f"net_{direction}_d64.npz").under("w.") for direction in ("t2v", "v2t"))
    state = {f"diffusion_model.{name}": value for name, value in t2v.items()}
    state |= {f"diffusion_model_v.{name}": value for name, value in v2t.items()}
    state["diffusion_model.sequence_pos_encoder.pe"] = torch.zeros(5000, 1, 64)
    theirs = {
        "temporal.places.weight": "frame_position_embeddings.weight",
        "projections.": "attn.in_proj_",
        "output.": "attn.out_proj.",
        "before_attention.": "ln_1.",
        "before_hidden.": "ln_2.",
        "widen.": "mlp.c_fc.",
        "narrow.": "mlp.c_proj.",
        "temporal.blocks.": "transformerClip.resblocks.",
        "interaction.word_importance.": "text_weight_fc.",
        "interaction.frame_importance.": "video_weight_fc.",
        "log_scale": "clip.logit_scale",
    }
    for ours, value in Matcher(64, layers=1, places=7).state_dict().items():
        name = ours
        for part, published in theirs.items():
            name = name.replace(part, published)
        state[name] = value
    return {f"module.{name}": value for name, value in state.items()}


def test_a_whole_published_checkpoint() -> None:
    generator, matcher = (
        generator_from_reference(whole_checkpoint()),
        matcher_from_reference(whole_checkpoint()),
    )
    assert (generator.spec.recipe, generator.spec.width, generator.spec.sampling) == ("paper", 64, "ddim")
    assert matcher.temporal.places.num_embeddings == 7
    for direction in ("t2v", "v2t"):
        expected = Golden(FIXTURES / f"net_{direction}_d64.npz").tensor("w.q_proj.weight")
        assert torch.equal(generator.get_parameter(f"directions.{direction}.query.weight"), expected)


def test_a_published_checkpoint_that_does_not_fit_is_named() -> None:
    state = Golden(FIXTURES / "net_t2v_d64.npz").under("w.")
    with pytest.raises(ValueError, match="no v2t network"):
        generator_from_reference({f"diffusion_model.{k}": v for k, v in state.items()} | state)
    with pytest.raises(ValueError, match="no temporal transformer"):
        matcher_from_reference(state)
    with pytest.raises(ValueError, match="t2v or v2t"):
        denoiser_from_reference(state, direction="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is square"):
        denoiser_from_reference({**state, "q_proj.weight": torch.zeros(2, 3)}, direction="t2v")
    with pytest.raises(ValueError, match="do not fit"):
        denoiser_from_reference({**state, "k_proj.weight": torch.zeros(2, 3)}, direction="t2v")
    del state["proj.bias"], state["decoder.2.bias"]
    with pytest.raises(ValueError, match=r"decoder\.2\.bias and 1 more miss"):
        denoiser_from_reference(state, direction="t2v")


def test_a_first_stage_has_the_published_weights() -> None:
    published = whole_checkpoint()
    matcher = matcher_from_reference(published)
    state = matcher.state_dict()
    for ours, theirs in (
        ("temporal.blocks.0.widen.weight", "transformerClip.resblocks.0.mlp.c_fc.weight"),
        ("interaction.word_importance.2.bias", "text_weight_fc.2.bias"),
        ("log_scale", "clip.logit_scale"),
    ):
        assert torch.equal(state[ours], published[f"module.{theirs}"])
