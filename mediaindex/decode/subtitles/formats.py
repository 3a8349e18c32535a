"""The words of SRT, WebVTT, ASS/SSA and MicroDVD with their times, free of all markup.

Written here and not taken from a library because nobody vouches for subtitles: every step takes time linear
in the text (a library that was measured took seconds for 40 kB of `<a<a<a` or of empty lines), a broken line
loses that line alone, and `<about 1960>` counts as words while `<i>` is markup.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mediaindex.decode.subtitles.repeats import Caption, said
from mediaindex.decode.subtitles.written_times import Times, are_times_meant, seconds_of, times_in
from mediaindex.errors import MediaError

MOST_LINES = 100_000
MOST_CHARACTERS = 4_000
HIGHEST_RATE = 1000.0

# What may follow the times of a row beside words: `X1:100`, `align:start`.
_SETTING = re.compile(r"[a-z]\w*:\S+", re.IGNORECASE)
# A row that was broken behind its arrow.
_TORN_TIMES = re.compile(r"(-->)[ \t]*\r?\n[ \t]*(?=\d{1,4}:\d{1,2}[:.,]\d)")
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
    rows = _TORN_TIMES.sub(r"\1 ", text.replace("\r\r\n", "\n")).splitlines()
    captions = said(caption for caption in _parsed(rows, fps) if caption.rows)
    if len(captions) > MOST_LINES:
        raise MediaError(f"it has more than {MOST_LINES} lines")
    return tuple(Line(one.start_seconds, one.end_seconds, one.text) for one in captions)


def ass_words(text: str) -> str:
    """The words of the text field of an ASS or SSA event: no override, comment or drawing."""
    return plain(" ".join(ass_rows(text)))


def ass_rows(text: str) -> tuple[str, ...]:
    """The words of the text field of an ASS or SSA event, as its rows on the screen."""
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
    return _rows(re.sub(r"\\[Nn]", "\n", "".join(spoken)).replace(r"\h", " "))


def plain(text: str) -> str:
    """A text on one line, without control characters, cut at a length that no spoken line has."""
    return " ".join(_CONTROL.sub("", text).split())[:MOST_CHARACTERS].rstrip()


def _rows(text: str) -> tuple[str, ...]:
    """The rows of a text that hold words, together no longer than a line may be."""
    rows = []
    left = MOST_CHARACTERS
    for row in map(plain, text.split("\n")):
        if row[:left].rstrip():
            rows.append(row[:left].rstrip())
        left -= len(row) + 1
        if left <= 0:
            break
    return tuple(rows)


def _parsed(rows: list[str], fps: float | None) -> Iterator[Caption]:
    if rows[0].lstrip("\ufeff \t").startswith("WEBVTT"):
        return _webvtt(rows)
    if any(row.startswith(("[Script Info]", "Dialogue:")) for row in rows):
        return _ass(rows)
    if any(times_in(row) is not None for row in rows):
        return _srt(rows)
    if any(_MICRODVD.match(row) for row in rows):
        return _microdvd(rows, fps)
    raise MediaError("it is not a text subtitle of a known form (SRT, WebVTT, ASS, MicroDVD)")


def _srt(rows: Iterable[str]) -> Iterator[Caption]:
    """A text may hold empty rows and begin beside its times. It ends at times that cannot be read, too."""
    times: Times | None = None
    words: list[str] = []
    for row in rows:
        if (found := times_in(row)) is not None or are_times_meant(row):
            if times is not None:
                yield _timed_caption(times, _without_number(words))
            times = found
            rest = "" if found is None else found.rest
            words = [] if all(map(_SETTING.fullmatch, rest.split())) else [rest]
        else:
            words.append(row)
    if times is not None:
        yield _timed_caption(times, words)


def _webvtt(rows: Iterable[str]) -> Iterator[Caption]:
    """A text ends at an empty row; one of blanks is a part of it."""
    times: Times | None = None
    words: list[str] = []
    for row in rows:
        found = times_in(row)
        is_next = found is not None or are_times_meant(row)
        if times is not None and (is_next or row == ""):
            yield _timed_caption(times, _without_number(words) if is_next else words)
            times = None
        if found is not None:
            times, words = found, []
        else:
            words.append(row)
    if times is not None:
        yield _timed_caption(times, words)


def _without_number(words: list[str]) -> list[str]:
    return words[:-1] if words and re.fullmatch(r"\s*\d+\s*", words[-1]) else words


def _timed_caption(times: Times, words: list[str]) -> Caption:
    text = _STYLE.sub("", _TAG.sub("", _BREAK.sub("\n", "\n".join(words))))
    rows = _rows(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text))
    return _caption(times.start_seconds, times.end_seconds, rows)


def _ass(rows: Iterable[str]) -> Iterator[Caption]:
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
            start, end = (seconds_of(values.get(name, "")) for name in ("start", "end"))
            if start is not None and end is not None:
                yield _caption(start, end, ass_rows(values.get("text", "")))


def _microdvd(rows: Iterable[str], fps: float | None) -> Iterator[Caption]:
    """`{first frame}{last frame}words`; a first line `{1}{1}25` names the rate."""
    entries = [match.groups() for match in map(_MICRODVD.match, rows) if match is not None]
    if entries[0][:2] in (("1", "1"), ("0", "0")) and (named := _rate(entries[0][2])) is not None:
        fps, entries = named, entries[1:]
    if fps is None:
        raise MediaError("it counts frames and does not name their rate; save it as SRT")
    for first, last, words in entries:
        text = "\n".join(part.lstrip("/") for part in _MICRODVD_STYLE.sub("", words).split("|"))
        yield _caption(int(first) / fps, int(last or first) / fps, _rows(text))


def _rate(text: str) -> float | None:
    try:
        rate = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return rate if math.isfinite(rate) and 1.0 <= rate <= HIGHEST_RATE else None


def _caption(start: float, end: float, rows: tuple[str, ...]) -> Caption:
    return Caption(start, max(start, end), rows)
