"""What may follow at the caret, and what an unfinished last word is asked as.

Half a word says nothing to an encoder. So the words that it may become are asked, all of them, and the one
that this library answers best is taken.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from mediaindex.embed.families.builtin_files import FILES
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.safe_text import printable
from mediaindex.search.language.completion import MOST, Completion, complete, unfinished
from mediaindex.search.language.naming import known_names
from mediaindex.search.language.spelling import folded
from mediaindex.store.library import Library
from mediaindex.store.words.stop_words import small_words
from mediaindex_tui.messages import Span

if TYPE_CHECKING:
    from mediaindex.search.searcher import Searcher

WORDS_OFFERED = MOST + 1
LONG_ENOUGH = 3
"""A word of fewer letters is taken for one that is still being typed."""


def offers(library: Library, text: str, caret: int) -> tuple[Completion, ...]:
    """What may stand in place of the item that ends at the caret, the likeliest first.

    The words of the library come before those of the language.
    """
    token = unfinished(text, caret)
    if token is None:
        return ()
    with library.read() as connection:
        known = known_names(connection, token)
    if token.kind in ("word", "phrase"):
        _before, _, typed = token.value.rpartition(" ")
        known = known._replace(words=list(dict.fromkeys([*known.words, *common_words(typed)])))
    return complete(text, caret, known)


def spans(found: Sequence[Completion]) -> tuple[Span, ...]:
    """Completions as a message has them."""
    return tuple(Span(one.start, one.end, printable(one.text)) for one in found)


def completed(searcher: Searcher, sentence: str, words: Sequence[str]) -> str:
    """What the last word of a sentence becomes so that this library answers it best.

    Args:
        words: that it may become, the likeliest first.

    Returns:
        The rest of the word, empty where it stays as it was typed.
    """
    before, blank, typed = sentence.rpartition(" ")
    possible = [word for word in words if folded(word).startswith(folded(typed)) and not word.endswith(":")]
    endings = [word[len(typed) :] for word in possible[:MOST]]
    if len(typed) >= LONG_ENOUGH and is_word(typed):
        endings.insert(0, "")
    if len(endings) < 2:
        return endings[0] if endings else ""
    similar = searcher.best_similarities([before + blank + typed + ending for ending in endings])
    return max(zip(endings, similar, strict=False), key=lambda pair: pair[1], default=("", 0.0))[0]


def common_words(beginning: str) -> list[str]:
    """The words that begin so and are most likely said of a film, none where nothing begins so."""
    wanted = folded(beginning)
    if not wanted.isalpha():
        return []
    ordered = _in_order()
    begun = takewhile(
        lambda word: word.startswith(wanted), islice(ordered, bisect_left(ordered, wanted), None)
    )
    return sorted((word for word in begun if word != wanted), key=_places().__getitem__)[:WORDS_OFFERED]


def is_word(text: str) -> bool:
    """Whether it is a whole word, as far as is known."""
    return folded(text) in _places()


@cache
def _places() -> dict[str, int]:
    """Whole words with their place: those of captions of everyday footage, then those of the encoder.

    In both the frequent ones come first. Small words, which show nothing, are left out.
    """
    said = Counter(re.findall("[a-z]+", " ".join(general_captions()).lower()))
    read = (FILES / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = dict.fromkeys([*(word for word, _count in said.most_common()), *filter(str.isalpha, read)])
    small = small_words(words)
    shown = (word for word in words if len(word) > 1 and word not in small)
    return {word: place for place, word in enumerate(shown)}


@cache
def _in_order() -> list[str]:
    return sorted(_places())
