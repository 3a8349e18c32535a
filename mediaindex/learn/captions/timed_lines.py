"""Notes as people type them: a time, perhaps an end, then what is seen; one caption a line.

    0:05 the dog wakes up
    0:20-0:24.5 it runs to the door
    1:02:10 - rain

A line without a time is no caption, and is named. What begins with the times of a subtitle is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mediaindex.decode.subtitles.written_times import are_times_meant
from mediaindex.learn.captions.lines import CaptionLine, text_of
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.safe_text import parsed_seconds
from mediaindex.store.notes.captions import Said

_TIME = r"\d{1,4}(?::\d{1,4}){1,2}(?:[.,]\d{1,9})?"
_LINE = re.compile(rf"\s*\[?({_TIME})\]?(?:\s?[-–—]\s?\[?({_TIME})\]?)?(?:\s*[-–—:|]\s+|\s+)(\S.*)", re.ASCII)


def timed_lines(path: Path, film: Path) -> Iterator[CaptionLine | SkippedInput]:
    """The captions of a film that a file of such lines holds, and the lines that hold none.

    Raises:
        UsageError: the file cannot be read.
    """
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name}:{number}"
        said = _said(line)
        if isinstance(said, str):
            yield SkippedInput(where, said)
        else:
            yield CaptionLine(where, film, said)


def _said(line: str) -> Said | str:
    """What a line says, or why it is no caption."""
    if are_times_meant(line):
        return "it holds the times of a subtitle: let the file's name end with .srt or .vtt"
    if (match := _LINE.fullmatch(line)) is None:
        return "it does not begin with a time and a caption, such as 1:15 a red boat"
    start, end = parsed_seconds(match[1]), None if match[2] is None else parsed_seconds(match[2])
    if start is None or (match[2] is not None and end is None):
        return f"its time {match[1] if start is None else match[2]} is none; write 1:15 or 0:01:15.5"
    return Said(start, end, match[3])
