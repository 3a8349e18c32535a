"""Word → its stems: `skateboard` of `skateboarding`, `hund` of `Hunde`, `собак` of `собаки`.

A subtitle says its language, a name does not. So the word of a name is stemmed in every language that fits
its script, except those whose stemmer joins many words of other languages (docs/benchmarks/words.md). Where
the language is but a guess, a stem of three letters says nothing. A language that a file names is trusted
alone.
"""

from __future__ import annotations

import functools
import unicodedata

import Stemmer

from mediaindex.store.words.folding import tokens

_ALGORITHMS = {
    "LATIN": {
        "en": "english",
        "de": "german",
        "fr": "french",
        "es": "spanish",
        "it": "italian",
        "pt": "portuguese",
        "nl": "dutch",
        "sv": "swedish",
        "da": "danish",
        "no": "norwegian",
        "fi": "finnish",
        "pl": "polish",
        "cs": "czech",
        "ro": "romanian",
        "tr": "turkish",
        "id": "indonesian",
        "et": "estonian",
        "eu": "basque",
        "ga": "irish",
        "ca": "catalan",
        "hu": "hungarian",
        "lt": "lithuanian",
        "eo": "esperanto",
    },
    "CYRILLIC": {"ru": "russian"},
    "GREEK": {"el": "greek"},
    "ARABIC": {"ar": "arabic", "fa": "persian"},
    "DEVANAGARI": {"hi": "hindi", "ne": "nepali"},
    "ARMENIAN": {"hy": "armenian"},
    "TAMIL": {"ta": "tamil"},
    "HEBREW": {"yi": "yiddish"},
}
_ONLY_WHERE_NAMED = frozenset(("ca", "hu", "lt", "eo", "ne", "yi"))
_SURE = frozenset(("en", "ru", "el", "ar", "hi", "hy", "ta"))
"""The first guess for each script: its stems may be short."""
_LETTERS_OF_A_GUESS = 4
_LONGEST = 40
"""Letters of the longest word that has stems; what is longer is no word."""


@functools.lru_cache(maxsize=100_000)
def stems(word: str, language: str | None = None) -> tuple[tuple[str, str], ...]:
    """(language, stem) pairs of a word, stems folded.

    Args:
        word: in lower case, with its accents; stemmers know endings by them.
        language: BCP 47 tag of the text where the word stands, None where that is not known.
    """
    algorithms = _ALGORITHMS.get(_script(word), {})
    code = (language or "").partition("-")[0].replace("nb", "no").replace("nn", "no")
    if len(word) > _LONGEST or not algorithms:
        return ()
    if code in algorithms:
        return _stem_pairs(word, (code,), 1)
    guesses = tuple(code for code in algorithms if code not in _ONLY_WHERE_NAMED)
    return _stem_pairs(word, guesses, _LETTERS_OF_A_GUESS)


@functools.lru_cache(maxsize=1000)
def query_stems(word: str) -> tuple[tuple[str, str], ...]:
    """(language, stem) pairs of a query's word in every language that fits its script."""
    if len(word) > _LONGEST:
        return ()
    return _stem_pairs(word, tuple(_ALGORITHMS.get(_script(word), {})), 1)


def is_sure(language: str, stem: str) -> bool:
    """Whether a stem says something even where the language is a guess."""
    return language in _SURE or len(stem) >= _LETTERS_OF_A_GUESS


def _stem_pairs(word: str, languages: tuple[str, ...], least: int) -> tuple[tuple[str, str], ...]:
    pairs = []
    for language in languages:
        found = tokens(_stemmer(language).stemWord(word))
        if len(found) == 1 and (len(found[0]) >= least or language in _SURE):
            pairs.append((language, found[0]))
    return tuple(pairs)


@functools.cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    names = {code: name for group in _ALGORITHMS.values() for code, name in group.items()}
    return Stemmer.Stemmer(names[language])


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").partition(" ")[0] if word else ""
