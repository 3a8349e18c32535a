"""The 500 general captions: as many as are promised, none of them twice, none like another."""

from __future__ import annotations

import itertools

import numpy as np

from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.search.channels.similarity import unit
from mediaindex.store.words.folding import folded


def test_there_are_500_and_none_twice() -> None:
    captions = general_captions()
    assert len(captions) == 500
    assert len({" ".join(folded(caption).split()) for caption in captions}) == 500


def test_each_is_one_plain_sentence() -> None:
    for caption in general_captions():
        assert 4 <= len(caption.split()) <= 18, caption
        assert caption.isascii(), caption
        assert caption.isprintable(), caption
        assert caption == caption.strip(), caption
        assert caption[0].isupper(), caption


def test_they_differ_in_what_they_say() -> None:
    captions = general_captions()
    vectors = unit(BuiltinTexts().texts(captions).pooled)
    cosines = vectors @ vectors.T
    alike = [
        (captions[i], captions[j])
        for i, j in itertools.combinations(range(len(captions)), 2)
        if cosines[i, j] > 0.6
    ]
    assert alike == []
    assert np.triu(cosines, 1).sum() / (len(captions) * (len(captions) - 1) / 2) < 0.2


def test_their_lengths_vary() -> None:
    lengths = {len(caption.split()) for caption in general_captions()}
    assert lengths >= set(range(4, 16))
