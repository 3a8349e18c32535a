"""The files of the built-in encoder: what both of its forms read of them."""

from __future__ import annotations

import json

import numpy as np
import torch

from mediaindex.embed.families.builtin_files import (
    FILES,
    TEXT_TENSORS,
    WEIGHTS,
    Tokeniser,
    builtin_spec,
    name_in_text_tower,
    tensors,
    unfit,
)


def test_the_spec_is_that_of_the_configuration() -> None:
    config = json.loads((FILES / "config.json").read_text(encoding="utf-8"))
    spec = builtin_spec(FILES, batch=7)
    for name in ("digest", "preprocessing", "dim", "evidence_dim", "image_size", "text_length", "languages"):
        assert getattr(spec, name) == config[name]
    assert (spec.name, spec.batch, spec.has_tokens) == ("builtin", 7, True)


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
