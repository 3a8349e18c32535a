"""From a wanted stretch to frames of the source."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mediaindex.errors import UsageError
from mediaindex.export.cuts.cut import Time, Wanted, cuts_of, rates_of
from mediaindex.export.cuts.source import Source
from tests.support.plain_cuts import plain_source

NTSC = Fraction(30000, 1001)


def wanted(source: Source, start: Time, end: Time, **values: object) -> Wanted:
    return Wanted(source, start, end, "a label", is_typed=True, **values)  # type: ignore[arg-type]


def test_a_moment_goes_to_the_nearest_frames() -> None:
    source = plain_source(rate=Fraction(24000, 1001))
    (cut,) = cuts_of([Wanted(source, Fraction(250.25), Fraction(270.2699), "x", "y", 0.5, "z")])
    assert (cut.first, cut.behind, cut.length) == (6000, 6480, 480)
    assert (cut.timecode_in, cut.timecode_out) == ("00:04:10:00", "00:04:30:00")
    assert (cut.label, cut.note, cut.score, cut.query) == ("x", "y", 0.5, "z")
    assert (cut.start_seconds, cut.end_seconds) == (Fraction("250.25"), Fraction("270.27"))


def test_timecode_counts_from_the_sources_own() -> None:
    camera = plain_source(rate=25, start_timecode="10:20:30:00")
    (cut,) = cuts_of([wanted(camera, "10:20:34:00", "10:20:38:00")])
    assert (cut.first, cut.behind) == (100, 200)
    dropped = plain_source(rate=NTSC, start_timecode="01:00:00;00")
    (cut,) = cuts_of([wanted(dropped, "01:01:00;02", "01:01:00:03")])
    assert (cut.first, cut.behind) == (1800, 1801)
    without = plain_source(rate=NTSC)
    cuts = cuts_of(
        [wanted(without, "00:01:00;02", "00:01:01;00"), wanted(without, "00:01:00:00", Fraction(61))]
    )
    assert [cut.first for cut in cuts] == [1800, 1800]


def test_timecode_goes_on_after_midnight() -> None:
    camera = plain_source(rate=25, start_timecode="23:59:59:00")
    (cut,) = cuts_of([wanted(camera, "23:59:59:24", "00:00:01:00")])
    assert (cut.first, cut.behind, cut.timecode_out) == (24, 50, "00:00:01:00")


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        ("10:20:29:00", "10:20:38:00", "begins at 10:20:30:00"),
        ("10:20:34:25", "10:20:38:00", "25 frames a second"),
        (Fraction(4), Fraction(4), "ends at"),
        (Fraction(5000), Fraction(5001), "before the cut starts"),
    ],
)
def test_bounds_that_the_film_does_not_have_are_refused(start: Time, end: Time, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        cuts_of([wanted(plain_source(rate=25, start_timecode="10:20:30:00"), start, end)])


def test_found_moments_are_kept_inside_the_film() -> None:
    source = plain_source(rate=25, count=100)
    (cut,) = cuts_of([Wanted(source, Fraction(3), Fraction(4) + Fraction(1, 10), "x")])
    assert (cut.first, cut.behind) == (75, 100)


def test_handles_stop_at_the_films_ends() -> None:
    source = plain_source(rate=25, count=100)
    cuts = cuts_of(
        [wanted(source, Fraction(1), Fraction(2)), wanted(source, Fraction(3), Fraction(4))],
        handles=Fraction(3, 2),
    )
    assert [(cut.first, cut.behind) for cut in cuts] == [(0, 88), (38, 100)]


def test_all_cuts_of_a_film_are_counted_at_one_rate() -> None:
    phone = plain_source(stamps=[0, 33, 67, 75, 83, 100, 133, 167, 200])
    cuts = cuts_of(
        [
            Wanted(phone, Fraction(0), Fraction("0.03"), "a"),
            Wanted(phone, Fraction("0.075"), Fraction("0.083"), "b"),
        ]
    )
    assert [(cut.first, cut.behind) for cut in cuts] == [(0, 1), (3, 4)]
    assert cuts[0].source is cuts[1].source
    assert rates_of([*cuts, *cuts_of([wanted(plain_source(), Fraction(0), Fraction(1))])]) == [
        25,
        cuts[0].source.rate,
    ]
