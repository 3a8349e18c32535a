"""A whole training on a library of real films: what it gains, where it is put in use, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediaindex.errors import MediaIndexError
from mediaindex.learn.personal.examples import Example, Examples, Stretch, read_examples
from mediaindex.learn.personal.train import NEEDED, enough, rankings_before, train
from mediaindex.search.ranking.generator_registry import decide
from mediaindex.search.ranking.personal_selection import Selection, personal_lock, read_selection, swap
from mediaindex.search.ranking.user_gate import NO_VERDICTS
from mediaindex.store.library import Library
from tests.support.personal_library import FILMS, PER_FILM, asking_of, space_of


@pytest.fixture
def library(personal_library: Library) -> Library:
    """Without what the test before trained."""
    shutil.rmtree(personal_library.root / "generators", ignore_errors=True)
    return personal_library


def trained(library: Library, *, only: int | None = None) -> dict[str, Any]:
    space = space_of(library)
    with library.read() as connection:
        examples = read_examples(connection, space.id)
    if only is not None:
        examples = Examples(examples.all[:only], 0, examples.contents)
    with personal_lock(library.root):
        before = rankings_before(library.root, space, NO_VERDICTS)
        return train(library.root, asking_of(library), examples, before, threads=1)


def test_a_gain_that_is_proven_is_put_in_use_and_the_next_training_is_measured_against_it(
    library: Library,
) -> None:
    report = trained(library)
    assert report["captions"] == report["listed"] == FILMS * PER_FILM
    assert (report["promoted"], report["current"], report["previous"]) == (True, "builtin-personal-1", None)
    assert report["serving"] == "instant"
    figures = {row["ranking"]: row["metrics"]["MRR"]["value"] for row in report["rows"]}
    assert list(figures) == ["instant", "shipped", "personal"]
    assert figures["personal"] > figures["instant"] + 20
    space = space_of(library)
    decision = decide(space, library.root, None, "auto")
    assert decision.generator is not None
    assert decision.gate.on
    assert decision.gate.reason.startswith(f"proven on your {FILMS * PER_FILM} captions")
    config = json.loads((decision.generator.folder / "config.json").read_text())
    assert config["report"]["library_videos"] == report["library_videos"]
    assert len(config["report"]["library_videos"]) == FILMS
    assert "# A personal ranking for builtin" in (decision.generator.folder / "README.md").read_text()

    again = trained(library)
    assert (again["serving"], again["promoted"]) == ("former", False)
    rows = {row["ranking"]: row["metrics"] for row in again["rows"]}
    assert list(rows) == ["instant", "shipped", "former", "personal"]
    assert rows["former"] == rows["personal"], "each is measured by weights that never saw the video"
    assert read_selection(library.root, space.digest) == Selection("builtin-personal-1", None)

    assert swap(library.root, space.digest) == Selection(None, "builtin-personal-1")
    assert not decide(space, library.root, None, "auto").gate.on
    assert decide(space, library.root, "linear", "on").generator != decision.generator


def test_an_interrupted_training_leaves_nothing(library: Library) -> None:
    space = space_of(library)
    with library.read() as connection:
        examples = read_examples(connection, space.id)

    def interrupt(event: Mapping[str, Any]) -> None:
        if event["done"] == 2:
            raise KeyboardInterrupt

    before = rankings_before(library.root, space, NO_VERDICTS)
    with personal_lock(library.root), pytest.raises(KeyboardInterrupt):
        train(library.root, asking_of(library), examples, before, threads=1, progress=interrupt)
    assert [path.name for path in (library.root / "generators").iterdir()] == [".personal.lock"]


def test_without_evidence_nothing_is_trained(library: Library, tmp_path: Path) -> None:
    regions = library.root / "regions"
    shutil.move(regions, tmp_path / "regions")
    try:
        with pytest.raises(MediaIndexError, match=r"no evidence of regions yet.*'mediaindex index' makes it"):
            trained(library, only=NEEDED)
    finally:
        shutil.rmtree(regions, ignore_errors=True)
        shutil.move(tmp_path / "regions", regions)


def said(captions: int, videos: int) -> Examples:
    return Examples(
        tuple(Example("caption", n, "words", (Stretch(n % videos, 0, 1),)) for n in range(captions))
    )


@pytest.mark.parametrize(
    ("captions", "videos", "missing"),
    [
        (0, 1, "30 captions are missing: training needs 30, there are 0"),
        (29, 9, "1 captions are missing: training needs 30, there are 29"),
        (30, 3, "captions of 2 more videos are missing"),
        (30, 5, None),
    ],
)
def test_what_is_missing_is_counted(captions: int, videos: int, missing: str | None) -> None:
    told = enough(said(captions, videos))
    assert told is None if missing is None else told is not None and told.startswith(missing)


def test_an_encoder_without_a_mixture_says_what_makes_one(library: Library) -> None:
    space = space_of(library)
    with pytest.raises(
        MediaIndexError, match="'mediaindex train --encoder builtin --features FILE' makes it"
    ):
        rankings_before(library.root, replace(space, scorer=None), NO_VERDICTS)
    with pytest.raises(MediaIndexError, match="the next 'mediaindex index' brings them up to date"):
        rankings_before(library.root, replace(space, scorer="an older one"), NO_VERDICTS)
    assert np.isfinite(rankings_before(library.root, space, NO_VERDICTS).shipped.mixture.weights).all()  # type: ignore[union-attr]
