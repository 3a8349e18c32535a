"""Pictures of pixels on a pseudo-terminal that takes them, answers, and says how large a cell is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mediaindex_tui.kitty import MARKS, PLACEHOLDER
from tests.support.commands import index_quietly
from tests.support.films import film
from tests.support.terminals import PIXEL_TERMINAL, Terminal, interface
from tests.support.waiting import until

pytestmark = pytest.mark.slow

SENT = re.compile(rb"\x1b_Ga=T,U=1,i=(\d+),c=(\d+),r=(\d+),")
FORGOTTEN = re.compile(rb"\x1b_Ga=d,d=I,i=(\d+),")
SIXELS = re.compile(rb'\x1b7\x1b\[(\d+);(\d+)H\x1bP[0-9;]*q"1;1;(\d+);(\d+)[^\x1b]*\x1b\\\x1b8')
ROW = re.compile(rb"48;2;(\d+);(\d+);(\d+)m {8}")
SAYS_ITS_CELLS = (10, 20)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pixels")
    film(folder / "videos" / "flag.mp4", "red", "blue")
    film(folder / "videos" / "flag at sea.mp4", "orange")
    index_quietly(folder / "library", folder / "videos")
    return folder / "library"


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "library"))


def asked(library: Path, *options: str, **variables: str) -> Terminal:
    """The interface on such a terminal, where a query was typed as soon as it was started."""
    colours = {"COLORTERM": "truecolor", "HOME": str(library.parent), "TMUX": "", "SSH_CONNECTION": ""}
    terminal = Terminal(
        interface(library, *options), cell=SAYS_ITS_CELLS, answers=PIXEL_TERMINAL, **{**colours, **variables}
    )
    terminal.type("fla")  # before anything is drawn
    terminal.until("❯")
    terminal.type("g")
    terminal.until("flag at sea")
    return terminal


def draws_letters(terminal: Terminal) -> bool:
    """Whether a row of a picture was drawn as cells: a film of one colour is blanks on that colour."""
    colours = [tuple(map(int, found)) for found in ROW.findall(terminal.drawn)]
    return any(max(colour) - min(colour) > 150 for colour in colours)


def leave(terminal: Terminal) -> None:
    """No answer of the terminal was typed into the query; it is as before."""
    assert terminal.screen[0].split("  ")[0].rstrip() == "❯ flag"
    terminal.type("\x11")
    assert terminal.wait() == 0
    until(lambda: terminal.is_restored)


def test_kitty_gets_each_picture_once_and_text_that_stands_for_it(library: Path) -> None:
    terminal = asked(library, TERM="xterm-kitty")

    def cells(number: int) -> int:
        red, green, blue = number.to_bytes(3, "big")
        colour = f"38;2;{red};{green};{blue}".encode()
        drawn = re.findall(rb"\x1b\[[0-9;]*" + colour + rb"[0-9;]*m([^\x1b]+)", terminal.drawn)
        return sum(part.count(PLACEHOLDER.encode()) for part in drawn)

    def shown() -> dict[tuple[int, int], int]:
        return {(int(c), int(r)): int(i) for i, c, r in SENT.findall(terminal.drawn)}

    until(lambda: any(columns == 16 and cells(i) >= 16 * 5 for (columns, _), i in shown().items()))  # a card
    until(lambda: any(columns > 30 and cells(i) >= 30 * 9 for (columns, _), i in shown().items()))
    assert f"{PLACEHOLDER}{MARKS[4]}{MARKS[15]}".encode() in terminal.drawn
    terminal.type("\tv")  # the grid
    until(lambda: any(columns == 24 and cells(i) >= 24 * 7 for (columns, _), i in shown().items()))
    terminal.type("/\x05")
    numbers = [number for number, _, _ in SENT.findall(terminal.drawn)]
    assert len(numbers) == len(set(numbers))
    terminal.type("\x11")
    assert terminal.wait() == 0
    until(lambda: terminal.is_restored)
    assert {*FORGOTTEN.findall(terminal.drawn)} == {number for number, _, _ in SENT.findall(terminal.drawn)}


def test_nothing_that_the_terminal_answers_is_typed(library: Path) -> None:
    terminal = asked(library, TERM="xterm-kitty")
    until(lambda: SENT.search(terminal.drawn))
    leave(terminal)


def test_sixels_are_drawn_over_the_preview(library: Path) -> None:
    pytest.importorskip("textual_image")
    terminal = asked(library, TERM="foot")
    until(lambda: SIXELS.search(terminal.drawn))
    found = SIXELS.findall(terminal.drawn)[-1]
    row, column, width, height = map(int, found)
    assert (width % 10, height % 20) == (0, 0)  # whole cells
    assert column + width // 10 <= 120
    assert row + height // 20 < 36  # it ends above the strip
    assert not SENT.search(terminal.drawn)
    until(lambda: draws_letters(terminal))  # in the list
    leave(terminal)


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        ((), {"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, ""),
        (("--images", "kitty"), {"TERM": "tmux-256color", "TMUX": "x"}, "a terminal within a terminal"),
        (("--images", "quadrant"), {"TERM": "xterm-kitty"}, ""),
    ],
)
def test_where_pixels_cannot_be_letters_are_drawn(
    library: Path, options: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    terminal = asked(library, *options, **variables)
    until(lambda: draws_letters(terminal))
    assert not SENT.search(terminal.drawn)
    assert not SIXELS.search(terminal.drawn)
    terminal.until(said)
    leave(terminal)
