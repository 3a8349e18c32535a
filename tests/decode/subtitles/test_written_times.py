"""Times of subtitles as people and programs write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.subtitles.written_times import Times, are_times_meant, seconds_of, times_in


@pytest.mark.parametrize(
    "row",
    [
        "00:00:01,000 --> 00:00:02,500",
        "0:0:1,0 --> 0:0:2,5",
        "0:00:01.000-->0:00:02.500",
        "00:01,000 --> 00:02,500",
        "1,000 --> 2,500",
        "00:00:01:000 --> 00:00:02:500",
        "00;00;01;000 --> 00;00;02;500",
        "00.00.01.000 --> 00.00.02.500",
        "00:00:01'000 --> 00:00:02'500",
        "00:00:01.000000 --> 00:00:02.500000",
        "00:00:01, --> 00:00:02,500",
        "  00 : 00 : 01 , 000 --> 00: 00: 02, 500",
        "\ufeff00:00:01,000\u00a0--> 00:00:02,500",
        "00:00:01,000 -> 00:00:02,500",
        "00:00:01,000 - -> 00:00:02,500",
        "00:00:01,000 –> 00:00:02,500",
        "00:00:01,000 —> 00:00:02,500",
        "00:00:01,000 => 00:00:02,500",
        "00:00:01,000 → 00:00:02,500",
        "00:00:01,000 --&gt; 00:00:02,500",
        "00:00:01,000 - 00:00:02,500",
        "[00:01.000 --> 00:02.500]",
        "００：00：01，000 －－＞ 00：00：02，500",
        "٠٠:٠٠:٠١,٠٠٠ --> ٠٠:٠٠:٠٢,٥",
        "00:00:01,00O --> 00:00:O2,5OO",
        "OO:OO:Ol,OOO --> OO:OO:O2,5OO",
        "00:00:0I,000 --> 00:00:02,500",
        "2 00:00:01,000 --> 00:00:02,500",
        "2. 00:00:01,000 --> 00:00:02,500",
        "2) 00:01,000 --> 00:02,500",
        "#2 00:00:01,000 --> 00:00:02,500",
        "00:00:01,000 00:00:02,500",
        "00:00:01,000\t00:00:02,500",
        "00:00:01,000>00:00:02,500",
        "00:00:01,000 -- 00:00:02,500",
        "00:00:01,000 --- 00:00:02,500",
        "00:00:01,000 ---> 00:00:02,500",
        "00:00:01,000 \u2011\u2011> 00:00:02,500",
        "00:00:01,000 \u2015 00:00:02,500",
        "00:00:01,000 » 00:00:02,500",
        "00:00:01,000 | 00:00:02,500",
        "0:00:01.000,0:00:02.500",
        "\u200e00:00:01,000 --> 00:00:02,500",
        "\u202b00:00:01,000 --> 00:00:02,500\u202c",
        "\u2067\ufeff 00:00:01,000\u200f --> \u200e00:00:02,500\u2069",
        r"{\an8}00:00:01,000 --> 00:00:02,500",
        "00::00::01,000 --> 00::00::02,500",
        "00:00:01,,000 --> 00:00:02,,500",
        "00:00:01`000 --> 00:00:02´500",
        "00:00:01/000 --> 00:00:02/500",
        "00:00:01_000 --> 00:00:02_500",
        "00:00:01.000Z --> 00:00:02.500Z",
        "00:00:01.000s --> 00:00:02.500s",
        "00:00:01,000, --> 00:00:02,500",
        "00:01,000 00:02,500",
        "00:01,000 -- 00:02,500",
        "2 | 00:00:01,000 --> 00:00:02,500",
        "2- 00:00:01,000 --> 00:00:02,500",
        "[2] 00:00:01,000 --> 00:00:02,500",
        "00:00:01,000 ~> 00:00:02,500",
        "00:00:01·000 --> 00:00:02。500",
    ],
)
def test_one_second_to_two_and_a_half(row: str) -> None:
    assert times_in(row) == Times(1.0, 2.5, "")


@pytest.mark.parametrize(
    ("row", "start", "end", "rest"),
    [
        ("00:01:02 --> 00:01:03", 62.0, 63.0, ""),
        ("01:02 --> 01:03", 62.0, 63.0, ""),
        ("00.01.02 --> 00.01.03", 62.0, 63.0, ""),
        ("100:00:00,5 --> 100:00:01,25", 360_000.5, 360_001.25, ""),
        ("-00:00:01,000 --> 00:00:02,000", 0.0, 2.0, ""),
        ("00:00:-01,000 --> 00:00:02,000", 0.0, 2.0, ""),
        ("-1:59:58,000 --> -1:59:59,000", 0.0, 0.0, ""),
        ("00:00:05,000 --> 00:00:03,000", 5.0, 3.0, ""),
        ("00:00:01,000 --> 00:00:02,000 X1:100 Y1:2", 1.0, 2.0, " X1:100 Y1:2"),
        ("[00:01.000 --> 00:02.000]  3 men", 1.0, 2.0, "  3 men"),
        ("00:00:01,000 --> 00:00:02,000 Oil", 1.0, 2.0, " Oil"),
        ("00:01 --> 00:02, Il pleut", 1.0, 2.0, " Il pleut"),
        ("00:00:01,000 --> ", 1.0, 1.0, ""),
    ],
)
def test_what_is_missing_negative_or_behind_the_times(row: str, start: float, end: float, rest: str) -> None:
    assert times_in(row) == Times(start, end, rest)


@pytest.mark.parametrize(
    "row",
    [
        "",
        "1",
        "00:00:01,000",
        "00:00:01,000 then 00:00:02,000",
        "10:30 -> 11:00 is the class",
        "from 00:00:01,000 --> 00:00:02,000",
        "9:00:00 - 10:00:00",
        "1.5 => 2.5",
        "3 --> 4",
        "--> 00:00:02,000",
    ],
)
def test_words_are_no_times(row: str) -> None:
    assert times_in(row) is None


@pytest.mark.parametrize(
    "row",
    [
        "00:00:0x,000 --> 00:00:04,000",
        "00:00:0x,000 -> 00:00:04,000",
        "00:00:03,000 --> ??:??",
        "--> 00:00:02,000",
        "3 --> 4",
        "00:00:03:00:000 --> 00:00:04:00:000",
        "T:00:00:03,000 --> 00:00:04,000",
        "from 00:00:01,000 --> 00:00:02,000",
        "00:00:03 > 00:00:04",
        "00:00:03,000 to 00:00:04,000",
        "00:00:03,000 -- 00:00:04",
        "00h00m03s000 --> 00h00m04s000",
        "00-00-03,000 --> 00-00-04,000",
        '"00:00:03,000 --> 00:00:04,000"',
        "2 00:00:03,000 ** 00:00:04,000",
    ],
)
def test_times_are_meant_where_they_cannot_be_read(row: str) -> None:
    assert times_in(row) is None
    assert are_times_meant(row)


@pytest.mark.parametrize(
    "row",
    [
        "",
        "1984",
        "10:30 -> 11:00 is the class",
        "1.5 => 2.5",
        "12.05.2020 - 13.05.2020",
        "9:00:00 to 10:00:00",
        "at 9:00:00 - or 10:00:00",
        "he ran --> home",
        "3, 2, 1 - 0",
        "00:00:01,000",
    ],
)
def test_no_times_are_meant(row: str) -> None:
    assert times_in(row) is None
    assert not are_times_meant(row)


def test_a_time_alone() -> None:
    assert seconds_of(" 1:02:03.45 ") == 3723.45
    assert seconds_of("-0:00:01.00") == 0.0
    assert seconds_of("") is seconds_of("never") is seconds_of("12") is None


@given(st.text(), st.text())
def test_any_row_has_times_or_none(before: str, after: str) -> None:
    for row in (before, f"{before}00:00:01,000 --> 00:00:02,000{after}", f"0{before}:{after}-->1:{before}"):
        times = times_in(row)
        assert times is None or (times.start_seconds >= 0 and row.endswith(times.rest))
        are_times_meant(row)
    seconds = seconds_of(before)
    assert seconds is None or seconds >= 0


@given(
    st.text("0123456789OoIlZ:.,;'`/_x \u200e", max_size=14), st.sampled_from(["-->", "–>", "-- >", "--&gt;"])
)
def test_an_arrow_beside_a_digit_is_never_words(clock: str, arrow: str) -> None:
    row = f"{clock}0 {arrow} 00:00:02,000"
    assert times_in(row) is not None or are_times_meant(row)


@pytest.mark.parametrize(
    "piece", [" ", "0", ":", "0:", "-", "- ", "[", "0:0 -", "\u0661:", "0:0:0", "O:", "{\\", "\u200e"]
)
def test_a_hostile_row_is_cheap(piece: str) -> None:
    row = piece * 1_000_000
    before = time.process_time()
    times_in(row)
    are_times_meant(row)
    assert time.process_time() - before < 5
