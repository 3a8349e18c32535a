"""The decoder over an ffmpeg binary: what is its own, beside the contract of test_decoder.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.errors import DecodeError
from mediaindex.media import MediaInfo
from tests.support.finders import environment
from tests.support.media import Clip, extract_here, film, has_ffmpeg, moving, numbered, write_clip
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS

pytestmark = pytest.mark.skipif(not has_ffmpeg(), reason="no ffmpeg binary here")


def test_a_killed_ffmpeg_is_a_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(50))
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nkill -SEGV $$\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert subprocess.run([ffmpeg_binary()], check=False).returncode < 0
    with pytest.raises(DecodeError, match="ffmpeg died: SIGSEGV"):
        extract_here(path, "ffmpeg")


@pytest.mark.parametrize(
    "line",
    [
        "[vf#0:0 @ 0x1] Error while filtering: Cannot allocate memory",
        "[out#0 @ 0x1] pthread_create() failed: x",
    ],
)
def test_a_lack_of_memory_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(5))
    script = tmp_path / "ffmpeg"
    script.write_text(f"#!/bin/sh\necho '{line}' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(MemoryError):
        extract_here(path, "ffmpeg")


def test_ffmpeg_ends_with_the_child_that_started_it(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mp4", [numbered(index % 256, 640, 480) for index in range(600)])
    with new_worker(decoder="ffmpeg") as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        frames = iter(worker.extract(path, info, Sampling(short_side=480)))
        next(frames)
        assert worker.pid is not None
        grandchildren = psutil.Process(worker.pid).children()
        worker.kill()
        _, alive = psutil.wait_procs(grandchildren, timeout=WAIT_SECONDS)
        assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be read on Linux only")
def test_an_ffmpeg_has_the_limits_of_the_child_that_started_it(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mkv", moving(1000), Clip("mpeg4"))
    with new_worker(decoder="ffmpeg") as worker:
        replies = worker.extract(path, film(path), Sampling())
        next(replies)
        child = psutil.Process(worker.pid)
        (grandchild,) = child.children()
        for which in (psutil.RLIMIT_AS, psutil.RLIMIT_FSIZE, psutil.RLIMIT_NOFILE, psutil.RLIMIT_CORE):
            assert grandchild.rlimit(which) == child.rlimit(which)
            assert grandchild.rlimit(which)[1] != psutil.RLIM_INFINITY


DECODES = """
import signal, sys
from pathlib import Path
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.media import SampledFrame

signal.signal(signal.SIGINT, lambda *_: None)  # it ends its work before it obeys
path = Path(sys.argv[1])
with new_worker(decoder="ffmpeg") as worker:
    info = worker.probe(path)
    values = worker.extract(path, info, Sampling())
    frames = (value for value in values if isinstance(value, SampledFrame))
    print(next(frames).seconds, flush=True)
    sys.stdin.readline()
    print(info.duration_seconds - max(frame.seconds for frame in frames), flush=True)
"""


def test_a_ctrl_c_of_the_terminal_does_not_cut_a_film_short(tmp_path: Path) -> None:
    """It goes to the whole process group, and ffmpeg would end at once, as at the film's end."""
    pictures = [numbered(index, 640, 480) for index in range(8)]
    path = write_clip(tmp_path / "long.mkv", [pictures[index % 8] for index in range(1500)])
    reader = start(
        [sys.executable, "-c", DECODES, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    assert reader.stdout is not None
    assert float(reader.stdout.readline()) < 1.0
    os.killpg(reader.pid, signal.SIGINT)
    left, _ = reader.communicate("on\n", timeout=WAIT_SECONDS)
    assert float(left) < 4.0
