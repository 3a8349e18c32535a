"""A run of a program that speaks as ffmpeg does: its progress, its failures, its end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mediaindex.errors import MediaIndexError, NoSpace
from mediaindex.export.clips.ffmpeg_run import run
from tests.support.waiting import until


def speaking(code: str) -> list[str]:
    return [sys.executable, "-c", f"import sys, time\n{code}"]


def test_progress_is_told_as_it_comes() -> None:
    told: list[int] = []
    program = "for n in (1, 2, 30): print(f'frame={n}\\nfps=5\\nprogress=continue', file=sys.stderr)"
    assert run(speaking(program), "a clip", frame=told.append).frames == 30
    assert told == [1, 2, 30]


def test_what_is_printed_is_given() -> None:
    command = [*speaking("print('#tb 0: 1/25'); print('frame=3', file=sys.stderr)"), "pipe:1"]
    ran = run(command, "a list")
    assert (ran.printed, ran.frames) == ("#tb 0: 1/25\n", 3)


def test_the_last_line_of_a_failure_is_shown() -> None:
    program = "print('frame=1\\nfirst\\nUnknown encoder x\\n', file=sys.stderr); sys.exit(8)"
    with pytest.raises(MediaIndexError, match=r"^a clip: ffmpeg failed: Unknown encoder x$"):
        run(speaking(program), "a clip")
    with pytest.raises(MediaIndexError, match="ended with 3 and said nothing"):
        run(speaking("sys.exit(3)"), "a clip")


def test_a_full_disk_is_told_apart() -> None:
    said = r"av_interleaved_write_frame(): No space left on device\nConversion failed!"
    program = f"print('{said}', file=sys.stderr); sys.exit(1)"
    with pytest.raises(NoSpace, match="disk is full"):
        run(speaking(program), "a clip")


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    def interrupted(_frames: int) -> None:
        raise KeyboardInterrupt

    program = f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
    program += "print('frame=1', file=sys.stderr, flush=True)\ntime.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        run(speaking(program), "a clip", frame=interrupted)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not os.path.exists(f"/proc/{pid}"))
