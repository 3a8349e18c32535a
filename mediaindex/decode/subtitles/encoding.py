"""The text of a subtitle file of any encoding: by its mark, as Unicode, else as the likeliest old one."""

from __future__ import annotations

import codecs

import charset_normalizer

from mediaindex.sources.language_tags import WESTERN, code_page_of

SAMPLE_BYTES = 32 * 1024
# Texts of old encodings hold byte pairs that look like UTF-8 by chance, and far more that do not.
LEAST_VALID_A_DAMAGED = 2

# UTF-32 before UTF-16: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_REPLACEMENT = "\ufffd"


def decoded(content: bytes, *, language: str | None = None) -> str:
    """The text of a file: by its byte order mark, as UTF-8 or UTF-16, else as the likeliest old encoding.

    A UTF-8 file with damaged characters stays one; a line of it that holds none of UTF-8 was added in an
    old encoding.

    Args:
        language: decides among several encodings that fit.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            content = content[len(mark) :]
            return _utf8(content, language) if encoding == "utf-8" else content.decode(encoding, "replace")
    if (utf16 := _unmarked_utf16(content[:SAMPLE_BYTES])) is not None:
        return content.decode(utf16, errors="replace")
    if _is_utf8(content):
        return _utf8(content, language)
    return content.decode(_old_encoding(content, language), errors="replace")


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: digits, arrows and line ends make many alternate bytes zero in any language."""
    zeros_first, zeros_second = sample[::2].count(0), sample[1::2].count(0)
    if max(zeros_first, zeros_second) < max(1, len(sample) // 16):
        return None
    return "utf-16-be" if zeros_first > zeros_second else "utf-16-le"


def _is_utf8(content: bytes) -> bool:
    valid, damaged = _characters(content)
    return damaged == 0 or (valid > 0 and damaged <= max(1, valid // LEAST_VALID_A_DAMAGED))


def _characters(content: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII are UTF-8, and how many are damaged."""
    text = content.decode("utf-8", errors="replace")
    beyond_ascii = len(text) - len(text.encode("ascii", errors="ignore"))
    damaged = text.count(_REPLACEMENT)
    return beyond_ascii - damaged, damaged


def _utf8(content: bytes, language: str | None) -> str:
    lines = content.split(b"\n")
    old = [line for line in lines if _is_of_old_encoding(line)]
    if not old:
        return content.decode("utf-8", errors="replace")
    encoding = _old_encoding(b"\n".join(old), language)
    return "\n".join(
        line.decode(encoding if _is_of_old_encoding(line) else "utf-8", errors="replace") for line in lines
    )


def _is_of_old_encoding(line: bytes) -> bool:
    if line.isascii():
        return False
    valid, damaged = _characters(line)
    return damaged > 0 and valid == 0


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
