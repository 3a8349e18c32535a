"""`export`, killed at random: a file is whole or absent, and the next run removes what was left."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import process
from tests.support.counted_films import FILMS, numbers_in, typed_cuts, write_film
from tests.support.disks import mounted
from tests.support.media import has_ffmpeg
from tests.support.waiting import WAIT_SECONDS, until

KILLS = 12
pytestmark = [
    pytest.mark.kill,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not has_ffmpeg(), reason="there is no ffmpeg binary"),
]


@pytest.mark.parametrize("form", ["clips", "losslesscut"])
def test_nothing_is_written_halfway(form: str, tmp_path: Path) -> None:
    moments = random.Random(7)
    films = [write_film(tmp_path, film) for film in FILMS[:4]]
    out = tmp_path / "out"
    words = ("export", "--format", form, "--out", out, *typed_cuts(films))
    spans = [range(7), range(41, 93), range(118, 130)]
    whole = 0
    for _ in range(KILLS):
        running = process(*words, "--force", library=tmp_path / "library")
        until(lambda running=running: out.is_dir() or running.poll() is not None)  # type: ignore[misc]
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(moments.uniform(0.0, 1.5))
        running.kill()
        running.communicate(timeout=WAIT_SECONDS)
        for path in sorted(out.glob("*.mp4")):
            assert numbers_in(path) in [list(span) for span in spans]
            whole += 1
        for path in sorted(out.glob("*.csv")):
            assert len(path.read_text().splitlines()) == len(spans)
            whole += 1
        left = [path.name for path in out.iterdir() if path.suffix not in (".mp4", ".csv", ".json")]
        assert all(name.startswith(".mediaindex-export-") for name in left)
    finished = process(*words, "--force", library=tmp_path / "library")
    finished.communicate(timeout=WAIT_SECONDS)
    assert finished.returncode == 0
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    assert whole > 0


@pytest.mark.parametrize("form", ["clips", "csv"])
def test_a_disk_that_fills_in_the_middle_is_named(form: str, tmp_path: Path) -> None:
    films = [write_film(tmp_path, film) for film in FILMS[:2]]
    for disk in mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=16k", "tmpfs"):
        (disk / "taken").write_bytes(bytes(8192))
        out = disk / "out"
        running = process(
            *("export", "--format", form, "--out", f"{out}/", "--json"),
            *typed_cuts(films * 40 if form == "csv" else films),
            library=tmp_path / "library",
        )
        told, _narration = running.communicate(timeout=WAIT_SECONDS)
        assert (running.returncode, "cannot be written" in told) == (7, True), told
        left = sorted(path.name for path in out.iterdir())
        assert all(numbers_in(out / name) for name in left if name.endswith(".mp4"))
        assert not [name for name in left if name.startswith(".")]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_whole_clips_alone(sent: signal.Signals, tmp_path: Path) -> None:
    films = [write_film(tmp_path, film) for film in FILMS[:4]]
    out = tmp_path / "out"
    running = process(
        *("export", "--format", "clips", "--out", out), *typed_cuts(films * 10), library=tmp_path / "library"
    )
    until(lambda: bool(list(out.glob("*.mp4"))) or running.poll() is not None)
    running.send_signal(sent)
    running.communicate(timeout=WAIT_SECONDS)
    assert running.returncode == 130
    made = sorted(path.name for path in out.glob("*.mp4"))
    manifest = out / "manifest.json"
    clips = json.loads(manifest.read_bytes())["clips"] if manifest.exists() else []
    described = [row["file"] for row in clips]
    assert described in (made, made[:-1]), "all but perhaps the one that was just being made"
    assert all(numbers_in(out / name) for name in made)
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
