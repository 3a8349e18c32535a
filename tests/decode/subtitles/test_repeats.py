"""Captions that stay on the screen, grow on it or roll up it become lines that are each said once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.subtitles.repeats import BREAK_SECONDS, Caption, said

A = "the lantern festival begins"
B = "when the sun goes down"
C = "and everyone sings along"
D = "the last lantern goes out"
ONCE = [(0.0, A), (2.0, B), (4.0, C), (15.0, D)]


def shown(*captions: tuple[float, float, str]) -> list[Caption]:
    """Captions whose rows are parted by `|`."""
    return [Caption(start, end, tuple(rows.split("|"))) for start, end, rows in captions]


def lines(*captions: tuple[float, float, str]) -> list[tuple[float, float, str]]:
    return [(line.start_seconds, line.end_seconds, line.text) for line in said(shown(*captions))]


def starts(*captions: tuple[float, float, str]) -> list[tuple[float, str]]:
    return [(start, text) for start, _end, text in lines(*captions)]


@pytest.mark.parametrize("between_rows", ["|", " "], ids=["rows", "flattened"])
@pytest.mark.parametrize("flash", [True, False])
def test_rolling_captions_of_two_rows_are_said_once(between_rows: str, flash: bool) -> None:
    """As YouTube writes them, over a silence too; some converters drop the flashes or join the rows."""
    captions = [
        (0.0, 1.99, A),
        (1.99, 2.0, A),
        (2.0, 3.99, f"{A}{between_rows}{B}"),
        (3.99, 4.0, B),
        (4.0, 5.99, f"{B}{between_rows}{C}"),
        (5.99, 6.0, C),
        (15.0, 16.99, f"{C}{between_rows}{D}"),
        (16.99, 17.0, D),
    ]
    kept = [caption for caption in captions if flash or caption[1] - caption[0] > 0.1]
    assert starts(*kept) == ONCE
    assert all(end - start > 1 for start, end, _text in lines(*kept))
    assert lines(*kept)[2][1] == 5.99, "only shown, not said, after that"


def test_captions_that_roll_up_three_rows_are_said_once() -> None:
    captions = [
        (0.0, 2.0, A),
        (2.0, 4.0, f"{A}|{B}"),
        (4.0, 6.0, f"{A}|{B}|{C}"),
        (15.0, 17.0, f"{B}|{C}|{D}"),
    ]
    assert starts(*captions) == ONCE


def test_a_file_that_begins_with_full_rows_rolls_from_there() -> None:
    assert starts((0, 2, f"{A}|{B}"), (2, 4, f"{B}|{C}"), (4, 6, f"{C}|{D}")) == [
        (0, f"{A} {B}"),
        (2, C),
        (4, D),
    ]


def test_overlapping_captions_roll_too() -> None:
    assert starts((0, 4, A), (2, 6, f"{A}|{B}"), (4, 8, f"{B}|{C}")) == [(0, A), (2, B), (4, C)]


def test_one_pair_that_rolls_is_enough_where_rows_stay_in_place() -> None:
    assert starts((0, 2, A), (2, 4, f"{A}|{B}"), (9, 11, D)) == [(0, A), (2, B), (9, D)]


def test_a_sign_of_many_frames_and_layers_is_one_line() -> None:
    frames = [(2.0 + n * 0.04, 2.04 + n * 0.04, "BAKERY") for n in range(50)]
    layers = [(8.0, 10.0, "BAKERY"), (8.0, 10.5, "BAKERY"), (8.1, 10.0, "BAKERY")]
    spoken = [(2.5, 3.0, A), (9.0, 9.5, B)]
    assert lines(*frames, *layers, *spoken) == [
        (2.0, pytest.approx(4.0), "BAKERY"),
        (2.5, 3.0, A),
        (8.0, 10.5, "BAKERY"),
        (9.0, 9.5, B),
    ]


def test_a_line_that_is_typed_out_is_one() -> None:
    typed = [(0.3 * n, 0.3 * (n + 1), " ".join(A.split()[: n + 1])) for n in range(4)]
    letters = [(0.1 * n, 0.1 * (n + 1), A[: n + 1]) for n in range(len(A)) if A[n] != " "]
    assert starts(*typed) == starts(*letters) == [(0.0, A)]
    on_top = [(5.0 + start, 5.0 + end, f"{B}|{text}") for start, end, text in typed]
    assert starts((3.0, 5.0, B), *on_top) == [(3.0, B), (5.0, A)]


@pytest.mark.parametrize("late", [0.0, 0.3, 1.0])
def test_words_that_come_back_in_overlapping_captions_are_said_again(late: float) -> None:
    """Each caption stays until the one after the next comes, or a little longer."""
    captions = [
        (0.16, 4.1 + late, A),
        (2.0, 6.2 + late, B),
        (4.1, 8.0 + late, A),
        (6.2, 10.0, B),
        (8.0, 11.0, C),
    ]
    assert lines(*captions) == captions
    assert lines(*captions[:3]) == captions[:3]


@pytest.mark.parametrize(
    ("captions", "expected"),
    [
        ([(1, 3, A), (1, 3, B), (3, 5, A), (3, 5, B)], [(1, 5, A), (1, 5, B)]),
        ([(1, 3, A), (1.1, 3.1, B), (3, 5, A), (3.1, 5.1, B)], [(1, 5, A), (1.1, 5.1, B)]),
        ([(0, 6, A), (1, 3, B), (4, 5, C), (6, 9, A)], [(0, 9, A), (1, 3, B), (4, 5, C)]),
        ([(0, 6, A), (1, 8, B), (0.1, 6, A), (0.2, 7, A)], [(0, 7, A), (1, 8, B)]),
    ],
)
def test_what_runs_side_by_side_stays_one(
    captions: list[tuple[float, float, str]], expected: list[tuple[float, float, str]]
) -> None:
    assert lines(*captions) == expected


def test_a_sign_of_many_frames_stays_one_beside_speech_that_outlasts_it() -> None:
    frames = [(2.0 + n * 0.04, 2.04 + n * 0.04, "BAKERY") for n in range(50)]
    assert starts(*frames, (2.5, 5.0, A), (3.3, 6.0, B)) == [(2.0, "BAKERY"), (2.5, A), (3.3, B)]


def test_a_flash_before_the_caption_that_carries_it_on_lasts_as_long() -> None:
    captions = [(2.0, 2.01, A), (2.01, 4.0, f"{A}|{B}"), (4.0, 4.01, B), (4.01, 6.0, f"{B}|{C}")]
    assert lines(*captions) == [(2.0, 4.0, A), (2.01, 4.0, B), (4.01, 6.0, C)]


@pytest.mark.parametrize(
    "captions",
    [
        [(10, 12, "la la la"), (12, 14, B), (14, 16, "la la la")],
        [(10, 12, "la la la"), (20, 22, "la la la")],
        [(10, 12, "la la la"), (20, 22, f"la la la|{B}"), (22, 24, C)],
        [(10, 14, f"{A}|{B}"), (14, 18, f"{C}|{D}"), (18, 22, f"{A}|{B}")],
        [(1, 2, "Thank you."), (5, 6, "Thank you."), (10, 12, "Thank you."), (20, 22, "Thank you.|Bye.")],
        [(1, 2, "No"), (2, 4, "No way"), (4, 6, "way too far")],
        [(1, 3, "we see the end of the"), (3, 5, "the road is long")],
        [(1, 3, "Are you coming?|Yes."), (4, 5, "Yes.")],
    ],
)
def test_what_is_said_again_stays(captions: list[tuple[float, float, str]]) -> None:
    assert lines(*captions) == [(start, end, rows.replace("|", " ")) for start, end, rows in captions]


ROW = st.lists(st.sampled_from(["a", "b", "c", "dd"]), min_size=1, max_size=3).map(" ".join)
CAPTION = st.builds(
    lambda start, length, rows: Caption(start, start + length, tuple(rows)),
    st.integers(0, 40).map(lambda n: n / 4),
    st.integers(0, 12).map(lambda n: n / 4),
    st.lists(ROW, min_size=1, max_size=3),
)


@given(st.lists(CAPTION, max_size=12))
def test_no_word_is_lost_and_none_is_told_before_it_is_shown(captions: list[Caption]) -> None:
    result = said(captions)
    assert [line.start_seconds for line in result] == sorted(line.start_seconds for line in result)
    for line in result:
        assert line.words
        assert any(
            set(line.words) <= set(caption.words) and caption.end_seconds >= line.start_seconds
            for caption in captions
        )
        assert line.start_seconds in {caption.start_seconds for caption in captions}
    for caption in captions:
        for word in caption.words:
            before = caption.start_seconds + BREAK_SECONDS
            assert any(word in line.words and line.start_seconds <= before for line in result)


def test_long_captions_cost_time_in_proportion() -> None:
    rows = tuple(["a"] * 2000)
    captions = [Caption(float(n), n + 1.0, (*rows, str(n))) for n in range(1000)]
    before = time.process_time()
    said(captions)
    assert time.process_time() - before < 5
