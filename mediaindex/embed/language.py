"""The language of a short text: whether the encoder reads a query, and what a caption is written in.

A foreign script is certain. Among languages in Latin letters the identifier counts only for two words or
more and near certainty, because a wrong language is worse than none: it takes "dog" for Czech. It takes half
a second to load, so common English words are known without it.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

    from mediaindex.embed.encoder import EncoderSpec

_SURE = 0.85
_MOST_CHARACTERS = 1000
_LANGUAGES = {
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "sv": "Swedish",
    "tr": "Turkish",
    "vi": "Vietnamese",
}
# Words of English alone among the languages above: one of them is enough.
_ENGLISH = frozenset(("the", "with", "and", "from", "while", "two", "people", "their", "this", "woman"))
# Else each word has to be common in English; of the short ones there too many are foreign articles as well.
_VOCABULARY = Path(__file__).parent / "builtin_files" / "vocab.txt"
_LONG_ENOUGH = 3
_SHORT_ENGLISH = frozenset(
    ("a", "an", "as", "at", "by", "go", "he", "i", "in", "is", "it", "my", "no", "of", "on", "to", "up", "we")
)


def language_note(query: str, spec: EncoderSpec) -> str | None:
    """A line where `query` is in a language that an English encoder does not read, else None."""
    if spec.languages != "en":
        return None
    text = query[:_MOST_CHARACTERS]
    foreign = _foreign_script(text) or _foreign_language(text)
    if foreign is None:
        return None
    return (
        f"this query is in {foreign}, the encoder {spec.name} reads English only; "
        f"`mediaindex models pull multilingual` brings one that reads it"
    )


def language_of_text(text: str) -> str | None:
    """The BCP 47 tag of the language of a text of two words or more, None where it is not certain."""
    text = text[:_MOST_CHARACTERS]
    words = _words(text)
    if _foreign_script(text) is not None:
        return _classified(_identifier_of_all(), words)
    if len(words) < 2:
        return None
    return "en" if _is_english([word.lower() for word in words]) else _classified(_identifier(), words)


def _foreign_script(text: str) -> str | None:
    """The script of most letters, None where that is Latin."""
    scripts = Counter(_script(character) for character in text if character.isalpha())
    latin = scripts.pop("Latin", 0)
    if scripts.total() <= latin:
        return None
    return f"{scripts.most_common(1)[0][0]} letters"


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split()[0]
    # full-width, mathematical and other dressed-up letters say "LATIN" only later in their name
    if name in ("FULLWIDTH", "MATHEMATICAL", "FEMININE", "MASCULINE", "MODIFIER", "DOUBLE-STRUCK"):
        return "Latin"
    return {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}.get(
        name, name.capitalize()
    )


def _foreign_language(text: str) -> str | None:
    words = _words(text)
    if len(words) < 2 or _is_english([word.lower() for word in words]):
        return None
    language = _classified(_identifier(), words)
    return None if language in ("en", None) else _LANGUAGES[language]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text)


def _classified(identifier: LanguageIdentifier, words: Sequence[str]) -> str | None:
    """The code of the language of some words, None where it is not certain."""
    language, probability = identifier.classify(" ".join(words))
    return language if probability >= _SURE else None


def _is_english(words: Sequence[str]) -> bool:
    """Whether that is certain without the identifier."""
    if not _ENGLISH.isdisjoint(words):
        return True
    if any(len(word) < _LONG_ENOUGH and word not in _SHORT_ENGLISH for word in words):
        return False
    return _common_words().issuperset(words)


@cache
def _common_words() -> frozenset[str]:
    """The whole words of the vocabulary that BERT learned from English text."""
    return frozenset(_VOCABULARY.read_text(encoding="utf-8").split("\n"))


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_LANGUAGES))
    return identifier


@cache
def _identifier_of_all() -> LanguageIdentifier:
    """The same with languages of all scripts; what both read is loaded once.

    Those whose code has three letters are left out: Wu is written as Chinese, Egyptian as Arabic.
    """
    identifier = copy.copy(_identifier())
    identifier.set_languages()
    identifier.set_languages(label for label in identifier.labels if len(label) == len("en"))
    return identifier
