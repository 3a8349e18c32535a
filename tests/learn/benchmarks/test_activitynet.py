"""ActivityNet Captions: paragraphs, and frames to the second after the stated duration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.activitynet import ACTIVITYNET
from tests.support.published_annotations import ANNOTATIONS, needs_annotations


@pytest.mark.corpus
@needs_annotations
def test_the_published_counts() -> None:
    folder = ANNOTATIONS / "ActivityNet"
    test, train = ACTIVITYNET.read(folder, "test"), ACTIVITYNET.read(folder, "train")
    assert (len(test), sum(len(clip.captions) for clip in test)) == ACTIVITYNET.published == (4917, 4917)
    assert len(train) == 10_009
    first = next(clip for clip in test if clip.id == "v_uqiMw7tQ1Cc")
    assert (first.end_seconds, first.names) == (56, ("uqiMw7tQ1Cc",))


def test_sentences_are_one_paragraph(folder: Path) -> None:
    about = {"v_a": {"duration": 55.15, "timestamps": [[0, 1]], "sentences": ["One.", "  Two. "]}}
    (folder / "val_1.json").write_text(json.dumps(about))
    (clip,) = ACTIVITYNET.read(folder, "test")
    assert (clip.id, clip.captions, clip.end_seconds, clip.names) == ("v_a", ("One. Two.",), 56, ("a",))


@pytest.mark.parametrize(
    "about",
    [[], {"v_a": {}}, {"v_a": {"duration": "x", "sentences": []}}, {"v_a": {"duration": -1, "sentences": []}},
     {"v_a": {"duration": 1, "sentences": "One."}}, {"v_a": {"duration": 1, "sentences": [1]}}, {}],
)  # fmt: skip
def test_another_version(about: object, folder: Path) -> None:
    (folder / "train.json").write_text(json.dumps(about))
    with pytest.raises(UsageError, match=r"train\.json is of another version"):
        ACTIVITYNET.read(folder, "train")
    with pytest.raises(UsageError, match="no split val"):
        ACTIVITYNET.read(folder, "val")
