"""Texts that answer a moment: which may, and how similar they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mediaindex.embed.families.builtin_files import FILES, builtin_bank
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.media import Cue
from mediaindex.search.channels.descriptions import Described, described, own_texts
from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog import fulltext
from mediaindex.store.catalog.fulltext import SubtitleFile
from mediaindex.store.library import open_library
from mediaindex.store.notes import captions
from tests.support.catalogued import add_place


def test_captions_come_before_lines_and_each_text_once(library: Path) -> None:
    with open_library(library, create=True) as opened:
        one, other = add_place(opened, "/videos/a.mp4"), add_place(opened, "/videos/b.mp4")
        with opened.write() as connection:
            captions.add(connection, other, 1.0, 2.0, "elsewhere")
            captions.add(connection, one, 4.0, 5.0, "here")
            captions.add(connection, other, 4.0, 5.0, "here")
            cues = [Cue(0.0, 1.0, "here", "x"), Cue(1.0, 2.0, "hello", "x"), Cue(5.0, 6.0, "goodbye", "x")]
            fulltext.add_subtitle(connection, one, SubtitleFile("x"), cues)
            assert own_texts(connection, one, (0.5, 2.5)) == {
                "here": "caption",
                "elsewhere": "caption",
                "hello": "subtitle",
            }
            assert list(own_texts(connection, one, None)) == ["here", "elsewhere", "hello", "goodbye"]
            assert own_texts(connection, None, None) == {"here": "caption", "elsewhere": "caption"}


def test_of_equal_texts_the_users_own_comes_first() -> None:
    found = described(
        [("mine", "caption"), ("best", "general"), ("same", "general")], [0.2, 0.9, 0.2], limit=2
    )
    assert found == [Described("best", "general", 0.9), Described("mine", "caption", 0.2)]


def test_a_bank_begins_with_the_general_captions() -> None:
    """`describe` takes their vectors from there."""
    texts = general_captions()
    some = [0, 17, 499]
    vectors = unit(BuiltinTexts(FILES).texts([texts[place] for place in some]).pooled)
    cosines = vectors @ builtin_bank(FILES)[: len(texts)].T
    assert np.argmax(cosines, axis=1).tolist() == some
    assert cosines.max(axis=1).min() > 0.999
