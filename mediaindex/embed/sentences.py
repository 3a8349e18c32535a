"""Sentences as a tokenizer can take them: no control characters, bounded in length."""

from __future__ import annotations

import unicodedata

_CHARACTERS_PER_TOKEN = 16


def readable(text: str, *, tokens: int) -> str:
    """The text without control, unassigned and surrogate characters, cut to what `tokens` can hold.

    Joiners stay (category Cf): they hold emoji and Indic words together.
    """
    bounded = text[: tokens * _CHARACTERS_PER_TOKEN]
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") else c for c in bounded)
