"""The interface on a real pseudo-terminal: what it draws, that keys arrive, that the terminal is restored."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from mediaindex.config import load_config
from mediaindex.errors import UsageError
from mediaindex_tui import start, terminal_pictures
from mediaindex_tui.start import setup_of
from tests.support.paths import CHECKOUT
from tests.support.terminals import ALTERNATE_SCREEN_OFF, ALTERNATE_SCREEN_ON, Terminal
from tests.support.waiting import until

CURSOR = b"\x1b[?25h"
PROGRAM = """
import sys
sys.path[:0] = [{checkout!r}, {tui!r}]
from pathlib import Path
from mediaindex.config import load_config
from mediaindex_tui import start
from tests.support.fake_finder import MOMENTS, FakeFinder, moment

if {fault!r}:
    from mediaindex_tui.search_screen import SearchScreen

    def fault(self):
        raise RuntimeError("a fault\\x1b[31m")

    SearchScreen.action_history = fault
moments = [moment(1, 1, 4.0, path={film!r}, name="film.mp4")] if {film!r} else MOMENTS
settings = {{"library": {library!r}, "player": {player!r}}}
sys.exit(start.run(load_config(settings), plain={plain!r}, new_link=lambda _library: FakeFinder(moments)))
"""


def started(
    library: Path,
    *,
    fault: bool = False,
    plain: bool = False,
    term: str = "xterm-256color",
    film: Path | None = None,
    player: str = "true {path}",
) -> Terminal:
    """The interface with a finder in its own process, which finds `film` where one is given."""
    library.mkdir()
    program = PROGRAM.format(
        checkout=str(CHECKOUT),
        tui=str(CHECKOUT / "tui"),
        library=str(library),
        fault=fault,
        plain=plain,
        film=b"" if film is None else os.fsencode(film),
        player=player,
    )
    return Terminal([sys.executable, "-c", program], TERM=term, HOME=str(library.parent))


@pytest.mark.slow
def test_it_draws_hears_and_leaves(tmp_path: Path) -> None:
    terminal = started(tmp_path / "library")
    terminal.type("do")  # before the first frame: no key is lost
    terminal.until("❯")
    terminal.type("g")
    until(lambda: terminal.screen[0].startswith("❯ dog "), terminal.process)
    terminal.until("beach_walk.mp4")
    terminal.type("\x1b[B\x11")
    assert terminal.wait() == 0
    until(lambda: terminal.is_restored)
    assert terminal.drawn.rindex(CURSOR) > terminal.drawn.index(ALTERNATE_SCREEN_ON)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_terminal(tmp_path: Path, number: signal.Signals, code: int) -> None:
    terminal = started(tmp_path / "library")
    terminal.until("❯")
    terminal.process.send_signal(number)
    assert terminal.wait() == code
    until(lambda: terminal.is_restored)


@pytest.mark.slow
def test_a_fault_restores_the_terminal_and_says_where_its_traceback_is(tmp_path: Path) -> None:
    terminal = started(tmp_path / "library", fault=True)
    terminal.until("ready")
    terminal.type("\x12")
    assert terminal.wait() == 1
    terminal.until("the interface stopped")
    behind = terminal.drawn[terminal.drawn.rindex(ALTERNATE_SCREEN_OFF) :]
    assert b"the interface stopped: RuntimeError: a fault\\x1b[31m" in behind.replace(b"\r\n", b"")
    assert b"Traceback" not in behind
    logs = [path.read_text() for path in tmp_path.rglob("ui.log")]
    assert any("RuntimeError" in log for log in logs)


@pytest.mark.slow
def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    terminal = started(tmp_path / "library", term="dumb")
    terminal.until("104 videos, 23 min")
    terminal.type("dog\n")
    terminal.until("1. 0:04")
    terminal.type("q\n")
    assert terminal.wait() == 0
    assert b"\x1b[?" not in terminal.drawn


@pytest.mark.slow
def test_plain_mode_takes_the_place_of_the_screen(tmp_path: Path) -> None:
    terminal = started(tmp_path / "library")
    terminal.until("ready")
    terminal.type("\x10numbered lines")
    terminal.until("View: numbered lines")
    terminal.type("\r")
    terminal.until("query, or ? >")
    lines = terminal.drawn[terminal.drawn.rindex(ALTERNATE_SCREEN_OFF) :]
    assert ALTERNATE_SCREEN_ON not in lines
    terminal.type("dog\n")
    terminal.until("1. 0:04")
    terminal.type("q\n")
    assert terminal.wait() == 0
    assert terminal.is_restored


def test_without_a_terminal_the_remedy_is_named(library: Path) -> None:
    with pytest.raises(UsageError, match="mediaindex search"):
        start.run(load_config({"library": str(library)}))


def test_settings_become_the_setup(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("MEDIAINDEX_UI_VIEW", "grid")
    monkeypatch.setenv("MEDIAINDEX_UI_THEME", "light")
    monkeypatch.setattr(terminal_pictures, "terminal_encoding", lambda: "UTF-8")
    monkeypatch.delenv("NO_COLOR", raising=False)
    setup = setup_of(load_config({"library": str(library)}), None)
    assert (setup.library, setup.images, setup.view, setup.theme) == (library, None, "grid", "light")
    assert setup.terminal.encoding == "UTF-8"
    assert setup.terminal.environment["TERM"] == "xterm-256color"
    assert not setup.is_ascii
    assert setup_of(load_config({"library": str(library)}), "off").images == "off"
    monkeypatch.setenv("MEDIAINDEX_UI_IMAGES", "half")
    assert setup_of(load_config({"library": str(library)}), None).images == "half"


def test_over_ssh_fewer_frames_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    monkeypatch.delenv("TEXTUAL_FPS", raising=False)
    start._prepare_environment()
    assert os.environ.pop("TEXTUAL_FPS") == start.FRAMES_OVER_SSH


@pytest.mark.slow
def test_a_player_that_draws_in_the_terminal_gets_it_until_it_ends(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    player = tmp_path / "letters"
    player.write_text('#!/bin/sh\necho "plays $3 from $2"\nread line\necho "typed $line"\n')
    player.chmod(0o755)
    terminal = started(tmp_path / "library", film=film, player=f"{player} --vo=tct {{seconds}} {{path}}")
    terminal.until("ready")
    terminal.type("dog")
    until(lambda: "film.mp4" in "".join(terminal.screen), terminal.process)
    terminal.type("\r")
    terminal.until(f"plays {film} from 4.000")
    assert terminal.is_restored
    terminal.type("stop\n")
    terminal.until("typed stop")
    until(lambda: not terminal.is_restored, terminal.process)
    terminal.until("film.mp4 plays from 0:04")
    terminal.type("\x11")
    assert terminal.wait() == 0
    assert terminal.is_restored
