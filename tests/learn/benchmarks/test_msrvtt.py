"""MSR-VTT 1k-A: 9 000 videos to train on, 1 000 pairs to test on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.msrvtt import CAPTIONS, MSRVTT, TEST, TRAIN
from tests.support.published_annotations import msrvtt, needs_annotations


@pytest.mark.corpus
@needs_annotations
def test_the_published_counts(tmp_path: Path) -> None:
    folder = msrvtt(tmp_path / "msrvtt")
    test, train = MSRVTT.read(folder, "test"), MSRVTT.read(folder, "train")
    assert (len(test), sum(len(clip.captions) for clip in test)) == MSRVTT.published == (1000, 1000)
    assert (len(train), {len(clip.captions) for clip in train}) == (9000, {20})
    assert not {clip.id for clip in test} & {clip.id for clip in train}


def test_all_captions_of_a_video_train_and_one_tests(folder: Path) -> None:
    (folder / TRAIN).write_text("video_id\nvideo1\n")
    (folder / CAPTIONS).write_text(
        '{"sentences": [{"video_id": "video1", "caption": "one"}, {"video_id": "video2", "caption": "two"},'
        ' {"video_id": "video1", "caption": "three"}]}'
    )
    (clip,) = MSRVTT.read(folder, "train")
    assert (clip.id, clip.captions, clip.end_seconds) == ("video1", ("one", "three"), None)
    (folder / TEST).write_text('key,vid_key,video_id,sentence\nret0,msr2,video2,"a, b"\n')
    assert [(clip.id, clip.captions) for clip in MSRVTT.read(folder, "test")] == [("video2", ("a, b",))]


@pytest.mark.parametrize(
    ("text", "said"),
    [("id,text\n1,a\n", "another version .* lacks the columns video_id, sentence"), ("", "lacks ids")],
)
def test_another_version(text: str, said: str, folder: Path) -> None:
    (folder / TEST).write_text(text)
    with pytest.raises(UsageError, match=said):
        MSRVTT.read(folder, "test")
    with pytest.raises(UsageError, match="no split val"):
        MSRVTT.read(folder, "val")


@pytest.mark.parametrize(
    "text", ["[]", '{"sentences": [1]}', '{"sentences": [{"video_id": [], "caption": ""}]}']
)
def test_captions_of_another_version(text: str, folder: Path) -> None:
    (folder / TRAIN).write_text("video_id\nvideo1\n")
    (folder / CAPTIONS).write_text(text)
    with pytest.raises(UsageError, match="lacks sentences with video_id and caption"):
        MSRVTT.read(folder, "train")


def test_categories_are_named_as_far_as_a_file_tells(folder: Path) -> None:
    assert MSRVTT.categories(folder) == {}
    (folder / CAPTIONS).write_text(
        '{"videos": [{"video_id": "video1", "category": 13}, {"video_id": "video2", "category": 20},'
        ' {"video_id": "video3", "category": "x"}, {}, 7, {"video_id": "video4", "category": 0}]}'
    )
    assert MSRVTT.categories(folder) == {"video1": "animals and pets", "video4": "music"}
    for other in ("[]", '{"sentences": []}', '{"videos": 3}'):
        (folder / CAPTIONS).write_text(other)
        assert MSRVTT.categories(folder) == {}
    (folder / CAPTIONS).write_text("no JSON")
    with pytest.raises(UsageError, match="is no JSON"):
        MSRVTT.categories(folder)


@pytest.mark.corpus
@needs_annotations
def test_every_test_video_has_a_category(tmp_path: Path) -> None:
    folder = msrvtt(tmp_path / "msrvtt")
    found = MSRVTT.categories(folder)
    test = MSRVTT.read(folder, "test")
    assert len({found[clip.id] for clip in test}) == 20
