"""A real finder process: its pipes, its log, its end."""

from __future__ import annotations

import queue
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from mediaindex.store.library import open_library
from mediaindex.store.notes import marks
from mediaindex_tui.link import Link
from mediaindex_tui.messages import (
    Answer,
    Ask,
    Completions,
    Mark,
    Noted,
    Notice,
    Picture,
    Ready,
    Reply,
    Wanted,
    WantPictures,
)
from tests.support.commands import index_quietly
from tests.support.films import film
from tests.support.finders import FINDER, FinderProcess, environment
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS, until

Kind = TypeVar("Kind")
PARENT = """
import subprocess, sys, time
finder = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(finder.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the encoder in the box."""
    folder = tmp_path_factory.mktemp("built-in")
    film(folder / "videos" / "red_flag.mp4", "red", "blue")
    index_quietly(folder / "library", folder / "videos", encoder="builtin")
    return folder / "library"


@pytest.fixture
def library(built_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built_in, tmp_path / "library"))


def test_a_finder_answers_and_ends_with_its_input(library: Path) -> None:
    finder = FinderProcess(library)
    assert finder.wait(Ready, what="words").videos == 1
    finder.send(Ask(1, "a red fl", caret=8))
    assert finder.wait(Answer, number=1, stage="words").moments[0].name == "red_flag.mp4"
    assert finder.wait(Ready, what="pictures").encoder == "builtin"
    assert finder.wait(Completions, number=1).ghost
    moment = finder.wait(Answer, number=1, stage="full").moments[0]
    finder.send(WantPictures((Wanted(moment.video_id, moment.best, 4, 2),)))
    assert len(finder.wait(Picture).cells) == 7 * 8
    assert finder.end() == 0


def test_no_torch_is_loaded_for_the_encoder_in_the_box(library: Path) -> None:
    finder = FinderProcess(library)
    finder.wait(Ready, what="pictures")
    mapped = Path(f"/proc/{finder.process.pid}/maps")
    if not mapped.exists():
        pytest.skip("no /proc here")
    assert "libtorch" not in mapped.read_text()
    assert finder.end() == 0


def test_it_ends_although_its_parent_is_killed(library: Path) -> None:
    """The parent holds the other end of its input."""
    parent = start(
        [sys.executable, "-c", PARENT, *FINDER, "--library", library],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    assert parent.stdout is not None
    finder = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait(WAIT_SECONDS)
    until(lambda: not finder.is_running() or finder.status() == psutil.STATUS_ZOMBIE)


def test_what_anything_prints_goes_to_the_log(
    library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A module that prints when it is imported stands for a library that does."""
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    (noisy / "sitecustomize.py").write_text("import atexit, os\natexit.register(os.write, 1, b'noise\\n')\n")
    monkeypatch.setenv("PYTHONPATH", str(noisy))
    finder = FinderProcess(library)
    finder.wait(Ready, what="words")
    assert finder.end() == 0
    assert "noise" in (library / "logs" / "ui.log").read_text()


def test_a_log_that_grew_is_put_aside(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = library / "logs" / "ui.log"
    log.parent.mkdir(exist_ok=True)
    log.write_bytes(b"old\n" * (1 << 19))
    finder = FinderProcess(library)
    finder.wait(Ready, what="words")
    assert finder.end() == 0
    assert log.stat().st_size < 1 << 19
    assert (library / "logs" / "ui.1.log").read_bytes().startswith(b"old\n")


def test_ctrl_c_is_meant_for_the_interface(library: Path) -> None:
    finder = FinderProcess(library)
    finder.wait(Ready, what="words")
    finder.process.send_signal(signal.SIGINT)
    finder.send(Ask(1, "red"))
    assert finder.wait(Answer, number=1).number == 1
    assert finder.end() == 0


def test_settings_that_cannot_be_read_are_said(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_JOBS", "none")
    finder = FinderProcess(library)
    notice = finder.wait(Notice)
    assert notice.is_error
    assert "MEDIAINDEX_JOBS" in notice.text
    assert finder.process.wait(WAIT_SECONDS) == 2


def test_a_mark_outlives_the_finder_that_was_stopped_and_killed(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    replies: queue.Queue[Reply] = queue.Queue()
    link = Link(library)
    link.start(replies.put)

    def next_of(kind: type[Kind]) -> Kind:
        while not isinstance(reply := replies.get(timeout=WAIT_SECONDS), kind):
            pass
        return reply

    try:
        link.send(Ask(1, "red"))
        moment = next_of(Answer).moments[0]
        (finder,) = (one for one in psutil.Process().children() if "mediaindex_tui.finder" in one.cmdline())
        finder.suspend()
        link.send(Mark("red", moment, True))
        finder.kill()
        assert next_of(Noted).is_kept
    finally:
        link.close()
    with open_library(library) as here, here.read() as connection:
        assert marks.count(connection, "red") == 1
