"""A night in one sentence."""

from __future__ import annotations

from dataclasses import replace

from mediaindex.learn.evaluation.metrics import Interval
from mediaindex.learn.nightly.regression import Fallen, Judgement, Row
from mediaindex.learn.nightly.summary import sentence_of, title_of, tone_of
from mediaindex.store.evaluations.series import SeriesName
from tests.support.kept_ranks import SERIES

OTHER = SeriesName("msvd", "fast", "v2t", "generator tiny", "captions")
FALLEN = Fallen(Row(SERIES, "R@1"), Interval(-4.0, -9.0, -1.0), 100, None, 3)
WORST = replace(FALLEN, row=Row(OTHER, "R@10"), difference=Interval(-12.5, -20.0, -4.0))


def test_each_tone_has_its_sentence() -> None:
    assert sentence_of(Judgement(False, False), "") == "Nothing to compare with yet"
    assert sentence_of(Judgement(True, False), "") == "Every answer is as the night before"
    assert sentence_of(Judgement(True, True), "") == "No figure fell for certain"
    risen = Judgement(True, True, risen=(Row(SERIES, "R@1"),))
    assert (tone_of(risen), sentence_of(risen, "")) == (
        "better",
        "R@1 of library, text to video, instant rose",
    )


def test_what_fell_most_is_named_with_since_when() -> None:
    one = Judgement(True, True, (FALLEN,))
    assert sentence_of(one, "2026-01-02") == (
        "R@1 of library, text to video, instant fell by 4.0 points since 2026-01-02"
    )
    two = Judgement(True, True, (FALLEN, WORST))
    assert tone_of(two) == "worse"
    assert sentence_of(two, "then", trouble=["didemo"]) == (
        "R@10 of msvd, with fast, video to text, generator tiny fell by 12.5 points since then, "
        "and one more fell; not measured: didemo"
    )
    assert "and 2 more figures fell" in sentence_of(replace(two, fallen=(FALLEN, WORST, FALLEN)), "then")


def test_other_sentences_than_captions_are_named() -> None:
    assert title_of(replace(SERIES, queries_from="picks")) == "library, text to video, instant, by picks"
