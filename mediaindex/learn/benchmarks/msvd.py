"""MSVD: 1 200 / 100 / 670 videos of about 41 captions each, all of which are queries at test.

`train_list.txt`, `val_list.txt` and `test_list.txt` have ids, `raw-captions.pkl` the captions: a pickle of a
dictionary from id to lists of words. A pickle may name any code to be run, so this one is read by an
unpickler that refuses every name.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import NoReturn

from mediaindex.learn.benchmarks.annotation_split import (
    Benchmark,
    BenchmarkClip,
    another_version,
    caption_of,
    read_bytes,
    read_ids,
    required_file,
    with_captions,
)
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.clip_protocol import ClipProtocol

CAPTIONS = "raw-captions.pkl"


def read(folder: Path, split: Split) -> list[BenchmarkClip]:
    """The clips of a split, each with all its captions.

    Raises:
        UsageError: a file lacks, is of another version, or holds a pickle of more than plain values.
    """
    ids = read_ids(required_file(folder, f"{split}_list.txt"))
    path = required_file(folder, CAPTIONS)
    captions = _plain_values(path)
    return with_captions(path, [BenchmarkClip(name, _texts(path, captions.get(name, []))) for name in ids])


class _PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, texts and numbers; whatever names code is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Refuse a name."""
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, _pid: object) -> NoReturn:
        """Refuse an object kept elsewhere."""
        raise pickle.UnpicklingError("it names an object kept elsewhere")


def _plain_values(path: Path) -> dict[object, object]:
    expected = "a pickled dictionary of ids and lists of words, and nothing else"
    try:
        # Texts of Python 2 are bytes of UTF-8.
        values = _PlainUnpickler(io.BytesIO(read_bytes(path)), encoding="utf-8").load()
    # What a damaged pickle raises depends on the byte that is damaged.
    except Exception as error:
        raise another_version(path, expected) from error
    if not isinstance(values, dict):
        raise another_version(path, expected)
    return values


def _texts(path: Path, sentences: object) -> tuple[str, ...]:
    """The captions of a video, its words joined by spaces."""
    if not isinstance(sentences, list):
        raise another_version(path, "lists of captions")
    texts = []
    for words in sentences:
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise another_version(path, "captions that are lists of words")
        texts.append(caption_of(path, " ".join(words)))
    return tuple(filter(None, texts))


MSVD = Benchmark("msvd", "MSVD", ClipProtocol(12, 32), (670, 27_763), read, several_captions=True)
