"""MSR-VTT, split 1k-A (JSFusion): 9 000 videos of 20 captions to train on, 1 000 pairs to test on.

`MSRVTT_JSFUSION_test.csv` has the test, `MSRVTT_train.9k.csv` the videos to train on, `MSRVTT_data.json`
their captions. The published protocol has no validation split.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.annotation_split import (
    Benchmark,
    BenchmarkClip,
    another_version,
    caption_of,
    checked_ids,
    read_json,
    read_text,
    required_file,
    with_captions,
)
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.clip_protocol import ClipProtocol

TEST, TRAIN, CAPTIONS = "MSRVTT_JSFUSION_test.csv", "MSRVTT_train.9k.csv", "MSRVTT_data.json"
CATEGORIES = (
    "music",
    "people",
    "gaming",
    "sports and actions",
    "news, events and politics",
    "education",
    "television shows",
    "films and comedy",
    "animation",
    "vehicles",
    "how-to",
    "travel",
    "science and technology",
    "animals and pets",
    "children and family",
    "documentary",
    "food and drink",
    "cooking",
    "beauty and fashion",
    "advertisement",
)
"""By number, as the authors list them (category.txt of MSR-VTT)."""


def read(folder: Path, split: Split) -> list[BenchmarkClip]:
    """The clips of a split.

    Raises:
        UsageError: a file lacks or is of another version, or the split is val.
    """
    if split == "val":
        raise UsageError("msrvtt has no split val: its protocol (1k-A) knows train and test")
    if split == "test":
        path = required_file(folder, TEST)
        rows = _rows(path, "video_id", "sentence")
        checked_ids(path, [name for name, _ in rows])
        return with_captions(path, [BenchmarkClip(name, _texts(path, text)) for name, text in rows])
    path = required_file(folder, TRAIN)
    ids = checked_ids(path, [name for (name,) in _rows(path, "video_id")])
    path = required_file(folder, CAPTIONS)
    captions: dict[str, list[str]] = defaultdict(list)
    try:
        for sentence in read_json(path)["sentences"]:
            captions[sentence["video_id"]] += _texts(path, sentence["caption"])
    except (KeyError, TypeError) as error:
        raise another_version(path, "sentences with video_id and caption") from error
    return with_captions(path, [BenchmarkClip(name, tuple(captions[name])) for name in ids])


def categories(folder: Path) -> dict[str, str]:
    """The category of each video by its id, as far as a file of the folder tells: nothing is measured by it.

    Raises:
        UsageError: the file cannot be read.
    """
    path = folder / CAPTIONS
    written = read_json(path) if path.is_file() else {}
    videos = written.get("videos") if isinstance(written, dict) else None
    found = {}
    for video in videos if isinstance(videos, list) else []:
        name, number = (
            (video.get("video_id"), video.get("category")) if isinstance(video, dict) else ("", None)
        )
        if isinstance(number, int) and 0 <= number < len(CATEGORIES):
            found[str(name)] = CATEGORIES[number]
    return found


def _rows(path: Path, *columns: str) -> list[tuple[str, ...]]:
    """Some columns of a CSV."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        rows = [tuple((row[name] or "").strip() for name in columns) for row in reader]
    except (KeyError, csv.Error) as error:
        raise another_version(path, f"the columns {', '.join(columns)}") from error
    return rows


def _texts(path: Path, text: object) -> tuple[str, ...]:
    caption = caption_of(path, text)
    return (caption,) if caption else ()


MSRVTT = Benchmark("msrvtt", "MSR-VTT 1k-A", ClipProtocol(12, 32), (1000, 1000), read, categories=categories)
