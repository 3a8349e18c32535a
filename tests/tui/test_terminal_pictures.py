from __future__ import annotations

import pytest

from mediaindex_tui.terminal_pictures import (
    USUAL_CELL,
    Drawing,
    Terminal,
    cell_pixels,
    colours_of,
    drawing,
    is_unicode,
    reason,
    this_terminal,
)

TRUE = 1 << 24
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
KITTY = {"TERM": "xterm-kitty", "COLORTERM": "truecolor"}
FOOT = {"TERM": "foot", "COLORTERM": "truecolor"}
CELL = (9, 18)
LETTERS = Drawing("quadrant", "quadrant")


@pytest.mark.parametrize(
    ("images", "environment", "encoding", "drawn"),
    [
        ("auto", COLOURS, "UTF-8", LETTERS),
        ("auto", {"TERM": "xterm-256color"}, "utf8", LETTERS),
        ("auto", {"TERM": "xterm"}, "UTF-8", Drawing(None, None)),
        ("auto", {**COLOURS, "NO_COLOR": "1"}, "UTF-8", Drawing(None, None)),
        ("auto", {"TERM": "dumb"}, "UTF-8", Drawing(None, None)),
        ("auto", COLOURS, "ISO-8859-1", Drawing(None, None)),
        ("half", {"TERM": "xterm"}, "UTF-8", Drawing("half", "half")),
        ("off", KITTY, "UTF-8", Drawing(None, None)),
        ("quadrant", KITTY, "UTF-8", LETTERS),
        ("auto", KITTY, "UTF-8", Drawing("kitty", "kitty", CELL)),
        ("auto", {**COLOURS, "KITTY_WINDOW_ID": "1"}, "UTF-8", Drawing("kitty", "kitty", CELL)),
        ("auto", {**COLOURS, "TERM_PROGRAM": "ghostty"}, "UTF-8", Drawing("kitty", "kitty", CELL)),
        ("auto", {**KITTY, "TMUX": "/tmp/tmux,1,0"}, "UTF-8", LETTERS),
        ("auto", {**KITTY, "SSH_CONNECTION": "1 2 3 4"}, "UTF-8", LETTERS),
        ("auto", FOOT, "UTF-8", Drawing("quadrant", "sixel", CELL)),
        ("auto", {**COLOURS, "TERM_PROGRAM": "WezTerm"}, "UTF-8", Drawing("quadrant", "sixel", CELL)),
        ("auto", {**FOOT, "ZELLIJ": "0"}, "UTF-8", LETTERS),
        ("kitty", COLOURS, "UTF-8", Drawing("kitty", "kitty", CELL)),
        ("sixel", COLOURS, "UTF-8", Drawing("quadrant", "sixel", CELL)),
        ("kitty", {**KITTY, "SSH_CONNECTION": "1 2 3 4"}, "UTF-8", Drawing("kitty", "kitty", CELL)),
    ],
)
def test_the_choice(images: str, environment: dict[str, str], encoding: str, drawn: Drawing) -> None:
    terminal = Terminal(environment, encoding, CELL, has_sixel_library=True)
    assert drawing(images, terminal) == drawn


@pytest.mark.parametrize(
    ("images", "terminal", "lacks"),
    [
        ("kitty", Terminal({**KITTY, "TMUX": "1"}, "utf8"), "a terminal within a terminal"),
        ("kitty", Terminal({"TERM": "xterm-256color"}, "utf8"), "COLORTERM=truecolor"),
        ("sixel", Terminal(FOOT, "utf8", CELL), "mediaindex[pictures]"),
        ("sixel", Terminal(FOOT, "utf8", None, has_sixel_library=True), "how large a cell is"),
    ],
)
def test_what_cannot_be_is_letters_and_said_to_whoever_wished_it(
    images: str, terminal: Terminal, lacks: str
) -> None:
    wished, unwished = drawing(images, terminal), drawing("auto", terminal)
    assert (wished.listed, wished.large) == ("quadrant", "quadrant")
    assert lacks in wished.lacks
    assert unwished.lacks == ""


def test_kitty_needs_no_size_of_a_cell() -> None:
    assert drawing("auto", Terminal(KITTY, "utf8")).cell == USUAL_CELL


def test_a_process_without_a_terminal_knows_no_cell() -> None:
    assert cell_pixels() is None  # pytest has taken the output
    assert this_terminal(COLOURS).colours == TRUE


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, TRUE),
        ({"TERM": "xterm-direct"}, TRUE),
        ({"TERM": "linux"}, 16),
        ({"TERM": "xterm-kitty"}, 256),
        ({"TERM": "dumb"}, 0),
        ({}, 0),
    ],
)
def test_colours(environment: dict[str, str], colours: int) -> None:
    assert colours_of(environment) == colours


def test_encodings() -> None:
    assert is_unicode("UTF-8")
    assert not is_unicode("ANSI_X3.4-1968")


@pytest.mark.parametrize(
    ("images", "environment", "told"),
    [
        ("auto", COLOURS, "is none of those"),
        ("auto", KITTY, "is one of those"),
        ("auto", FOOT, "mediaindex[pictures]"),
        ("auto", {**KITTY, "TMUX": "/tmp/tmux,1,0"}, "TMUX is set"),
        ("auto", {"TERM": "xterm"}, "16 colours, encoding UTF-8, TERM=xterm"),
        ("half", KITTY, "ui.images = half"),
        ("kitty", {"TERM": "xterm-256color"}, "COLORTERM=truecolor"),
    ],
)
def test_the_choice_has_a_reason(images: str, environment: dict[str, str], told: str) -> None:
    assert told in reason(images, Terminal(environment, "UTF-8", CELL))
