"""No command but `models pull` makes an internet socket: the kernel kills whoever does, children included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import seccomp
from tests.support.media import Clip, flat, moving, write_clip
from tests.support.paths import CHECKOUT
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS

LAUNCHER = CHECKOUT / "tests" / "support" / "seccomp.py"
SOURCES = [str(CHECKOUT), str(CHECKOUT / "models"), str(CHECKOUT / "tui")]
MAIN = f"import sys; sys.path[:0] = {SOURCES!r}; from mediaindex.cli import main; raise SystemExit(main())"
STEERS = ("HF_", "TRANSFORMERS_", "HTTP_PROXY", "HTTPS_PROXY")
"""Variables by which the other tests keep libraries off the network: here nothing but the kernel does."""

COMMANDS = {
    "index": ("index", "{videos}", "--redecode", "--decoder", "ffmpeg"),
    "search": ("search", "ein rotes Bild auf dem Tisch im Haus"),
    "similar": ("similar", "{film}"),
    "show": ("show", "{film}"),
    "status": ("status",),
    "check": ("check", "--repair"),
    "models list": ("models", "list", "--no-measure"),
    "doctor": ("doctor",),
}
"""What a user runs, to its end; `{videos}` and `{film}` are filled in, `--library` and `--json` added."""

pytestmark = [
    pytest.mark.skipif(not seccomp.SUPPORTED, reason="needs seccomp on x86-64 or aarch64"),
    pytest.mark.timeout(300),
]


def started(*command: object) -> subprocess.Popen[str]:
    """A process that dies where it or a child of it makes an internet socket."""
    environment = {name: text for name, text in os.environ.items() if not name.upper().startswith(STEERS)}
    environment |= {"MEDIAINDEX_THREADS": "1", "MEDIAINDEX_NICE": "0"}
    words = [sys.executable, str(LAUNCHER), "no-internet", *map(str, command)]
    return start(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def sealed(*command: object) -> subprocess.CompletedProcess[str]:
    running = started(*command)
    out, err = running.communicate()
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


def command_line(library: Path, *arguments: str) -> list[object]:
    return [sys.executable, "-c", MAIN, *arguments, "--library", library, "--json"]


def mediaindex(library: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return sealed(*command_line(library, *arguments))


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(library, folder of two films), indexed by PyAV and the built-in encoder under the filter."""
    folder = tmp_path_factory.mktemp("sealed")
    videos = folder / "videos"
    videos.mkdir()
    write_clip(videos / "clip.mp4", moving(20))
    write_clip(videos / "red.mkv", [flat(200, 30, 30)] * 20, Clip(codec="mpeg4"))
    done = mediaindex(folder / "library", "index", str(videos))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["indexed"] == 2
    return folder / "library", videos


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_makes_no_internet_socket(indexed: tuple[Path, Path], name: str) -> None:
    library, videos = indexed
    arguments = [word.format(videos=videos, film=videos / "clip.mp4") for word in COMMANDS[name]]
    done = mediaindex(library, *arguments)
    # `doctor` says 1 where it found something missing, a player for one.
    assert done.returncode in ((0, 1) if name == "doctor" else (0,)), (done.returncode, done.stderr)
    answer = json.loads(done.stdout)
    assert answer["schema"] == 1
    assert not answer.get("failed"), "a decoder that asks for a socket dies, and its file fails"


@pytest.mark.slow
def test_a_watcher_makes_no_internet_socket(indexed: tuple[Path, Path]) -> None:
    library, videos = indexed
    watcher = started(*command_line(library, "watch", str(videos), "--quiet-seconds", "0.2"))
    assert watcher.stdout is not None
    told = (json.loads(line) for line in watcher.stdout)
    assert next(event["event"] for event in told if event["event"] == "looked")
    write_clip(library.parent / "new.mp4", moving(30)).rename(videos / "new.mp4")
    assert next(event["indexed"] for event in told if event["event"] == "looked") == 1
    watcher.terminate()
    _out, err = watcher.communicate(timeout=WAIT_SECONDS)
    assert watcher.returncode == 0, err


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
@pytest.mark.parametrize("maker", ["itself", "a child", "native code"])
def test_the_filter_kills_whoever_makes_an_internet_socket(family: str, maker: str) -> None:
    itself = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)"
    native = f"import ctypes, socket; ctypes.CDLL(None).socket(int(socket.{family}), 1, 0)"
    child = f"import os, subprocess, sys; ended = subprocess.run([sys.executable, '-Ic', {itself!r}]); "
    child += "os.kill(os.getpid(), -ended.returncode)"
    code = {"itself": itself, "native code": native, "a child": child}[maker]
    assert sealed(sys.executable, "-c", code).returncode == -signal.SIGSYS


def test_the_filter_lets_other_sockets_be() -> None:
    make = "import socket; socket.socketpair(); socket.socket(socket.AF_UNIX)"
    assert sealed(sys.executable, "-c", make).returncode == 0


@pytest.mark.slow
def test_models_pull_is_what_the_filter_ends(indexed: tuple[Path, Path]) -> None:
    """The one command that is for the network does ask for a socket: the filter sees real ones."""
    library, _ = indexed
    done = mediaindex(library, "models", "pull", "fast")
    assert done.returncode == -signal.SIGSYS, done
