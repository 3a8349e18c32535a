"""Sidecar subtitles: from a file of any encoding to its cues.

`mediaindex.sources.sidecars` tells which file belongs to which film, `mediaindex.decode.subtitles.formats`
what its words are.
"""

from __future__ import annotations

import codecs
import os
import stat

import charset_normalizer

from mediaindex.decode.subtitles.formats import parse_subtitles
from mediaindex.errors import MediaError
from mediaindex.media import Cue
from mediaindex.sources.language_tags import WESTERN, code_page_of
from mediaindex.sources.sidecars import SUBTITLE_EXTENSIONS, Sidecar, find_sidecars

__all__ = ["SUBTITLE_EXTENSIONS", "Sidecar", "find_sidecars", "read_sidecar"]

MOST_BYTES = 8 * 1024 * 1024
SAMPLE_BYTES = 32 * 1024

# UTF-32 before UTF-16: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_VOBSUB = b"\x00\x00\x01\xba"


def read_sidecar(sidecar: Sidecar, *, fps: float | None = None) -> tuple[Cue, ...]:
    """The cues of a subtitle file, in the order of their times.

    Args:
        fps: of the film, for a MicroDVD file that does not name its own.

    Raises:
        MediaError: the file cannot be read, is too large, or is no text subtitle.
    """
    content = _content(sidecar)
    if content.startswith(_VOBSUB):
        raise MediaError("it holds pictures of words (VobSub), not text")
    lines = parse_subtitles(decoded(content, language=sidecar.language), fps=fps)
    return tuple(
        Cue(
            line.start_seconds,
            line.end_seconds,
            line.text,
            source=sidecar.path.name,
            language=sidecar.language,
            forced=sidecar.forced,
        )
        for line in lines
    )


def decoded(content: bytes, *, language: str | None = None) -> str:
    """The text of a file: by its byte order mark, as UTF-8 or UTF-16, else as the likeliest old encoding.

    Args:
        language: decides among several encodings that fit.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    if (utf16 := _unmarked_utf16(content[:SAMPLE_BYTES])) is not None:
        return content.decode(utf16, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode(_old_encoding(content, language), errors="replace")


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: digits, arrows and line ends make many alternate bytes zero in any language."""
    zeros_first, zeros_second = sample[::2].count(0), sample[1::2].count(0)
    if max(zeros_first, zeros_second) < max(1, len(sample) // 16):
        return None
    return "utf-16-be" if zeros_first > zeros_second else "utf-16-le"


def _old_encoding(content: bytes, language: str | None) -> str:
    """An encoding that fits the lines that are not ASCII; the usual one of the language if it fits."""
    sample = b"\n".join(line for line in content.split(b"\n") if not line.isascii())[:SAMPLE_BYTES]
    fitting = charset_normalizer.from_bytes(sample)
    encodings = [match.encoding for match in fitting]
    usual = code_page_of(language)
    if usual in encodings:
        assert usual is not None
        return usual
    windows = (
        encoding for encoding in encodings if encoding.startswith(("cp125", "cp9", "gb", "big5", "koi8"))
    )
    return next(windows, encodings[0] if encodings else WESTERN)


def _content(sidecar: Sidecar) -> bytes:
    try:
        # O_NONBLOCK: if a pipe has taken the file's place, opening it must not block for ever.
        descriptor = os.open(sidecar.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise MediaError("it is not a regular file")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MediaError(f"it cannot be read: {error.strerror or error}", transient=True) from error
    if len(content) > MOST_BYTES:
        raise MediaError(f"it is larger than {MOST_BYTES // 1024**2} MiB")
    return content
