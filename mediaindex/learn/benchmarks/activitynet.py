"""ActivityNet Captions: a video is found by the paragraph of all its sentences; the test is val_1.

`train.json` and `val_1.json` have sentences, times and duration by id (`v_…`). The lists of ids beside them
name some videos without captions, and lack one with, so that every captioned video counts: 10 009 and 4 917,
as published. Frames come from second 0 to the second after the stated duration.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.annotation_split import (
    Benchmark,
    BenchmarkClip,
    another_version,
    caption_of,
    checked_ids,
    read_json,
    required_file,
    with_captions,
)
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.clip_protocol import ClipProtocol

FILES: dict[Split, str] = {"train": "train.json", "test": "val_1.json"}
_EXPECTED = "objects with duration and sentences by id"
PREFIX = "v_"


def read(folder: Path, split: Split) -> list[BenchmarkClip]:
    """The clips of a split.

    Raises:
        UsageError: a file lacks or is of another version, or the split is val.
    """
    if split not in FILES:
        raise UsageError("activitynet has no split val: its validation set val_1 is the published test")
    path = required_file(folder, FILES[split])
    by_id = read_json(path)
    if not isinstance(by_id, dict):
        raise another_version(path, _EXPECTED)
    ids = checked_ids(path, list(by_id))
    return with_captions(path, [_clip(path, name, by_id[name]) for name in ids])


def _clip(path: Path, name: str, about: Any) -> BenchmarkClip:
    """A video with its paragraph; its file is named with or without `v_`."""
    try:
        duration, sentences = float(about["duration"]), about["sentences"]
        if not 0 <= duration < math.inf or not isinstance(sentences, list):
            raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        raise another_version(path, f"{_EXPECTED} ({name})") from error
    paragraph = " ".join(filter(None, (caption_of(path, sentence) for sentence in sentences)))
    captions = (paragraph,) if paragraph else ()
    return BenchmarkClip(name, captions, math.ceil(duration), names=(name.removeprefix(PREFIX),))


ACTIVITYNET = Benchmark("activitynet", "ActivityNet Captions", ClipProtocol(64, 64), (4917, 4917), read)
