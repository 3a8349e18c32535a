"""Names as a terminal may show them, cut and filled up to an exact number of cells."""

from __future__ import annotations

import re
from string import ascii_uppercase

from rich.cells import cell_len

from mediaindex.safe_text import format_seconds, printable

# What has no width of its own but changes that of its neighbours, or their direction: soft hyphen, Arabic
# letter mark, zero width characters, left-to-right and right-to-left marks, invisible operators, variation
# selectors, byte order mark, skin tones, tags. Terminals differ in how wide they draw what follows.
_FORMATTING = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001f3fb-\U0001f3ff"
    "\U000e0000-\U000e0fff]"
)
# Two of them are a flag of two cells in some terminals and two letters of one or two cells in others.
_REGIONAL = {0x1F1E6 + place: letter for place, letter in enumerate(ascii_uppercase)}


def shown(text: str) -> str:
    """A text on one line that steers no terminal and has the same width in all of them, as far as can be."""
    return _FORMATTING.sub("", printable(text)).translate(_REGIONAL)


def fit(text: str, cells: int) -> str:
    """A text of exactly so many cells: cut at its end, or filled with blanks."""
    missing = cells - cell_len(text)
    if missing >= 0:
        return text + " " * missing
    kept = _start(text, max(cells, 0))
    return kept + " " * (cells - cell_len(kept))


def cut(text: str, cells: int, ellipsis: str = "…") -> str:
    """A text of at most so many cells, cut in its middle: the end of a name tells most."""
    if cell_len(text) <= cells:
        return text
    if cells < 3:
        return _start(text, max(cells, 0))
    tail = _end(text, (cells - 1) * 2 // 3)
    head = _start(text, cells - 1 - cell_len(tail))
    return fit(head + ellipsis + tail, cells).rstrip(" ")


def folded(text: str, cells: int, joint: str = " · ") -> list[str]:
    """A text of several facts on lines that are no wider than so many cells, where that can be."""
    lines: list[str] = []
    for fact in filter(None, text.split(joint)):
        longer = lines[-1] + joint + fact if lines else ""
        if lines and cell_len(longer) <= cells:
            lines[-1] = longer
        else:
            lines.append(fact)
    return lines


def clock(seconds: float) -> str:
    """A time as `M:SS` or `H:MM:SS`."""
    return format_seconds(float(int(seconds + 0.5)))


def span(start: float, end: float) -> str:
    """A stretch of time: `0:04–0:09`."""
    return f"{clock(start)}–{clock(end)}"


def length(seconds: float | None) -> str:
    """How long a video is: `21 s`, `2:10`; empty where nobody knows."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 59.5 else clock(seconds)


def hours(seconds: float) -> str:
    """A length of many videos: `23 min`, `412 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h".replace(",", " ")


def size(count: float) -> str:
    """Bytes for people: `34 MB`, `1.9 TB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _start(text: str, cells: int) -> str:
    """The longest start of a text that is not wider than so many cells."""
    kept = text[:cells]
    while cell_len(kept) > cells:
        kept = kept[:-1]
    for character in text[len(kept) :]:
        if cell_len(kept + character) > cells:
            break
        kept += character
    return kept


def _end(text: str, cells: int) -> str:
    kept = text[-cells:] if cells > 0 else ""
    while cell_len(kept) > cells:
        kept = kept[1:]
    return kept
