"""What a search says of its moments: a confidence of their kind, and whether the first is a match."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.search.channels.moments import Moment
from mediaindex.search.confidence import calibration, word_numbers
from mediaindex.search.confidence.calibration import REFIT, Calibration
from mediaindex.search.confidence.judging import judged
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.vectors.fitted import WORDS, write_fitted

BY_COVERAGE = Calibration(word_numbers.NAMES, (0.0,) * 4, (1.0,) * 4, (4.0, 0.0, 0.0, 0.0), -2.0, ())


@pytest.fixture(autouse=True)
def _by_coverage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Words are judged by their coverage alone; no encoder is calibrated."""
    path = tmp_path / "calibrations.json"
    path.write_text(json.dumps({WORDS: BY_COVERAGE.as_json()}), encoding="utf-8")
    monkeypatch.setattr(calibration, "FILE", path)
    calibration._rows.cache_clear()
    yield
    calibration._rows.cache_clear()


def by_words(video: int, coverage: float) -> FusedMoment:
    hit = WordHit(video, None, None, (("red", "title"),), coverage=coverage, relevance=1.0)
    return FusedMoment(Moment(video, None, 0.0, 1.0, None), word_rank=video, word_hit=hit)


def hits_of(*moments: FusedMoment) -> list[WordHit]:
    return [moment.word_hit for moment in moments if moment.word_hit is not None]


def test_what_words_found_has_the_confidence_of_words() -> None:
    whole, half, less = by_words(1, 1.0), by_words(2, 0.5), by_words(3, 0.4)
    found = judged([whole, half], hits_of(whole, half), None)
    assert [moment.confidence for moment in found.moments] == pytest.approx([0.8808, 0.5], abs=1e-4)
    assert found.confident is True
    assert judged([less], hits_of(less), None).confident is False


def test_what_only_pictures_found_has_none_where_their_encoder_is_not_calibrated() -> None:
    seen, told = FusedMoment(Moment(3, 7, 0.0, 1.0, 0.4), picture_rank=1), by_words(1, 1.0)
    found = judged([seen, told], hits_of(told), None)
    assert [moment.confidence is None for moment in found.moments] == [True, False]
    assert found.confident is None


def test_nothing_found_is_not_judged() -> None:
    assert judged([], [], None).confident is None
    assert judged([], [], None).moments == []


def test_what_the_library_fitted_to_words_comes_before_what_ships(tmp_path: Path) -> None:
    whole = by_words(1, 1.0)
    own = {"row": replace(BY_COVERAGE, bias=-4.0).as_json()}
    write_fitted(tmp_path / "library", encoder=None, digest=WORDS, parts={REFIT: own})
    assert judged([whole], hits_of(whole), None, tmp_path / "library").moments[0].confidence == 0.5
    assert judged([whole], hits_of(whole), None, tmp_path).confident is True
