"""The files of the built-in encoder: what both of its forms read of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mediaindex.embed.families.builtin_files import (
    BANK,
    FILES,
    TEXT_TENSORS,
    WEIGHTS,
    Tokeniser,
    builtin_bank,
    builtin_spec,
    name_in_text_tower,
    tensors,
    unfit,
)
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.errors import EncoderMismatch
from mediaindex.ingest.writer.general_captions import general_captions


def test_the_spec_is_that_of_the_configuration() -> None:
    config = json.loads((FILES / "config.json").read_text(encoding="utf-8"))
    spec = builtin_spec(FILES, batch=7)
    for name in ("digest", "preprocessing", "dim", "evidence_dim", "image_size", "text_length", "languages"):
        assert getattr(spec, name) == config[name]
    assert (spec.name, spec.batch, spec.has_tokens) == ("builtin", 7, True)


def test_the_bank_is_of_this_encoder_and_of_unit_rows() -> None:
    bank = builtin_bank(FILES)
    assert bank.shape == (2000, builtin_spec(FILES).dim)
    np.testing.assert_allclose(np.linalg.norm(bank, axis=1), 1.0, atol=1e-6)
    with safe_open(FILES / BANK, framework="np") as stored:
        assert stored.metadata() == {"encoder": builtin_spec(FILES).digest}
    embedded = BuiltinTexts(FILES).texts(general_captions()[:5]).pooled
    cosines = (bank[:5] * embedded).sum(axis=1) / np.linalg.norm(embedded, axis=1)
    assert cosines.min() > 0.999, "int8 keeps the direction"


def test_a_damaged_bank_names_the_remedy(tmp_path: Path) -> None:
    for content in (None, b"", b"no tensors"):
        if content is not None:
            (tmp_path / BANK).write_bytes(content)
        with pytest.raises(EncoderMismatch, match="install mediaindex again"):
            builtin_bank(tmp_path)


def test_both_frameworks_read_the_same_tensors() -> None:
    arrays = {
        name: (values, scale)
        for name, values, scale in tensors(FILES / WEIGHTS, TEXT_TENSORS, framework="np")
    }
    for name, values, scale in tensors(FILES / WEIGHTS, TEXT_TENSORS, framework="pt"):
        array, array_scale = arrays.pop(name)
        assert torch.equal(values, torch.from_numpy(array)), name
        assert (scale is None) == (array_scale is None), name
        if scale is not None:
            assert array.dtype == np.int8
            assert torch.equal(scale, torch.from_numpy(array_scale)), name
            assert len(scale) == len(values), name
    assert arrays == {}


def test_names_in_the_text_tower() -> None:
    assert name_in_text_tower("minilm.blocks.0.q.bias") == "sentence.blocks.0.q.bias"
    assert name_in_text_tower("head.t.0.weight") == "head.hidden.0.weight"
    assert name_in_text_tower("head.t.3.bias") == "head.hidden.2.bias"


def test_a_text_is_cut_to_the_length() -> None:
    tokenise = Tokeniser(FILES, length=5)
    first, second = tokenise(["dog", "a dog runs over the grass"])
    assert (len(first), len(second)) == (3, 5)
    assert (first[0], first[-1]) == (second[0], second[-1])


def test_the_error_names_the_remedy() -> None:
    assert str(unfit("a reason")).endswith("a reason; install mediaindex again")
