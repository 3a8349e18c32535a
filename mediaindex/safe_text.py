"""Text that may be shown or stored: untrusted names made harmless, times as people write them."""

from __future__ import annotations

import logging
import re

# Controls (C0, DEL, C1), line and paragraph separators, bidirectional embeddings, overrides and isolates,
# and halves of surrogate pairs (bytes of a file name that are no UTF-8).
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SECONDS = re.compile(r"\d{1,9}(?:[.,]\d{1,15})?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):([0-5]\d(?:[.,]\d{1,15})?)", re.ASCII)
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: str) -> str:
    r"""The text on one line, with every character that could steer a terminal shown as an escape.

    `\n`, `\x1b` and `\u202e` are shown by their codes, a byte of a file name that is no UTF-8 as `\xe9`;
    everything else stays.
    """
    return UNSAFE.sub(lambda match: _escaped(match[0]), text)


def printable_lines(text: str) -> str:
    """The same for text of several lines, such as a traceback: line feeds stay."""
    return "\n".join(map(printable, text.split("\n")))


class PrintableFormatter(logging.Formatter):
    """Log records as a terminal may show them: names of files stand in them."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, its traceback included."""
        return printable_lines(super().format(record))


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number of things as a person reads it: `1 caption`, `3 captions`.

    Args:
        things: the plural; None for an added s.
    """
    return f"{number} {thing}" if number == 1 else f"{number} {things or thing + 's'}"


def format_seconds(seconds: float) -> str:
    """A time as `M:SS` or `H:MM:SS`, with the tenth where there is one: 3723.4 → `1:02:03.4`."""
    tenths = round(abs(seconds) * 10)
    minutes, tenths_of_minute = divmod(tenths, 600)
    whole, tenth = divmod(tenths_of_minute, 10)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"
    sign = "-" if seconds < 0 and tenths else ""
    return f"{sign}{clock}.{tenth}" if tenth else f"{sign}{clock}"


def parsed_seconds(text: str) -> float | None:
    """The time that a person wrote, seconds, `M:SS` or `H:MM:SS`, with a fraction or not; else None."""
    if _SECONDS.fullmatch(text):
        return float(text.replace(",", "."))
    if (clock := _CLOCK.fullmatch(text)) is None:
        return None
    return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python writes a byte that is no UTF-8
        code -= 0xDC00
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def storable(text: str) -> str:
    """A name as SQLite can hold it as text: bytes that are no UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
