"""What every test gets: a home of its own, no network, no settings from outside, the same random numbers."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.paths import CHECKOUT

if TYPE_CHECKING:
    from tests.support.commands import Commands

pytest_plugins = ["tests.support.processes", "tests.support.time_limit"]

SHARED_VARIABLE = pytest.StashKey[str | None]()
DEAD_PROXY = "http://127.0.0.1:9"
STEERING = ("PYTHONUNBUFFERED", "COLUMNS", "LINES")
"""Of a terminal, whose size a pseudo-terminal would take from there; a worker of pytest-xdist has them."""

# On a busy machine an example takes as long as it takes; tests/support/time_limit.py ends what hangs.
# Each run tries the same examples, so that it tells of the change alone; the profile explore tries others.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("explore"), derandomize=True)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """One torch thread, and Ctrl-C heard, here and in every child: vectors are compared bit for bit."""
    config.stash[SHARED_VARIABLE] = os.environ.get("MEDIAINDEX_SHARED")
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["MKL_NUM_THREADS"] = "1"
    # A suite that a script started in the background ignores Ctrl-C, and so would all that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Path:
    """The folder of real media beside the checkout; the test is skipped where there is none."""
    named = request.config.stash[SHARED_VARIABLE]
    folder = Path(named) if named else CHECKOUT.parent / "shared"
    if not (folder / "corpus").is_dir():
        pytest.skip(f"no shared media at {folder}")
    return folder.resolve()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder for one library, not created yet."""
    return tmp_path / "library"


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder for films, beside the library."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


@pytest.fixture
def commands(library: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The commands on that library, in this process."""
    from tests.support.commands import Commands  # late, as below

    return Commands(library, capsys)


@pytest.fixture(scope="module")
def kept_decoders(_the_file_leaves_no_process: None) -> Iterator[None]:
    """Let the decoders of this file's tests outlive the pass that started them."""
    from tests.support import kept_decoders  # late: what is imported before coverage begins is not measured

    with kept_decoders.kept():
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths for folders; `mktemp` would list all earlier ones to find the next number."""
    above = tmp_path_factory.mktemp("homes")
    return (above / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    """A fresh home, no variable that would steer the program, and hubs that stay offline."""
    for name in list(os.environ):
        if name.startswith(("MEDIAINDEX_", "XDG_", "HF_", "TRANSFORMERS_")) or name in STEERING:
            monkeypatch.delenv(name)
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, DEAD_PROXY)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Internet sockets refuse to connect; the error names the address that was asked for."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(self: socket.socket, address: object) -> None:
        _refuse_internet(self, address)
        connect(self, address)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _refuse_internet(self, address)
        return connect_ex(self, address)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


def _refuse_internet(connection: socket.socket, address: object) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        raise ConnectionRefusedError(f"a test asked the network for {address}")


@pytest.fixture(autouse=True)
def _own_random_numbers() -> Iterator[None]:
    """Python's, numpy's and torch's global generators start at 0 and are put back; torch keeps one thread.

    Libraries are looked up among the loaded ones: a test that needs no torch pays for none.
    """
    python_state = random.getstate()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    numpy_state = numpy.random.get_state() if numpy else None
    torch_state = torch.get_rng_state() if torch else None
    random.seed(0)
    if numpy:
        numpy.random.seed(0)
    if torch:
        torch.manual_seed(0)
        torch.set_num_threads(1)
    yield
    random.setstate(python_state)
    if numpy:
        numpy.random.set_state(numpy_state)
    if torch:
        torch.set_rng_state(torch_state)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Reports that can be sent: names that are no UTF-8 stand in what tests log and print."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode("utf-8")) for title, text in report.sections
    ]
    return report
