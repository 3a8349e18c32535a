from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mediaindex_tui.shown_text import clock, cut, fit, folded, hours, length, shown, size, span

ANY_TEXT = st.text(st.characters(codec=None), max_size=320)
"""Every code point, halves of surrogate pairs among them."""


def is_harmless(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_shown(text: str) -> None:
    kept = shown(text)
    assert is_harmless(kept)
    assert not set(kept) & set("\u200e\u200f\u061c\ufeff\ufe0f\u200d\u202e\u2066\u001b")
    kept.encode()


@given(ANY_TEXT, st.integers(0, 60))
def test_a_text_is_fitted_to_exactly_its_cells(text: str, cells: int) -> None:
    assert cell_len(fit(shown(text), cells)) == cells


@given(ANY_TEXT, st.integers(0, 60))
def test_a_cut_is_never_wider_than_its_room(text: str, cells: int) -> None:
    assert cell_len(cut(shown(text), cells)) <= cells


def test_a_cut_keeps_the_end_of_a_name() -> None:
    assert cut("a very long name of a film.mp4", 12) == "a ve…ilm.mp4"
    assert cut("short.mp4", 12) == "short.mp4"


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, ""), (21.2, "21 s"), (59.6, "1:00"), (130, "2:10"), (3730, "1:02:10")]
)
def test_lengths(seconds: float | None, told: str) -> None:
    assert length(seconds) == told


def test_times() -> None:
    assert clock(6.4) == "0:06"
    assert span(4, 9.2) == "0:04–0:09"
    assert hours(1380) == "23 min"
    assert hours(412 * 3600) == "412 h"
    assert hours(12.0) == "12 s"


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (34e6, "34 MB"), (1.5e9, "1.5 GB"), (1.9e12, "1.9 TB")],
)
def test_sizes(count: float, told: str) -> None:
    assert size(count) == told


def test_facts_are_folded_at_their_joints() -> None:
    assert folded("3 May · Canon EOS R6 · 25/s", 20) == ["3 May · Canon EOS R6", "25/s"]
    assert folded("", 20) == []


def test_what_terminals_draw_in_different_widths_is_left_out() -> None:
    assert shown("👍🏽.mp4") == "👍.mp4"
    assert shown("🇩🇪 👩‍👩‍👧.mp4") == "DE 👩👩👧.mp4"
