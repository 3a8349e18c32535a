"""Text → the tokens by which it is found. What is indexed and what is asked go through `tokens` alone.

A keyboard types a letter in one way, a file holds it in another: composed or not, in another width or case,
with marks that many leave out. Both become the same tokens:

* compatibility forms, case, and digits of any script are made equal (NFKC, casefold);
* marks that are added to a letter (accents, breves, Hebrew points, Arabic vowels) go, and with them the
  difference between й and и; marks that are letters (Indic and Thai vowels, voiced kana) stay;
* invisible characters (joiners, soft hyphens, variation selectors) go without parting a word;
* scripts that are written without spaces are taken apart into characters. So is Hangul, because a particle
  stands behind its word without a space. Such a word is found as a phrase of its characters.

A change here needs a revision that fills `word.folded` and the vocabulary again.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

# Letters that are typed for one another and that no decomposition joins.
_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    # Malayalam chillus, and the older spelling of each, in which a joiner follows.
    | {"ൺ": "ണ്", "ൻ": "ന്", "ർ": "ര്", "ൽ": "ല്", "ൾ": "ള്", "ൿ": "ക്"}
    | {"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ٱ": "ا", "ـ": ""}
)
# Apostrophes that are letters (мʼяч, Hawaiʻi, Qurʾan) part words as the one of the keyboard does.
_APOSTROPHES = "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\ua78b\ua78c"
_ZERO_WIDTH_SPACE = "\u200b"
# The first words of the names of marks that go. The voicing of kana makes another letter of it.
_LOOSE_MARKS = ("COMBINING", "HEBREW", "ARABIC", "SYRIAC", "VARIATION SELECTOR")
_VOICING = "\u3099\u309a"

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Khmer, Tai Le, New Tai Lue, Tai Tham, Tai Viet
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"
    "\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff\U0001aff0-\U0001b16f"  # kana, bopomofo
    "\ua000-\ua4cf"  # Yi
)
_BLOCKS_WITH_MARKS = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u1b7f"),
    ("\u302a", "\u309a"),
    ("\ua980", "\uaadf"),
)
_ASCII_TOKEN = re.compile(r"[a-z0-9]+")
_LETTERS_OF_A_WORD = re.compile(r"[^\W\d_]+")


class _Kept(dict[int, str]):
    """What each character of a decomposed text becomes; for str.translate, filled as characters come up."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = _kept(chr(code))
        return kept


def _kept(character: str) -> str:
    """The character, nothing where it is a mark that goes or is invisible, a blank where words part."""
    if character in _APOSTROPHES or character == _ZERO_WIDTH_SPACE:
        return " "
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf":
        return ""
    if category.startswith("M"):
        is_loose = unicodedata.name(character, "").startswith(_LOOSE_MARKS) and character not in _VOICING
        return "" if is_loose else character
    return character if category[0] in "LN" else " "


_KEPT = _Kept()


@functools.cache
def _token() -> re.Pattern[str]:
    """A word, or a character of a script without spaces with its marks; costs 5 ms, which ASCII is spared."""
    marks = "".join(
        chr(code)
        for first, last in _BLOCKS_WITH_MARKS
        for code in range(ord(first), ord(last) + 1)
        if unicodedata.category(chr(code)).startswith("M")
    )
    return re.compile(f"[{_UNSPACED}][{marks}]*|[^ {_UNSPACED}]+")


def tokens(text: str) -> list[str]:
    """The tokens of a text in their order: words, and single characters of scripts without spaces."""
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    plain = unicodedata.normalize("NFKD", text).translate(_KEPT).casefold().translate(_LETTERS)
    return _token().findall(unicodedata.normalize("NFKC", plain))


def folded(text: str) -> str:
    """The tokens of a text with blanks between them, as the index holds it."""
    return " ".join(tokens(text))


def spellings(text: str) -> Iterator[tuple[str, str]]:
    """(spelling, token) pairs of the words of a text, in scripts with spaces: as written, and folded.

    Stemmers know a word by its accents, which many leave out: a word with accents comes in both forms.
    """
    for token in dict.fromkeys(tokens(text)):
        if not is_unspaced(token):
            yield token, token
    if text.isascii():
        return
    for spelling in dict.fromkeys(_LETTERS_OF_A_WORD.findall(_lower(text))):
        found = tokens(spelling)
        if len(found) == 1 and found[0] != spelling and not is_unspaced(found[0]):
            yield spelling, found[0]


def _lower(text: str) -> str:
    """Composed lower case; a small letter that keeps the dot of `İ` is the letter that has one."""
    return unicodedata.normalize("NFC", text).lower().replace("i\u0307", "i")


def is_unspaced(token: str) -> bool:
    """Whether a token is one character of a script without spaces."""
    return not token.isascii() and re.match(f"[{_UNSPACED}]", token) is not None
