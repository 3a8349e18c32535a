"""Small words: those of a query that say nothing of what is looked for, in the language of the query.

The lists are Snowball's, of 15 languages. A query does not say its language, and what is small in one is a
thing in another: `hat`, `war`, `sea`. So the language is told by the small words of the query themselves: it
is the one whose list holds most of them, and words that are things in English have no voice in this.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path

# Words of other lists that are English words, or names, for what one sees or does.
_THINGS = """
ad aura bar bin come con die dog door end era far fur ham hat hun ill man mar men mine mint mot par pour sea
seas sin sit son stare sue tan ton van volt want war
"""
_WITHOUT_A_VOICE = frozenset(_THINGS.split())


def small_words(words: Collection[str]) -> frozenset[str]:
    """Which of the folded words of a query are small in its language; English comes first at a tie."""
    every = _lists()
    voices = set(words) - _WITHOUT_A_VOICE
    best = max(every, key=lambda language: len(voices & every[language]))
    return frozenset(words) & every[best] if voices & every[best] else frozenset()


@functools.cache
def _lists() -> dict[str, frozenset[str]]:
    """Language → its small words as the index holds them."""
    # Folded already: doing it here would be a tenth of the time of a search for words.
    text = Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = {}
    words: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            words = lists.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            words += line.split()
    return {language: frozenset(listed) for language, listed in lists.items()}
