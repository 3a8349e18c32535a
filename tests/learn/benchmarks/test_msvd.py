"""MSVD: 27 763 captions of 670 videos, in a pickle that may not name any code."""

from __future__ import annotations

import datetime
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.msvd import CAPTIONS, MSVD
from tests.support.published_annotations import msvd, needs_annotations


class Touch:
    """Makes a file when it is unpickled the usual way."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


@pytest.mark.corpus
@needs_annotations
def test_the_published_counts(tmp_path: Path) -> None:
    folder = msvd(tmp_path / "msvd")
    test = MSVD.read(folder, "test")
    assert (len(test), sum(len(clip.captions) for clip in test)) == MSVD.published == (670, 27_763)
    assert (len(MSVD.read(folder, "train")), len(MSVD.read(folder, "val"))) == (1200, 100)


def test_a_clip_has_its_own_captions(folder: Path) -> None:
    (folder / "test_list.txt").write_text("b\na\n")
    captions = {"a": [["one", "two"], ["three"]], "b": [["four"]], "c": [["five"]]}
    (folder / CAPTIONS).write_bytes(pickle.dumps(captions, protocol=2))
    clips = MSVD.read(folder, "test")
    assert [(clip.id, clip.captions) for clip in clips] == [("b", ("four",)), ("a", ("one two", "three"))]


def test_no_pickle_runs_code(folder: Path, tmp_path: Path) -> None:
    (folder / "test_list.txt").write_text("a\n")
    for payload in (Touch(tmp_path / "made"), datetime.date(2026, 1, 1), {"a": Touch(tmp_path / "made")}):
        (folder / CAPTIONS).write_bytes(pickle.dumps(payload))
        with pytest.raises(
            UsageError, match="lacks a pickled dictionary of ids and lists of words, and noth"
        ):
            MSVD.read(folder, "test")
    assert not (tmp_path / "made").exists()


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("msvd")
    (folder / "test_list.txt").write_text("a\n")
    (folder / CAPTIONS).write_bytes(data)
    with pytest.raises(UsageError):
        MSVD.read(folder, "test")


@pytest.mark.parametrize("captions", [{"a": "text"}, {"a": ["text"]}, {"a": [[1]]}, {"b": [["text"]]}, [1]])
def test_another_version(captions: object, folder: Path) -> None:
    (folder / "test_list.txt").write_text("a\n")
    (folder / CAPTIONS).write_bytes(pickle.dumps(captions))
    with pytest.raises(UsageError, match=str(folder / CAPTIONS)):
        MSVD.read(folder, "test")
