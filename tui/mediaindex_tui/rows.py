"""A moment as strips of exactly so many cells: a line, a card, a tile of the grid. Pure.

Names stand last on their line, so that one that reads from right to left can shift nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mediaindex_tui.look import Look
from mediaindex_tui.messages import Moment
from mediaindex_tui.moments import MarkName, assurance
from mediaindex_tui.shown_text import clock, cut, fit, length, shown, span

TIME_CELLS = 12
CARD_PICTURE = (16, 5)
TILE_PICTURE = (24, 7)
TILE_WIDTH = TILE_PICTURE[0] + 2
TILE_HEIGHT = TILE_PICTURE[1] + 1
"""The rows of a tile: its picture and its name."""
_CHANNELS = {"both": "pictures + words", "pictures": "pictures", "words": "words"}
_BARS = 5

Picture = Sequence[Strip]


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment and how it stands in the list.

    Attributes:
        number: from 1, in the order of the list. digits: of the largest number.
        strength: bars of five. mark: of the user. has_cursor: whether it is the chosen one.
        is_alone: whether no heading above it names its video.
    """

    moment: Moment
    number: int
    strength: int
    mark: MarkName | None = None
    has_cursor: bool = False
    digits: int = 2
    is_alone: bool = False


def heading(moment: Moment, count: int, width: int, look: Look) -> Strip:
    """The line above the moments of a video: its length, how many, its name."""
    glyphs = look.glyphs
    facts = f" {glyphs.dot} ".join(filter(None, [length(moment.duration), str(count)]))
    badge = f"{glyphs.offline} " if moment.absence else ""
    before = f"{glyphs.opening}{glyphs.rule} {facts} {glyphs.rule} {badge}"
    name = cut(shown(moment.name), width - cell_len(before), glyphs.ellipsis)
    return text_strip([(before, look.dim), (name, look.dim if moment.absence else look.strong)], width)


def line(shown_moment: Shown, width: int, look: Look) -> Strip:
    """A moment on one line: its number, its time, how sure, and its video, or else which channel."""
    moment = shown_moment.moment
    strong = look.strong if shown_moment.has_cursor else look.text
    parts = [*_number(shown_moment, look), (" ", look.text), *_mark(shown_moment.mark, look)]
    parts += [(" " + fit(look.glyphs.text(span(moment.start, moment.end)), TIME_CELLS), strong)]
    parts += [
        (fit(assurance(moment), 6) + " ", look.text),
        *_bars(shown_moment.strength, look),
        (" ", look.text),
    ]
    if shown_moment.is_alone:
        room = width - sum(cell_len(text) for text, _ in parts)
        return text_strip([*parts, *_name(moment, room, strong, look)], width)
    return text_strip([*parts, (shown(moment.absence or _CHANNELS[moment.channel]), look.dim)], width)


def card(shown_moment: Shown, picture: Picture, width: int, look: Look) -> list[Strip]:
    """A moment as five lines, its picture at their right.

    Not at their left: Textual sends a row from the left edge of its widget up to what changed.
    """
    moment, dot = shown_moment.moment, f" {look.glyphs.dot} "
    strong = look.strong if shown_moment.has_cursor else look.text
    number = str(shown_moment.number).rjust(shown_moment.digits)
    head = [(number + " ", strong if shown_moment.has_cursor else look.dim), *_mark(shown_moment.mark, look)]
    head += [(" " + look.glyphs.text(span(moment.start, moment.end)), strong)]
    columns, rows = CARD_PICTURE
    if shown_moment.is_alone:
        room = width - columns - 4 - sum(cell_len(text) for text, _ in head)
        head += [("  ", look.text), *_name(moment, room, look.strong, look)]
    indent = " " * (shown_moment.digits + 3)
    sure = [(indent + fit(assurance(moment), 7), look.text), *_bars(shown_moment.strength, look)]
    lines = [head, sure, *([(indent + dot.join(part), look.dim)] for part in _reasons(moment) if part)]
    if moment.absence:
        lines.append([(indent + shown(moment.absence), look.wrong)])
    bar = (look.glyphs.cursor if shown_moment.has_cursor else " ", look.cursor)
    filled = [*lines[:rows], *([[]] * (rows - len(lines)))]
    return [
        Strip.join([text_strip([bar, *texts], width - 1 - columns), part, text_strip([], 1)])
        for part, texts in zip(_picture(picture, columns, rows), filled, strict=True)
    ]


