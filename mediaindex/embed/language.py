"""Whether a query is in a language that the encoder reads.

A foreign script is certain. Among languages in Latin letters the identifier counts only for two words or
more and near certainty, because a wrong warning is worse than none: it takes "dog" for Czech. It takes half a
second to load, so common English words are known without it.
"""

from __future__ import annotations

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
    words = re.findall(r"[^\W\d_]+", text)
    if len(words) < 2 or _is_english([word.lower() for word in words]):
        return None
    language, probability = _identifier().classify(" ".join(words))
    if language == "en" or probability < _SURE:
        return None
    return _LANGUAGES[language]


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
