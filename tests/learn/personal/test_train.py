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
from numpy.typing import NDArray

from mediaindex.cli.shared.reranking import reranked_answer
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.errors import MediaIndexError
from mediaindex.learn.personal.examples import Example, Examples, Stretch, read_examples
from mediaindex.learn.personal.lists import listed, ranks_by
from mediaindex.learn.personal.publishing import publish
from mediaindex.learn.personal.text_side import LAYERS
from mediaindex.learn.personal.train import NEEDED, enough, rankings_before, train
from mediaindex.search.answer import Question
from mediaindex.search.ranking.generator_registry import decide
from mediaindex.search.ranking.mixture import TEXT_SIDE
from mediaindex.search.ranking.personal_selection import Selection, personal_lock, read_selection, swap
from mediaindex.search.ranking.reranker import load_reranker
from mediaindex.search.ranking.user_gate import NO_VERDICTS
from mediaindex.store.library import Library
from tests.support.personal_library import FILMS, PER_FILM, asking_of, space_of
from tests.support.personal_reports import fit, report


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
    assert report["serving"] == "shipped"
    assert (report["level"], report["steps"]) == ("weights", None), "so few captions try no other level"
    assert {row["level"] for row in report["tried"]} == {"shipped", "weights"}
    assert report["photographs"] > 200
    assert report["photograph_loss"] > report["shipped_photograph_loss"], "captions here are contrary to them"
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
    back = decide(space, library.root, None, "auto").generator
    assert back == decide(space, library.root, "linear", "on").generator != decision.generator


@pytest.mark.parametrize(("stage", "done"), [("asking", 2), ("fitting", 3)])
def test_an_interrupted_training_leaves_nothing(library: Library, stage: str, done: int) -> None:
    space = space_of(library)
    with library.read() as connection:
        examples = read_examples(connection, space.id)

    def interrupt(event: Mapping[str, Any]) -> None:
        if (event["stage"], event["done"]) == (stage, done):
            raise KeyboardInterrupt

    before = rankings_before(library.root, space, NO_VERDICTS)
    with personal_lock(library.root), pytest.raises(KeyboardInterrupt):
        train(library.root, asking_of(library), examples, before, threads=1, progress=interrupt)
    assert [path.name for path in (library.root / "generators").iterdir()] == [".personal.lock"]


def published_with_a_text_side(library: Library) -> tuple[dict[str, NDArray[np.float32]], Path]:
    """Put a ranking in use whose words mean something else; its text side and its folder."""
    space = space_of(library)
    shipped = rankings_before(library.root, space, NO_VERDICTS).shipped
    random = np.random.default_rng(0)
    side = {
        name: random.standard_normal(values.shape).astype(np.float32)
        for name, values in BuiltinTexts().asked("a dog").scorer.weights.items()
        if name.startswith(LAYERS["last layers"])
    }
    made = {**report(), "encoder": space.encoder, "digest": space.digest}
    with personal_lock(library.root):
        publish(library.root, shipped, fit(text_side=side), made, "A card.\n")
    return side, library.root / "generators" / "builtin-personal-1"


def test_searches_rank_by_a_text_side_as_the_training_does(library: Library) -> None:
    side, _folder = published_with_a_text_side(library)
    space, asking = space_of(library), asking_of(library)
    decision = decide(space, library.root, None, "auto")
    assert decision.generator is not None
    mixture = decision.generator.mixture
    assert mixture is not None
    reranker = load_reranker(decision.generator)
    with library.read() as connection:
        own = read_examples(connection, space.id).all[:6]
    lists = [one for one in listed(asking, own, mixture, lambda _done, _total: None) if one is not None]
    weights = np.array(mixture.weights)
    expected = [one.rank(weights, side) for one in lists]
    assert list(ranks_by(asking, own, reranker, lambda _done, _total: None)) == expected
    assert expected != [one.rank(weights) for one in lists]


def test_a_damaged_text_side_is_left_out_of_searches_and_of_the_next_training(library: Library) -> None:
    _side, folder = published_with_a_text_side(library)
    (folder / TEXT_SIDE).write_bytes(b"damaged")
    space, asking = space_of(library), asking_of(library)
    decision = decide(space, library.root, None, "auto")
    assert decision.gate.on
    question = Question("a dog", channel="pictures", thumbnails=False)
    answer, after = reranked_answer(asking.searcher, question, decision, "auto", threads=1)
    assert answer.hits
    assert not after.gate.on
    assert after.gate.reason == (
        f"{folder / TEXT_SIDE}: it is not the file that config.json describes; "
        f"remove {folder}, or train it again"
    )
    assert rankings_before(library.root, space, NO_VERDICTS).serving_name == "instant"


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
        (29, 9, "1 caption is missing: training needs 30, there are 29"),
        (30, 3, "captions of 2 more videos are missing"),
        (30, 4, "captions of 1 more video are missing"),
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
