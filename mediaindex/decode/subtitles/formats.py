"""The words of SRT, WebVTT, ASS/SSA and MicroDVD with their times, free of all markup.

Written here and not taken from a library because nobody vouches for subtitles: every step takes time linear
in the text (a library that was measured took seconds for 40 kB of `<a<a<a` or of empty lines), a broken line
loses that line alone, and `<about 1960>` counts as words while `<i>` is markup.
"""

from __future__ import annotations

import html
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mediaindex.errors import MediaError

MOST_LINES = 100_000
MOST_CHARACTERS = 4_000
HIGHEST_RATE = 1000.0

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_ARROW = re.compile(rf"\s*{_TIME}\s*--+>\s*{_TIME}", re.ASCII)
_ASS_TIME = re.compile(r"\s*(\d{1,4}):(\d{1,2}):(\d{1,2})[.:](\d{1,3})\s*", re.ASCII)
_MICRODVD = re.compile(r"\s*\{\s*(\d{1,9})\s*\}\s*\{\s*(\d{0,9})\s*\}(.*)", re.ASCII)

# Markup by name: anything else between < and > counts as words.
_TAG = re.compile(
    r"</?(?:(?:i|b|u|s|em|strong|big|small|ruby|rt|rp)(?:\.[^<>\s]*)?\s*|(?:font|span|c|v|lang|p)(?:[\s.][^<>]*)?)>"
    r"|<\d[\d:.]{4,12}>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_STYLE = re.compile(r"\{\\[^{}]*\}")  # of ASS; many SRT files have it
_MICRODVD_STYLE = re.compile(r"\{[a-z]:[^{}]*\}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}[0-9]{0,2});", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """Words and when they are shown, in seconds."""

    start_seconds: float
    end_seconds: float
    text: str


def parse_subtitles(text: str, *, fps: float | None = None) -> tuple[Line, ...]:
    """The lines of a subtitle file in the order of their times, each once; the text shows its format.

    Args:
        fps: of the film, for a MicroDVD file that does not name its own.

    Raises:
        MediaError: the text is of no known form, has too many lines, or counts frames of an unknown rate.
    """
    if not text.strip():
        return ()
    rows = text.splitlines()
    lines = (line for line in _parsed(rows, fps) if line.text)
    kept = list(dict.fromkeys(itertools.islice(lines, MOST_LINES + 1)))
    if len(kept) > MOST_LINES:
        raise MediaError(f"it has more than {MOST_LINES} lines")
    return tuple(sorted(kept, key=lambda line: (line.start_seconds, line.end_seconds)))


def ass_words(text: str) -> str:
    """The words of the text field of an ASS or SSA event: no override, comment or drawing."""
    spoken = []
    is_drawing = False
    position = 0
    while (start := text.find("{", position)) != -1 and (end := text.find("}", start)) != -1:
        if not is_drawing:
            spoken.append(text[position:start])
        for scale in re.findall(r"\\p(\d+)", text[start:end]):
            is_drawing = scale.strip("0") != ""
        position = end + 1
    if not is_drawing:
        spoken.append(text[position:])
    return plain(re.sub(r"\\[Nnh]", " ", "".join(spoken)))


def plain(text: str) -> str:
    """A text on one line, without control characters, cut at a length that no spoken line has."""
    return " ".join(_CONTROL.sub("", text).split())[:MOST_CHARACTERS].rstrip()


def _parsed(rows: list[str], fps: float | None) -> Iterator[Line]:
    if rows[0].lstrip("\ufeff \t").startswith("WEBVTT"):
        return _timed(rows, ends_at_blank=True)
    if any(row.startswith(("[Script Info]", "Dialogue:")) for row in rows):
        return _ass(rows)
    if any(_ARROW.match(row) for row in rows):
        return _timed(rows, ends_at_blank=False)
    if any(_MICRODVD.match(row) for row in rows):
        return _microdvd(rows, fps)
    raise MediaError("it is not a text subtitle of a known form (SRT, WebVTT, ASS, MicroDVD)")


def _timed(rows: Iterable[str], *, ends_at_blank: bool) -> Iterator[Line]:
    """SRT or WebVTT: a text of SRT may hold empty lines, one of WebVTT ends at the first."""
    times: tuple[float, float] | None = None
    words: list[str] = []
    for row in rows:
        if (arrow := _ARROW.match(row)) is not None:
            if times is not None:
                yield _timed_line(times, words if ends_at_blank else _without_number(words))
            times, words = (_seconds(arrow.groups()[:4]), _seconds(arrow.groups()[4:])), []
        elif times is not None and ends_at_blank and not row.strip():
            yield _timed_line(times, words)
            times = None
        elif times is not None:
            words.append(row)
    if times is not None:
        yield _timed_line(times, words)


def _without_number(words: list[str]) -> list[str]:
    return words[:-1] if words and re.fullmatch(r"\s*\d+\s*", words[-1]) else words


def _timed_line(times: tuple[float, float], words: list[str]) -> Line:
    text = _STYLE.sub("", _TAG.sub("", _BREAK.sub(" ", "\n".join(words))))
    return _line(*times, plain(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text)))


def _ass(rows: Iterable[str]) -> Iterator[Line]:
    """Dialogue only. The `Format:` line of the events says where its fields stand."""
    fields = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    section = "[events]"
    for row in rows:
        kind, _, rest = row.strip().partition(":")
        if row.startswith("[") and kind.endswith("]"):
            section = kind.lower()
        elif section != "[events]":
            continue
        elif kind == "Format":
            named = [field.strip().lower() for field in rest.split(",")]
            if {"start", "end"} <= set(named) and named[-1] == "text":
                fields = named
        elif kind == "Dialogue":
            values = dict(zip(fields, rest.split(",", len(fields) - 1), strict=False))
            start, end = (_ASS_TIME.fullmatch(values.get(name, "")) for name in ("start", "end"))
            if start is not None and end is not None:
                yield _line(
                    _seconds(start.groups()), _seconds(end.groups()), ass_words(values.get("text", ""))
                )


def _microdvd(rows: Iterable[str], fps: float | None) -> Iterator[Line]:
    """`{first frame}{last frame}words`; a first line `{1}{1}25` names the rate."""
    entries = [match.groups() for match in map(_MICRODVD.match, rows) if match is not None]
    if entries[0][:2] in (("1", "1"), ("0", "0")) and (named := _rate(entries[0][2])) is not None:
        fps, entries = named, entries[1:]
    if fps is None:
        raise MediaError("it counts frames and does not name their rate; save it as SRT")
    for first, last, words in entries:
        text = " ".join(part.lstrip("/") for part in _MICRODVD_STYLE.sub("", words).split("|"))
        yield _line(int(first) / fps, int(last or first) / fps, plain(text))


def _rate(text: str) -> float | None:
    try:
        rate = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return rate if math.isfinite(rate) and 1.0 <= rate <= HIGHEST_RATE else None


def _line(start: float, end: float, text: str) -> Line:
    return Line(start, max(start, end), text)


def _seconds(fields: tuple[str | None, ...]) -> float:
    """Hours, minutes, seconds and a decimal fraction: ("1", "02", "03", "4") → 3723.4."""
    hours, minutes, seconds, fraction = fields
    assert minutes is not None
    assert seconds is not None
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction}")
