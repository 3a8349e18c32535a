"""Annotation files are a stranger's: each fault is one line that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks import annotation_split
from mediaindex.learn.benchmarks.annotation_split import (
    BenchmarkClip,
    checked_ids,
    read_ids,
    read_json,
    read_text,
    required_file,
    some_captioned,
    with_captions,
)


def test_files_that_are_not_there_or_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="lacks a or b; --annotations DIR is the folder that holds it"):
        required_file(folder, "a", "b")
    (folder / "b").write_bytes(b"\xff\xfe")
    assert required_file(folder, "a", "b") == folder / "b"
    with pytest.raises(UsageError, match="b is no UTF-8 at byte 0"):
        read_text(folder / "b")
    with pytest.raises(UsageError, match="cannot be read"):
        read_text(folder)
    monkeypatch.setattr(annotation_split, "MOST_BYTES", 1)
    with pytest.raises(UsageError, match="is larger than"):
        read_text(folder / "b")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "no json"])
def test_what_is_no_json(text: str, folder: Path) -> None:
    (folder / "a.json").write_text(text)
    with pytest.raises(UsageError, match=r"a\.json is no JSON"):
        read_json(folder / "a.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks ids of videos"),
        ("a\nb\na\n", "names a twice"),
        ("../a\n", "lacks ids that are file names"),
    ],
)
def test_ids_are_names_of_files_each_once(text: str, said: str, folder: Path) -> None:
    (folder / "list.txt").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_ids(folder / "list.txt")


@given(st.lists(st.from_regex(r"[\w@-]{1,12}", fullmatch=True), min_size=1, unique=True))
def test_ids_keep_their_order(ids: list[str]) -> None:
    assert checked_ids(Path("list.txt"), ids) == ids


def test_clips_without_captions() -> None:
    bare, captioned = BenchmarkClip("bare", ()), BenchmarkClip("captioned", ("a",))
    with pytest.raises(UsageError, match="f has no caption of bare"):
        with_captions(Path("f"), [captioned, bare])
    assert some_captioned(Path("f"), [captioned, bare]) == [captioned]
    with pytest.raises(UsageError, match="lacks captions of the videos"):
        some_captioned(Path("f"), [bare])
