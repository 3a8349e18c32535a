"""What a few videos say of all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex_tui.finder.estimate import estimate
from mediaindex_tui.messages import Estimated, WantEstimate
from tests.support.finders import AtDesk


def test_a_sample_says_how_long_all_play(films: Path) -> None:
    flag, dog = films / "Holiday" / "flag.mp4", films / "beach_dog.mp4"  # of 12 and 6 seconds
    size = flag.stat().st_size + dog.stat().st_size
    told = estimate(WantEstimate(20, 10 * size, (os.fsencode(flag), os.fsencode(dog))))
    assert (told.videos, told.size) == (20, 10 * size)
    assert told.media_seconds == pytest.approx(180.0, rel=0.05)
    assert told.disk_bytes > 0
    assert told.first_seconds > 0
    assert told.whole_seconds > 0


def test_what_cannot_be_read_says_nothing(tmp_path: Path, films: Path) -> None:
    damaged, text = tmp_path / "damaged.mp4", tmp_path / "notes.mp4"
    damaged.write_bytes(b"\0" * 100)
    text.write_text("no film")
    sample = tuple(map(os.fsencode, (damaged, text, tmp_path / "gone.mp4")))
    told = estimate(WantEstimate(3, 300, sample))
    assert told == Estimated(3, 300, first_seconds=told.first_seconds)
    flag = films / "Holiday" / "flag.mp4"
    whole = estimate(WantEstimate(4, flag.stat().st_size, (*sample, os.fsencode(flag))))
    assert whole.media_seconds == pytest.approx(12.0, rel=0.05)


def test_it_is_told_aside(cold: AtDesk, films: Path) -> None:
    cold.inbox.put(WantEstimate(1, 10, (os.fsencode(films / "beach_dog.mp4"),)))
    assert cold.wait(Estimated).media_seconds > 0
