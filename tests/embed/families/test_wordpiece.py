"""Word pieces agree with the reference tokenizer."""

from __future__ import annotations

import unicodedata
from functools import cache

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from mediaindex.embed.families.builtin_files import FILES
from mediaindex.embed.families.wordpiece import WordPieces

LENGTH = 64


@cache
def _ours() -> WordPieces:
    return WordPieces((FILES / "vocab.txt").read_text(encoding="utf-8").split("\n"))


@cache
def _reference() -> BertWordPieceTokenizer:
    tokenizer = BertWordPieceTokenizer(str(FILES / "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(LENGTH)
    return tokenizer


# The reference's tables are of Unicode 8: it does not know newer accents, punctuation and joiners as such,
# and has these four in another class.
_CLASSIFIED_ANEW = "\u166d\u1734\u1885\u1886"


def _is_read_alike(character: str) -> bool:
    is_newer = unicodedata.ucd_3_2_0.category(character) == "Cn"
    is_sign = unicodedata.category(character)[0] in "MP" or unicodedata.category(character) == "Cf"
    return not (is_newer and is_sign) and character not in _CLASSIFIED_ANEW


# unassigned characters become letters with a newer Unicode, which the reference may have
_ASSIGNED = st.characters(exclude_categories=("Cs", "Cn")).filter(_is_read_alike)


@given(st.text(_ASSIGNED, max_size=80) | st.from_regex(r"[a-zA-Z0-9 ,.'!?\-]{0,80}", fullmatch=True))
@example("A dog runs on the beach!")
@example("naïve café, Ångström; Straße")
@example("日本語 mixed 中文 text")
@example("zero\u200bwidth soft\u00adhyphen \ufffd tab\tnew\nline")
@example("x" * 99 + " " + "x" * 100 + " " + "x" * 101)
@example("👩‍👩‍👧")
@example("don't stop-motion $5 a_b <tag> ~^`")
@example("")
def test_pieces_are_those_of_the_reference(text: str) -> None:
    # the reference takes a mark that a user typed for the mark itself; ours reads the characters
    assume(not any(mark in text for mark in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")))
    assert _ours().encode(text, length=LENGTH) == _reference().encode(text).ids


@pytest.mark.parametrize("character", ["\u061d", "\u08d4", "\u1df6", "\u2e43"])
def test_accents_and_punctuation_newer_than_the_reference_do_not_hide_a_word(character: str) -> None:
    assert _reference().token_to_id("dog") in _ours().encode(f"dog{character}", length=LENGTH)
    assert _reference().encode(f"dog{character}").tokens == ["[CLS]", "[UNK]", "[SEP]"]


def test_a_long_text_is_cut_with_its_end_mark() -> None:
    numbers = _ours().encode("dog " * 10_000, length=LENGTH)
    assert len(numbers) == LENGTH
    assert numbers[-1] == _ours().encode("", length=LENGTH)[-1]
