"""The files of the built-in encoder: what both of its forms read of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mediaindex.embed.families.builtin_files import (
    FILES,
    FREE_NAME,
    TEXT_HEAD,
    TEXT_TOWER,
    TOWERS,
    HeadFiles,
    Tokeniser,
    builtin_bank,
    builtin_spec,
    head_of,
    heads_of,
    is_superseded,
    name_in_text_tower,
    tensors,
    unfit,
)
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.errors import EncoderMismatch
from mediaindex.ingest.writer.general_captions import general_captions

HEADS = heads_of(FILES)
each_head = pytest.mark.parametrize("head", HEADS, ids=lambda head: head.digest[:8])


@each_head
def test_the_spec_is_that_of_the_configuration(head: HeadFiles) -> None:
    config = json.loads((FILES / "config.json").read_text(encoding="utf-8"))
    spec = builtin_spec(FILES, head=head, batch=7)
    assert spec.evidence_dim == (config["evidence_dim"] if head.name == "builtin" else None)
    for name in ("preprocessing", "dim", "image_size", "text_length", "languages"):
        assert getattr(spec, name) == config[name]
    for name in ("name", "digest", "licence", "commercial"):
        assert getattr(spec, name) == getattr(head, name)
    assert (spec.batch, spec.has_tokens) == (7, True)


def test_a_head_is_found_by_its_name_and_its_digest() -> None:
    newest = head_of(FILES)
    assert (newest.name, builtin_spec(FILES).digest) == ("builtin", newest.digest)
    for head in HEADS:
        assert head_of(FILES, head.name, head.digest) == head
        assert is_superseded(head.name, head.digest) == (head != head_of(FILES, head.name))
    assert len({head.digest for head in HEADS}) == len(HEADS)
    assert not is_superseded("builtin", "ab" * 32), "unknown weights are of no earlier release"
    with pytest.raises(EncoderMismatch, match="models use builtin"):
        head_of(FILES, "builtin", "ab" * 32)


@each_head
def test_a_bank_is_of_its_head_and_of_unit_rows(head: HeadFiles) -> None:
    bank = builtin_bank(FILES, head)
    assert bank.shape == (500 if head.name == FREE_NAME else 2000, builtin_spec(FILES).dim)
    np.testing.assert_allclose(np.linalg.norm(bank, axis=1), 1.0, atol=1e-6)
    with safe_open(FILES / head.bank, framework="np") as stored:
        assert stored.metadata() == {"encoder": head.digest}
    texts = BuiltinTexts(FILES, name=head.name, digest=head.digest)
    embedded = texts.texts(general_captions()[:5]).pooled
    cosines = (bank[:5] * embedded).sum(axis=1) / np.linalg.norm(embedded, axis=1)
    assert cosines.min() > 0.999, "int8 keeps the direction"


def test_a_damaged_bank_names_the_remedy(tmp_path: Path) -> None:
    for content in (None, b"", b"no tensors"):
        if content is not None:
            (tmp_path / HEADS[0].bank).write_bytes(content)
        with pytest.raises(EncoderMismatch, match="install mediaindex again"):
            builtin_bank(tmp_path, HEADS[0])


def test_the_bank_of_another_head_is_refused() -> None:
    other = dataclasses.replace(HEADS[0], digest="ab" * 32)
    with pytest.raises(EncoderMismatch, match="of other weights"):
        builtin_bank(FILES, other)


@pytest.mark.parametrize(("file", "names"), [(TOWERS, TEXT_TOWER), (HEADS[0].members[0], TEXT_HEAD)])
def test_both_frameworks_read_the_same_tensors(file: str, names: tuple[str, ...]) -> None:
    arrays = {name: (values, scale) for name, values, scale in tensors(FILES / file, names, framework="np")}
    assert arrays
    for name, values, scale in tensors(FILES / file, names, framework="pt"):
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
