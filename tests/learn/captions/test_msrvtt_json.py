"""The JSON of MSR-VTT: sentences about whole clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.captions.lines import CaptionLine
from mediaindex.learn.captions.msrvtt_json import msrvtt_captions
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.store.notes.captions import Said


def written(folder: Path, content: object) -> Path:
    path = folder / "videodatainfo.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_each_sentence_is_about_its_whole_clip(tmp_path: Path) -> None:
    sentences = [
        {"caption": "a dog runs", "video_id": "video0", "sen_id": 0},
        {"caption": "a cat", "video_id": "clips/video1.mp4", "sen_id": 1},
    ]
    videos = [{"video_id": "video0", "start time": 137.72, "end time": 149.44, "split": "train"}]
    path = written(tmp_path, {"info": {}, "videos": videos, "sentences": sentences})
    where = "videodatainfo.json: sentence"
    assert list(msrvtt_captions(path)) == [
        CaptionLine(f"{where} 1", tmp_path / "video0", Said(None, None, "a dog runs"), is_bare=True),
        CaptionLine(f"{where} 2", tmp_path / "clips/video1.mp4", Said(None, None, "a cat")),
    ]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ({"caption": "a dog"}, "names no video_id"),
        ({"caption": "a dog", "video_id": "\0"}, "names no video_id"),
        ({"caption": "a dog", "video_id": ".."}, "names no video_id"),
        ({"caption": 7, "video_id": "video0"}, "no text"),
        ("a dog", "names no video_id"),
    ],
)
def test_a_sentence_that_says_nothing_is_named(sentence: object, reason: str, tmp_path: Path) -> None:
    (skipped,) = msrvtt_captions(written(tmp_path, {"sentences": [sentence]}))
    assert isinstance(skipped, SkippedInput)
    assert skipped.path.endswith("sentence 1")
    assert reason in skipped.reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ([1], "no 'sentences'"),
        ({"sentences": 1}, "no 'sentences'"),
    ],
)
def test_another_form_is_refused(content: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        list(msrvtt_captions(written(tmp_path, content)))
