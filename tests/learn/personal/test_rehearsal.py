"""The photographs in the box: their lists are those of the shipped scorer, and no other space gets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mediaindex.embed.families.builtin_files import FILES, builtin_bank, head_of, photographs_of, scorer_of
from mediaindex.errors import EncoderMismatch
from mediaindex.learn.personal.cross_fitting import photograph_loss
from mediaindex.learn.personal.lists import Listed
from mediaindex.learn.personal.rehearsal import shipped_photographs
from mediaindex.learn.personal.text_side import Fit
from mediaindex.search.answer import CANDIDATES
from mediaindex.search.ranking.generator_registry import BOX, generator_named
from mediaindex.search.ranking.mixture import Mixture

LARGEST = 4_000_000


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    head = head_of(FILES)
    found = generator_named(BOX, "linear", head.digest).mixture
    assert found is not None
    return found


@pytest.fixture(scope="module")
def photographs(mixture: Mixture) -> tuple[Listed, ...]:
    return shipped_photographs(head_of(FILES).digest, mixture, corrects_hubs=True)


def test_each_caption_looks_for_its_photograph_among_those_that_are_nearest(
    photographs: tuple[Listed, ...], mixture: Mixture
) -> None:
    stored = load_file(FILES / "photographs.safetensors")
    assert 0.9 * len(stored["pictures"]) < len(photographs) <= len(stored["pictures"])
    assert len(stored["pictures"]) == len(stored["captions"]) == len(stored["records"])
    assert (FILES / "photographs.safetensors").stat().st_size <= LARGEST
    assert not any(values.dtype.kind in "OSU" for values in stored.values()), "no sentence is in it"
    similarity = stored["captions"].astype(np.float32) @ stored["pictures"].astype(np.float32).T
    plain = shipped_photographs(head_of(FILES).digest, mixture, corrects_hubs=False)
    for one in (plain[0], plain[7], plain[-1]):
        own = similarity[one.example.number]
        best = np.sort(own)[::-1][:CANDIDATES] / mixture.deviation
        np.testing.assert_allclose(one.numbers[:, 0], best, rtol=1e-4)
        assert one.right.sum() == 1
        assert one.instant_rank == (own > own[one.example.number]).sum()
    assert builtin_bank(FILES).shape[1] == stored["pictures"].shape[1]
    assert all(len(one.numbers) == CANDIDATES for one in photographs)
    assert (plain[0].numbers[:, 0] != photographs[0].numbers[:, 0]).any(), "less their hubs"


def test_the_shipped_ranking_finds_them_and_so_does_the_scorer_alone(
    photographs: tuple[Listed, ...], mixture: Mixture
) -> None:
    weights = np.array(mixture.weights)
    by_scorer = weights * [0, 1, 1, 1, 1]
    assert np.mean([1 / (1 + one.rank(weights)) for one in photographs]) > 0.9
    assert np.mean([1 / (1 + one.rank(by_scorer)) for one in photographs]) > 0.65
    assert photograph_loss(photographs, Fit(weights)) < 0.5


def test_their_numbers_are_those_of_the_scorer_of_the_box(photographs: tuple[Listed, ...]) -> None:
    one = photographs[3]
    np.testing.assert_allclose(one.numbers_by({}), one.numbers, rtol=1e-6)
    assert one.evidence is not None
    assert one.evidence.pool is photographs[0].evidence.pool  # type: ignore[union-attr]


def test_other_vectors_and_other_scorers_have_none(mixture: Mixture) -> None:
    digest = head_of(FILES).digest
    assert shipped_photographs("0" * 64, mixture, corrects_hubs=True) == ()
    other = Mixture("another scorer", mixture.weights, mixture.deviation)
    assert shipped_photographs(digest, other, corrects_hubs=True) == ()
    known, scorer = photographs_of(FILES), scorer_of(FILES)
    assert known is not None
    assert scorer is not None
    assert (known.encoder, known.scorer) == (digest, scorer.digest), "exported for what ships"


def test_a_release_without_them_has_none(tmp_path: Path, mixture: Mixture) -> None:
    config = json.loads((FILES / "config.json").read_text(encoding="utf-8"))
    del config["photographs"]
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert shipped_photographs(head_of(FILES).digest, mixture, corrects_hubs=True, files=tmp_path) == ()


def test_a_damaged_file_says_to_install_again(tmp_path: Path, mixture: Mixture) -> None:
    for name in ("config.json", "photographs.safetensors"):
        shutil.copy(FILES / name, tmp_path / name)
    path = tmp_path / "photographs.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(
        EncoderMismatch, match=r"photographs\.safetensors is not the file .* install mediaindex"
    ):
        shipped_photographs(head_of(FILES).digest, mixture, corrects_hubs=True, files=tmp_path)
