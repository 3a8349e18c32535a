"""From a name to an encoder, or to one sentence with the remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mediaindex.embed import device
from mediaindex.embed.acquire import import_weights
from mediaindex.embed.encoder import arithmetic_of
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.embed.loading import load_encoder, load_text_encoder
from mediaindex.errors import EncoderUnavailable, UsageError
from tests.support import checkpoints


def test_importing_it_loads_no_torch() -> None:
    script = """
import sys
import mediaindex.embed.loading, mediaindex.embed.acquire
heavy = {"torch", "numpy", "open_clip", "transformers", "huggingface_hub", "py3langid", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("fast", r"models pull fast.*1\.5 GB.*models import FILE --name fast"),
        ("paper", "models pull paper"),
        ("open_clip:ViT-B-32/openai", "models pull open_clip:ViT-B-32/openai"),
        ("open_clip:ViT-B-32/opneai", "no weights 'opneai' of 'ViT-B-32'; tags of it: openai"),
        ("open_clip:ViT-B-33/openai", "no weights 'openai' of 'ViT-B-33'; tags of it: none"),
        ("open_clip:ViT-B-32", "write open_clip:MODEL/TAG"),
        ("open_clip:ViT-B-32/gone.safetensors", "there is no file gone.safetensors"),
        ("fsat", "did you mean fast"),
        ("unheard of", "known are builtin, builtin-free, fast"),
        ("open_clip:", "there is no encoder"),
    ],
)
def test_what_is_not_here_is_one_sentence_with_a_remedy(name: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=error) as raised:
        load_encoder(name, device="cpu", models=tmp_path / "models")
    assert "\n" not in str(raised.value)


def test_an_import_comes_before_a_preset_of_its_name(tmp_path: Path) -> None:
    models = tmp_path / "models"
    folder = import_weights(checkpoints.open_clip_folder(tmp_path / "source"), "tiny", models).folder
    folder.rename(models / "fast")
    spec = load_encoder("fast", device="cpu", models=models).spec
    assert (spec.name, spec.dim) == ("fast", 32)


def test_the_number_of_threads_is_set_where_it_is_given() -> None:
    load_encoder("builtin", device="cpu", threads=2)
    assert torch.get_num_threads() == 2
    load_encoder("builtin", device="cpu")
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_the_built_in_encoder_of_texts_needs_no_device(device: str) -> None:
    assert isinstance(load_text_encoder("builtin", device=device), BuiltinTexts)


def test_a_device_that_was_asked_for_is_used_for_texts_too_or_refused() -> None:
    with pytest.raises(UsageError, match="not 'gpu'"):
        load_text_encoder("builtin", device="gpu")


def test_other_encoders_of_texts_have_one_thread(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        encoder = load_text_encoder(
            f"open_clip:{checkpoints.open_clip_folder(tmp_path / 'source')}", device="cpu"
        )
        assert torch.get_num_threads() == 1
        assert encoder.texts(["a dog"]).pooled.shape == (1, encoder.spec.dim)
    finally:
        torch.set_num_threads(before)


def test_an_unknown_device_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match="not 'gpu'"):
        load_encoder("no such encoder", device="gpu")


def test_an_unknown_name_suggests_an_import_that_is_near(tmp_path: Path) -> None:
    models = tmp_path / "models"
    import_weights(checkpoints.open_clip_folder(tmp_path / "source"), "holiday", models)
    with pytest.raises(EncoderUnavailable, match="did you mean holiday"):
        load_encoder("holidai", device="cpu", models=models)


def test_the_arithmetic_is_the_quickest_only_where_it_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "has_bfloat16", lambda: True)
    found = [
        arithmetic_of(load_encoder("builtin", device="cpu", arithmetic=asked).spec.preprocessing)
        for asked in (None, "bfloat16", "float32")
    ]
    assert found == ["bfloat16", "bfloat16", "float32"]
    assert arithmetic_of(load_encoder("builtin", device="cpu").spec.preprocessing) == "float32"
    text = load_text_encoder("builtin", arithmetic="bfloat16")
    assert arithmetic_of(text.spec.preprocessing) == "bfloat16"
