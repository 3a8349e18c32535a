"""Cuts follow each other on one timeline, whatever their sources' rates are."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.timelines.sequence import timeline_of
from tests.support.plain_cuts import plain_cut, plain_source

RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(50),
    Fraction(60000, 1001),
]


@given(
    st.lists(
        st.tuples(st.sampled_from(RATES), st.integers(0, 5000), st.integers(1, 900)), min_size=1, max_size=9
    )
)
def test_a_length_on_the_timeline_tells_how_many_frames_of_the_source(
    drawn: list[tuple[Fraction, int, int]],
) -> None:
    cuts = [plain_cut(plain_source(f"/{rate}", rate), first, first + length) for rate, first, length in drawn]
    timeline = timeline_of(cuts)
    assert timeline.rate == max(rate for rate, _first, _length in drawn)
    for placed, (rate, _first, length) in zip(timeline.placed, drawn, strict=True):
        assert round((placed.end - placed.start) * rate / timeline.rate) == length
    assert all(before.end == after.start for before, after in pairwise(timeline.placed))
    assert (timeline.placed[0].start, timeline.length) == (0, timeline.placed[-1].end)


def test_the_timeline_has_the_sound_of_its_sources() -> None:
    silent = plain_source("/a", sounds=())
    timeline = timeline_of(
        [plain_cut(silent, 0, 5), plain_cut(plain_source("/b"), 0, 5), plain_cut(silent, 9, 12)]
    )
    assert (timeline.channels, timeline.sample_rate) == (2, 48_000)
    assert [source.target for source in timeline.sources] == ["/a", "/b"]
    assert timeline_of([plain_cut(silent, 0, 5)]).channels == 0


def test_it_drops_numbers_where_a_source_of_its_rate_does() -> None:
    dropping = plain_source("/a", Fraction(30000, 1001), start_timecode="01:00:00;00")
    assert timeline_of([plain_cut(dropping, 0, 9)]).base.drop
    assert not timeline_of([plain_cut(dropping, 0, 9), plain_cut(plain_source("/b", 50), 0, 9)]).base.drop
