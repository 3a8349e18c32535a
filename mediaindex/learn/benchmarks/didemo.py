"""DiDeMo: a video is found by the paragraph of all its descriptions; seconds 0 to 31 of it are looked at.

`train_list.txt`, `val_list.txt` and `test_list.txt` have file names, `train_data.json`, `val_data.json` and
`test_data.json` the descriptions.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from mediaindex.learn.benchmarks.annotation_split import (
    Benchmark,
    BenchmarkClip,
    another_version,
    caption_of,
    read_ids,
    read_json,
    required_file,
    some_captioned,
)
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.clip_protocol import ClipProtocol

END_SECONDS = 31.0


def read(folder: Path, split: Split) -> list[BenchmarkClip]:
    """The clips of a split.

    Raises:
        UsageError: a file lacks, or is of another version.
    """
    names = read_ids(required_file(folder, f"{split}_list.txt"))
    path = required_file(folder, f"{split}_data.json")
    texts: dict[str, list[str]] = defaultdict(list)
    try:
        for row in read_json(path):
            texts[_stem(row["video"])].append(caption_of(path, row["description"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise another_version(path, "objects with video and description") from error
    clips = []
    for name in names:
        paragraph = " ".join(filter(None, texts[_stem(name)]))
        captions = (paragraph,) if paragraph else ()
        clips.append(BenchmarkClip(_stem(name), captions, END_SECONDS, names=(name,)))
    # The list to train on names a few videos that nobody described.
    return some_captioned(path, clips)


def _stem(name: str) -> str:
    """A file's name without its extension: downloads were re-encoded under other ones."""
    return name.rpartition(".")[0] or name


DIDEMO = Benchmark("didemo", "DiDeMo", ClipProtocol(64, 64), (1004, 1004), read)
