"""A library of an earlier release gets newer vectors, and evidence, though ten kills interrupt each."""

from __future__ import annotations

import contextlib
import random
import subprocess
from pathlib import Path

import pytest

from mediaindex.embed.families.builtin_files import NAME
from tests.support.commands import SCORER, Commands, process, use_these_encoders
from tests.support.films import film
from tests.support.first_head import NEWEST, index_with_the_first_head, serving
from tests.support.made_scorer import made_scorer, use_scorer

KILLS = 10
LATEST_SECONDS = 6.0
COLOURS = ("red", "green", "blue", "white", "black")

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def found(commands: Commands) -> set[str]:
    """The films that the pictures find, in whichever space serves."""
    return set(commands.files("a red picture", "--channel", "pictures", "--per-video", 1))


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for number, colour in enumerate(COLOURS):
        others = [other for other in COLOURS if other != colour]
        shots = [(name, 2.0) for name in (colour, *others) * 6]
        film(tmp_path / "videos" / f"{colour}.mp4", *shots, fps=5 + number)
    return tmp_path / "videos"


def killed_at_ten_moments(commands: Commands, videos: Path, **variables: str) -> None:
    """Begin an index ten times; all films are found after each kill."""
    moments, killed = random.Random(3), 0
    for _ in range(KILLS):
        running = process("index", videos, "--encoder", NAME, library=commands.library, variables=variables)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(moments.uniform(0.3, LATEST_SECONDS))
        running.kill()
        running.communicate()
        killed += running.returncode == -9
        assert len(found(commands)) == len(COLOURS)
    assert killed >= KILLS // 2


def test_a_library_of_the_first_head(
    tmp_path: Path, videos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(tmp_path / "library", capsys)
    index_with_the_first_head(commands, videos, monkeypatch)
    before = serving(commands)
    assert len(found(commands)) == len(COLOURS)

    killed_at_ten_moments(commands, videos)

    report = commands("index", videos)
    assert (report["decoded"], report["failed"]) == (0, [])
    after = serving(commands)
    assert (after["digest"], after["vectors"]) == (NEWEST.digest, before["vectors"])
    assert commands("check")["problems"] == []
    assert len(found(commands)) == len(COLOURS)
    assert commands("search", "a red picture", "--hubs", "on")["hubs"]["on"], "its bank came with it"


def test_a_library_without_evidence(
    tmp_path: Path, videos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(tmp_path / "library", capsys)
    use_these_encoders(monkeypatch, NAME)
    use_scorer(monkeypatch, None)
    commands("index", videos)
    before = serving(commands)

    scorer = made_scorer(tmp_path)
    use_scorer(monkeypatch, scorer)
    killed_at_ten_moments(commands, videos, **{SCORER: f"{scorer.file}:{scorer.digest}"})

    report = commands("index", videos)
    assert (report["decoded"], report["failed"]) == (0, [])
    after = serving(commands)
    assert (after["id"], after["vectors"]) == (before["id"], before["vectors"])
    assert after["evidence"]["vectors"] == after["evidence"]["of"] == after["vectors"]
    assert commands("check")["problems"] == []