def tile(shown_moment: Shown, picture: Picture, look: Look) -> list[Strip]:
    """A moment as a picture with its name below, `TILE_WIDTH` wide and `TILE_HEIGHT` high.

    The cursor is seen in the name's row alone, so that moving it sends no picture again.
    """
    moment = shown_moment.moment
    here, dim = (look.cursor, look.cursor) if shown_moment.has_cursor else (look.text, look.dim)
    columns, rows = TILE_PICTURE
    bar = look.glyphs.cursor if shown_moment.has_cursor else " "
    below = [(bar + str(shown_moment.number).rjust(shown_moment.digits) + " ", dim)]
    below += [*_mark(shown_moment.mark, look), (" ", look.text)] if shown_moment.mark else []
    below += [(look.glyphs.offline + " ", look.dim)] if moment.absence else []
    below += [(fit(assurance(moment), 6) + " " + clock(moment.start) + " ", dim)]
    room = TILE_WIDTH - 1 - sum(cell_len(text) for text, _ in below)
    name = PurePosixPath(shown(moment.name)).stem
    below += [(cut(name, room, look.glyphs.ellipsis), here)]
    pictures = [
        Strip.join([text_strip([], 1), part, text_strip([], 1)]) for part in _picture(picture, columns, rows)
    ]
    return [*pictures, text_strip(below, TILE_WIDTH)]


def _reasons(moment: Moment) -> tuple[list[str], list[str]]:
    """Two lines that say why a moment is here: its scores, then what else."""
    scores = []
    if moment.similarity is not None and moment.confidence is not None:  # else it stands above already
        scores.append("similarity " + f"{moment.similarity:.2f}".replace("0.", ".", 1))
    if moment.generated is not None:
        scores.append("generated " + f"{moment.generated:.2f}".replace("0.", ".", 1))
    why = [f"{shown(word.word)} in {shown(word.field)}" for word in moment.words[:3]]
    if moment.instant_rank is not None and moment.instant_rank != moment.rank:
        why.append(f"was {moment.instant_rank} by pictures")
    return scores or [_CHANNELS[moment.channel]], why


def _name(moment: Moment, cells: int, style: Style, look: Look) -> list[tuple[str, Style]]:
    """The file's own name, with a badge where it is not there now."""
    badge = f"{look.glyphs.offline} " if moment.absence else ""
    room = max(0, cells - len(badge))
    path = PurePosixPath(shown(moment.name))
    kept = cut(path.name if cell_len(path.name) <= room else path.stem, room, look.glyphs.ellipsis)
    return [(badge, look.dim), (kept, look.dim if moment.absence else style)]


def _number(shown_moment: Shown, look: Look) -> list[tuple[str, Style]]:
    number = str(shown_moment.number).rjust(shown_moment.digits)
    style = look.strong if shown_moment.has_cursor else look.dim
    return [(look.glyphs.cursor if shown_moment.has_cursor else " ", look.cursor), (number, style)]


def _mark(mark: MarkName | None, look: Look) -> list[tuple[str, Style]]:
    if mark is None:
        return [(" ", look.text)]
    return [(look.glyphs.right, look.right)] if mark == "right" else [(look.glyphs.wrong, look.wrong)]


def _bars(strength: int, look: Look) -> list[tuple[str, Style]]:
    full, lacking = look.glyphs.full * strength, look.glyphs.empty * (_BARS - strength)
    return [(full, look.accent), (lacking, look.dim)]


def _picture(picture: Picture, columns: int, rows: int) -> list[Strip]:
    """A picture, or as much empty space."""
    return [picture[row] if row < len(picture) else Strip.blank(columns) for row in range(rows)]


def text_strip(parts: Sequence[tuple[str, Style]], width: int) -> Strip:
    """Styled texts as a strip of exactly so many cells: cut at its end, or filled."""
    segments, room = [], width
    for text, style in parts:
        if room <= 0:
            break
        kept = text if cell_len(text) <= room else fit(text, room)
        segments.append(Segment(kept, style))
        room -= cell_len(kept)
    if room > 0:
        segments.append(Segment(" " * room))
    return Strip(segments, width)
