"""Damaged videos in the bounded child: nothing crashes, hangs or lives on, and what is ended is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import values
from tests.support.media import Clip, moving, write_clip

MUST_BE_ZERO = (
    "errors of the parent process",
    "faults of mediaindex itself in the child",
    "files that were not ended in their time",
    "processes that lived on",
)


def fuzz(folder: Path, *options: object) -> dict[str, float]:
    """The counts of a run, which must have ended well."""
    rows = values("fuzz", *options, file=folder / "fuzz.json")
    assert [rows[what] for what in MUST_BE_ZERO] == [0, 0, 0, 0]
    outcomes = sum(value for what, value in rows.items() if what.startswith("outcome"))
    assert outcomes == rows["damaged files"]
    return rows


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    write_clip(folder / "clip.mp4", moving(12))
    write_clip(folder / "clip.mkv", moving(12), Clip("mpeg4"))
    return folder


def test_damaged_clips_are_read_or_refused(tmp_path: Path, clips: Path) -> None:
    rows = fuzz(tmp_path, "--files", 24, "--seed", 1, "--videos", clips)
    assert rows["damaged files"] == 24
    assert rows["clips that they were made of"] == 2
    assert rows["frames read of them"] > 0
    again = fuzz(tmp_path, "--files", 24, "--seed", 1, "--videos", clips)
    outcomes = {what: value for what, value in rows.items() if what.startswith("outcome")}
    assert {what: value for what, value in again.items() if what.startswith("outcome")} == outcomes


def test_files_beyond_their_time_are_ended_and_counted(tmp_path: Path, clips: Path) -> None:
    rows = fuzz(tmp_path, "--files", 3, "--seconds", 0, "--videos", clips)
    assert rows["files ended at their time limit"] == 3


@pytest.mark.kill
@pytest.mark.corpus
@pytest.mark.timeout(600)
@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
def test_damaged_real_videos_are_read_or_refused(tmp_path: Path, shared: Path, decoder: str) -> None:
    for seed, folder in enumerate(("videos", "hard")):
        videos = shared / "corpus" / folder
        rows = fuzz(tmp_path, "--files", 60, "--seed", seed, "--videos", videos, "--decoder", decoder)
        assert rows["damaged files"] == 60
        assert rows["frames read of them"] > 0
