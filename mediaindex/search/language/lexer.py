"""Text → tokens: words, phrases, filters and `then`, each with a minus or without. Any text has tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mediaindex.search.language.spelling import key_meant
from mediaindex.search.language.syntax import KEYS, QUOTES, Token

_RUN = re.compile(r"\S+")
_MINUS = re.compile(r"-(?=[^\s-])")
_KEY = re.compile(r"([A-Za-z]+):")
_PHRASE = re.compile("|".join(f"{opening}([^{closing}]*){closing}?" for opening, closing in QUOTES))


def tokens(text: str) -> Iterator[Token]:
    """The items of a query in their order; blanks lie between, or nothing behind a closing quotation mark."""
    place = 0
    while (found := _RUN.search(text, place)) is not None:
        token = _token_at(text, found.start())
        place = token.end
        yield token


def _token_at(text: str, start: int) -> Token:
    negated = _MINUS.match(text, start) is not None
    body = start + negated
    if (phrase := _PHRASE.match(text, body)) is not None:
        content = phrase[phrase.lastindex or 0]
        return Token("phrase", start, phrase.end(), content, phrase.start(phrase.lastindex or 0), "", negated)
    if (key := _KEY.match(text, body)) is not None and (found := _behind_key(text, start, key)) is not None:
        return found
    word = text[body : _end_of_run(text, body)]
    if word == "then" and not negated:
        return Token("then", start, body + len(word), "", body + len(word))
    return Token("word", start, body + len(word), word, body, "", negated)


def _behind_key(text: str, start: int, typed: re.Match[str]) -> Token | None:
    """A filter or `then:`, None where the key is none of the language: a title, an address."""
    key, negated = typed[1].lower(), typed.start() > start
    phrase = _PHRASE.match(text, typed.end())
    end = _end_of_run(text, typed.end()) if phrase is None else phrase.end()
    place = typed.end() if phrase is None else phrase.start(phrase.lastindex or 0)
    value = text[place:end] if phrase is None else phrase[phrase.lastindex or 0]
    if key == "then" and not negated:
        return Token("then", start, end, value, place, key)
    if key in KEYS or (not negated and key_meant(key, KEYS, has_value=end > typed.end())):
        return Token("filter", start, end, value, place, key, negated)
    return None


def _end_of_run(text: str, start: int) -> int:
    found = _RUN.match(text, start)
    return start if found is None else found.end()
