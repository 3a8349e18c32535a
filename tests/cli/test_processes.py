"""Commands beside a running `index`, and an `index` that is interrupted: real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediaindex.store.library import open_library
from mediaindex.store.lock import Holder, holder
from tests.support.commands import HELD, SOURCES, Commands, counts, process
from tests.support.films import film
from tests.support.processes import stop
from tests.support.waiting import WAIT_SECONDS, Running, until


def finished(running: Running, code: int = 0) -> dict[str, Any]:
    out, err = running.communicate(timeout=WAIT_SECONDS)
    assert running.returncode == code, (out, err)
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.fixture
def four(videos: Path) -> Path:
    folder = videos / "four"
    for number in range(4):
        film(folder / f"{number}.mp4", ("red", 2.0 + number))
    return folder


@pytest.fixture
def writer(four: Path, commands: Commands) -> Running:
    """An `index` that holds the lock and waits for its decoder, which waits until `go_on`."""
    commands("index", film(four.parent / "first.mp4", "blue"))
    four.with_suffix(".hold").touch()
    running = process("index", four, "--json", library=commands.library, variables={HELD: "1"})
    until(four.with_suffix(".held").exists, running)
    assert holder(commands.library / "lock") == Holder(running.pid, "command")
    return running


def go_on(four: Path) -> None:
    """Let the decoder of the writer read."""
    four.with_suffix(".hold").unlink()


def test_an_interrupted_index_leaves_a_consistent_library(
    four: Path, writer: Running, commands: Commands
) -> None:
    writer.send_signal(signal.SIGINT)
    _out, err = writer.communicate(timeout=WAIT_SECONDS)
    assert writer.returncode == 130
    assert "consistent" in err
    assert "Traceback" not in err
    assert commands("check")["problems"] == []
    assert commands.files("blue", "--channel", "words") == []
    assert commands.files("first", "--channel", "words") == ["first.mp4"]
    report = commands("index", four)
    assert (report["videos"], report["failed"]) == (4, [])
    assert commands("status")["videos"] == 5
    assert commands("check")["problems"] == []


def test_a_running_index_carries_out_what_others_ask(
    videos: Path, four: Path, writer: Running, commands: Commands
) -> None:
    """Another folder and a forget are done by the process that holds the lock, which then goes on."""
    film(videos / "other" / "green.mp4", "green")
    asker = process("index", videos / "other", "--json", library=commands.library)
    forgetter = process("forget", videos / "first.mp4", "--json", library=commands.library)
    assert counts(finished(asker)) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert finished(forgetter)["forgotten"] == [str(videos / "first.mp4")]
    assert writer.poll() is None
    go_on(four)
    assert counts(finished(writer)) == {"videos": 4, "indexed": 4, "decoded": 4}
    status = commands("status")
    assert (status["videos"], status["queue"]["requests"]) == (5, 0)
    assert commands("check")["problems"] == []


def test_readers_never_wait(writer: Running, commands: Commands, videos: Path) -> None:
    assert commands.files("first", "--channel", "words") == ["first.mp4"]
    assert commands("show", videos / "first.mp4")["online"] is True
    assert commands("status")["writer"] == {"pid": writer.pid, "role": "command"}
    assert writer.poll() is None


def test_no_wait_queues_nothing(writer: Running, commands: Commands, videos: Path) -> None:
    ran = commands.ran("index", videos, "--no-wait")
    assert ran.code == 3
    assert str(writer.pid) in ran.json["error"]
    assert commands("status")["queue"]["requests"] == 0
    assert writer.poll() is None


def test_an_asker_whose_writer_is_killed_does_the_work_itself(
    videos: Path, writer: Running, commands: Commands
) -> None:
    film(videos / "other" / "green.mp4", "green")
    with open_library(commands.library) as library, library.write():
        stop(writer)  # it holds no lock of SQLite's, for it is held here
    asker = process("index", videos / "other", "--json", library=commands.library)
    until(lambda: commands("status")["queue"]["requests"] == 1, asker)
    writer.kill()
    writer.communicate()
    assert counts(finished(asker))["indexed"] == 1
    assert commands("check")["problems"] == []


def test_a_termination_is_an_interruption(writer: Running) -> None:
    writer.terminate()
    writer.communicate(timeout=WAIT_SECONDS)
    assert writer.returncode == 130


def ran(code: str, *around: str) -> subprocess.CompletedProcess[str]:
    """What a program came to, started by `around` where that is given."""
    return subprocess.run(
        [*around, sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)},
    )


PATH_OF_THE_SETTINGS = "import sys; sys.argv[1:] = ['config', 'path']; from mediaindex.cli import run; run()"


def test_a_thread_that_goes_on_does_not_keep_the_process() -> None:
    goes_on = "import threading; threading.Thread(target=threading.Event().wait).start()"
    done = ran(f"{goes_on}; {PATH_OF_THE_SETTINGS}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_a_closed_stderr_changes_no_exit_code() -> None:
    done = ran(PATH_OF_THE_SETTINGS, "/bin/sh", "-c", 'exec "$@" 2>&-', "sh")
    assert done.returncode == 0
    assert done.stdout.strip()


def test_a_process_that_does_not_unwind_after_a_termination_ends_and_says_where_it_stood() -> None:
    done = ran(
        "import contextlib, os, signal, threading; from mediaindex import cli; cli.SECONDS_TO_STOP = 0.2\n"
        "signal.signal(signal.SIGTERM, cli._interrupt)\n"
        "with contextlib.suppress(KeyboardInterrupt): os.kill(os.getpid(), signal.SIGTERM)\n"
        "threading.Event().wait()"
    )
    assert done.returncode == 1
    assert "in wait" in done.stderr


def test_a_reader_of_the_output_that_goes_away(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    reading, writing = os.pipe()
    os.close(reading)
    running = process("search", "red", "--channel", "words", library=commands.library, stdout=writing)
    os.close(writing)
    _out, err = running.communicate(timeout=WAIT_SECONDS)
    assert (running.returncode, err) == (0, "")


def test_text_in_a_locale_without_unicode(videos: Path, commands: Commands) -> None:
    film(videos / "猫 cat.mp4", "red")
    commands("index", videos)
    ran = process(
        "search",
        "cat",
        "--channel",
        "words",
        library=commands.library,
        variables={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    out, err = ran.communicate(timeout=WAIT_SECONDS)
    assert ran.returncode == 0, err
    assert "cat.mp4" in out


@pytest.mark.slow
def test_a_terminal_shows_progress_and_stdout_stays_clean(
    videos: Path, commands: Commands, tmp_path: Path
) -> None:
    film(videos / "red.mp4", "red")
    controller, terminal = os.openpty()
    with (tmp_path / "stdout").open("w+") as out:
        running = process(
            "index",
            videos,
            "--json",
            library=commands.library,
            stdout=out,
            stderr=terminal,
            variables={"TERM": "xterm"},
        )
        os.close(terminal)
        shown = b"".join(read_all(controller))
        assert running.wait(WAIT_SECONDS) == 0
        out.seek(0)
        assert json.load(out)["indexed"] == 1
    assert b"indexing" in shown
    assert b"\x1b[" in shown


def read_all(controller: int) -> Iterator[bytes]:
    """What a terminal shows until its last process is gone, which reads as an I/O error."""
    try:
        while part := os.read(controller, 65536):
            yield part
    except OSError:
        return
    finally:
        os.close(controller)


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mediaindex", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)},
    )
    assert done.returncode == 0
    assert done.stdout.startswith("mediaindex ")


@pytest.mark.slow
def test_the_built_in_encoder_answers_in_a_process_of_its_own(videos: Path, library: Path) -> None:
    """Nothing is patched here: the real command, the real encoder."""
    film(videos / "red.mp4", "red")
    film(videos / "blue.mp4", "blue")
    code = (
        f"import sys; sys.path[:0] = {SOURCES!r}; from mediaindex.cli import main; raise SystemExit(main())"
    )

    def ran(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-c", code, *arguments, "--json", "--library", str(library)]
        environment = {**os.environ, "MEDIAINDEX_ENCODER": "builtin"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    assert counts(ran("index", str(videos))) == {"videos": 2, "indexed": 2, "decoded": 2}
    answer = ran("search", "the plain colour blue", "--channel", "pictures")
    assert answer["encoder"] == "builtin"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2]
