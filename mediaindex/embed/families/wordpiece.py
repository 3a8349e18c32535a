"""Word pieces of a text, as the uncased BERT vocabulary splits them.

The text becomes lower case without accents, each punctuation mark and ideograph becomes a word of its
own, and each word is cut into the longest known pieces from the left (Wu et al. 2016, 1609.08144).

Written here and not taken from `tokenizers` because the two differ, and a library's vectors must not
change: the tables of tokenizers 0.23 are those of Unicode 8. Of all characters that Python 3.11 knows,
it reads 503 otherwise: accents (384), punctuation and signs that are newer or were classified anew. A
word with one of them is unknown to it as a whole, where this module drops the accent or cuts the word.
On all other text both give the same pieces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

_LONGEST_WORD = 100
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """Piece numbers of texts over a vocabulary, one piece a line number."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._numbers["[UNK]"]
        self._start = self._numbers["[CLS]"]
        self._end = self._numbers["[SEP]"]

    def __len__(self) -> int:
        return len(self._numbers)

    def encode(self, text: str, *, length: int) -> list[int]:
        """Piece numbers, start and end mark included, cut to `length`."""
        numbers = [self._start]
        for word in words(text):
            numbers.extend(self._pieces(word))
            if len(numbers) >= length:
                break
        return [*numbers[: length - 1], self._end]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self._unknown]
        numbers: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self._numbers.get(mark + word[start:end])
                if number is not None:
                    break
            else:
                return [self._unknown]
            numbers.append(number)
            start = end
        return numbers


def words(text: str) -> Iterator[str]:
    """Lower-case words without accents; each punctuation mark and ideograph is a word."""
    word: list[str] = []
    for character in unicodedata.normalize("NFD", _visible(text)).lower():
        if unicodedata.category(character) == "Mn":
            continue
        alone = _is_punctuation(character) or _is_ideograph(character)
        if (alone or character.isspace()) and word:
            yield "".join(word)
            word.clear()
        if alone:
            yield character
        elif not character.isspace():
            word.append(character)
    if word:
        yield "".join(word)


def _visible(text: str) -> str:
    kept = (c if not unicodedata.category(c).startswith("C") else " " if c in "\t\n\r" else "" for c in text)
    return "".join(c for c in kept if c != "\ufffd")


def _is_punctuation(character: str) -> bool:
    ascii_sign = character.isascii() and character.isprintable() and not character.isalnum()
    return (ascii_sign and character != " ") or unicodedata.category(character).startswith("P")


def _is_ideograph(character: str) -> bool:
    code = ord(character)
    return code >= _IDEOGRAPHS[1][0] and any(low <= code <= high for low, high in _IDEOGRAPHS)
