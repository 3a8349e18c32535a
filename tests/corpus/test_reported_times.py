"""Case b03 of the public reports: one file with an impossible time stops nothing."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.commands import Commands, use_these_encoders

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize("year", [1601, 1950, 2106, 2400])
def test_a_film_or_a_subtitle_of_an_impossible_time(
    year: int,
    shared: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_these_encoders(monkeypatch)
    folder = tmp_path / "videos"
    shutil.copytree(shared / "corpus/reported/b03-time-out-of-range", folder)
    subtitle = folder / "good1.srt"
    subtitle.write_text("1\n00:00:00,000 --> 00:00:01,000\nlighthouse\n", encoding="utf-8")
    seconds = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    for path in (folder / "odd.mp4", subtitle):
        os.utime(path, (seconds, seconds))
    commands = Commands(tmp_path / "library", capsys)
    assert commands("index", folder)["indexed"] == 3
    assert commands.files("lighthouse", "--channel", "words") == ["good1.mp4"]
    assert set(commands.files("a film", "--channel", "pictures")) == {"odd.mp4", "good1.mp4", "good2.mp4"}
