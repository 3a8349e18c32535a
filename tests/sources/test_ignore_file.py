"""`.mediaindexignore`: git's rules for which file decides, and bounds for hostile ones."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.ignore_file import (
    IGNORE_FILE,
    MAX_BYTES,
    MAX_PATTERNS,
    Ignore,
    IgnoreReading,
    read_ignore,
)
from mediaindex.sources.rules import Rules, Scopes


def reasons(reading: IgnoreReading) -> list[str]:
    assert all(fault.path.name == IGNORE_FILE for fault in reading.faults)
    return [fault.reason for fault in reading.faults]


def written(folder: Path, text: str | bytes, above: Ignore | None = None) -> Ignore:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IGNORE_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    found = read_ignore(str(folder), above).ignore
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("*.mov", ["a.mov", "b/c.mov"], ["a.mp4"]),
        ("/raw", ["raw"], ["b/raw"]),
        ("b/*.mp4", ["b/x.mp4"], ["c/b/x.mp4", "b/c/x.mp4"]),
        ("b/**/x.mp4", ["b/x.mp4", "b/c/d/x.mp4"], ["x.mp4"]),
        ("?.mp4", ["1.mp4"], ["10.mp4"]),
        ("[!a].mp4", ["b.mp4"], ["a.mp4"]),
        ("\\#x", ["#x"], ["x"]),
        ("Cafe\u0301", ["Caf\u00e9"], ["Cafe"]),
        ("late", ["line\nbreak/late"], []),
    ],
)
def test_patterns_mean_what_git_means(
    tmp_path: Path, pattern: str, ignored: list[str], kept: list[str]
) -> None:
    ignore = written(tmp_path, pattern)
    assert [name for name in ignored if not ignore.ignores(f"{tmp_path}/{name}", is_folder=False)] == []
    assert [name for name in kept if ignore.ignores(f"{tmp_path}/{name}", is_folder=False)] == []


def test_a_pattern_that_ends_with_a_slash_is_for_folders(tmp_path: Path) -> None:
    ignore = written(tmp_path, "raw/")
    assert ignore.ignores(f"{tmp_path}/raw", is_folder=True)
    assert not ignore.ignores(f"{tmp_path}/raw", is_folder=False)


def test_the_nearest_file_decides_and_a_silent_one_asks_further_up(tmp_path: Path) -> None:
    outer = written(tmp_path, "*.mov\nx.mp4\n")
    inner = written(tmp_path / "a", "!*.mov\n", outer)
    assert outer.ignores(f"{tmp_path}/1.mov", is_folder=False)
    assert not inner.ignores(f"{tmp_path}/a/1.mov", is_folder=False)
    assert inner.ignores(f"{tmp_path}/a/x.mp4", is_folder=False)


def test_what_git_ignores_is_ignored(tmp_path: Path) -> None:
    """The same files by the same patterns, asked of git itself where there is one."""
    try:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no git here")
    patterns = {
        "": "*.mov\n!keep.mov\nraw/\n/top.mp4\na/**/deep\n",
        "a": "!*.mov\nb/*.mp4\n",
        "a/b": "!1.mp4\n",
    }
    for folder, text in patterns.items():
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in (IGNORE_FILE, ".gitignore"):
            (tmp_path / folder / name).write_text(text)
    names = ["keep.mov", "x.mov", "top.mp4", "raw/x", "a/top.mp4", "a/x.mov", "a/b/1.mp4", "a/b/2.mp4"]
    names += ["a/c/deep", "a/raw/keep.mov", "deep", "b/x.mov", "b/keep.mov"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    asked = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", *names], check=False, capture_output=True, text=True
    )
    scopes = Scopes(Rules(not_media=()), [str(tmp_path)])
    ours = [name for name in names if not scopes.admit(str(tmp_path / name), is_folder=False)]
    assert ours == asked.stdout.split()


def test_a_folder_without_a_file_has_the_rules_above(tmp_path: Path) -> None:
    outer = written(tmp_path, "*.mov")
    none = read_ignore(str(tmp_path / "none"), outer)
    assert none.ignore is outer
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / IGNORE_FILE).write_text("\n# a comment\n  \n")
    blank = read_ignore(str(tmp_path / "blank"), outer)
    assert blank.ignore is outer
    assert reasons(none) == reasons(blank) == []


def test_lines_that_say_nothing_are_told_and_the_others_count(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).write_text("!\n[z-a]\n*a*b*c*d\r\n**/a/**/b/**/c\n*.mov\r\n")
    reading = read_ignore(str(tmp_path))
    assert reading.ignore is not None
    assert reading.ignore.ignores(f"{tmp_path}/x.mov", is_folder=False)
    assert [reason.split(":")[0] for reason in reasons(reading)] == [
        f"line {n} is passed over" for n in (1, 2, 3, 4)
    ]


def test_a_file_that_is_too_long_is_read_in_part(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).write_text("*.mov\n" + "#" * MAX_BYTES)
    by_bytes = read_ignore(str(tmp_path))
    assert by_bytes.ignore is not None
    assert by_bytes.ignore.ignores(f"{tmp_path}/x.mov", is_folder=False)
    (tmp_path / IGNORE_FILE).write_text("x\n" * (MAX_PATTERNS + 1) + "late\n")
    by_lines = read_ignore(str(tmp_path))
    assert by_lines.ignore is not None
    assert not by_lines.ignore.ignores(f"{tmp_path}/late", is_folder=False)
    told = reasons(by_bytes) + reasons(by_lines)
    assert [reason.split()[3] for reason in told] == [str(MAX_BYTES), str(MAX_PATTERNS)]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).mkdir()
    reading = read_ignore(str(tmp_path))
    assert reading.ignore is None
    assert reasons(reading) == ["Is a directory"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / IGNORE_FILE)
    assert read_ignore(str(tmp_path)).ignore is None


def test_a_hostile_pattern_is_compared_in_bounded_time(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).write_text("*a*a*b\n" + "*a" * 30 + "b\n" + "**/a/" * 20 + "b\n")
    ignore = read_ignore(str(tmp_path)).ignore
    assert ignore is not None
    before = time.process_time()
    assert not ignore.ignores(f"{tmp_path}/{'a' * 255}", is_folder=False)
    assert time.process_time() - before < 30  # without the bound it would be years


@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=[]), min_size=1, max_size=40))
def test_any_bytes_are_read_and_any_name_is_compared(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / IGNORE_FILE).write_bytes(content)
    ignore = read_ignore(str(folder)).ignore
    if ignore is not None:
        assert isinstance(ignore.ignores(f"{folder}/{name}", is_folder=False), bool)
