"""Readings: a name as people read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.folding import folded
from mediaindex.store.words.readings import readings


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("IMG_20240503", ("img 2024 05 03",)),
        ("20240503_142233", ("2024 05 03 142233",)),
        ("VID20240503142233", ("vid 20240503142233", "vid 2024 05 03 142233")),
        ("beachWalk2", ("beachwalk 2", "beach walk 2")),
        ("GoPro HERO9", ("gopro hero 9", "go pro hero 9")),
        ("HTMLFile", ("html file",)),
        ("ÜberGröße", ("uber grosse",)),
        ("IMG_20249999", ()),
        ("beach walk 2", ()),
        ("日の出2日", ()),
        ("", ()),
    ],
)
def test_a_name_is_read_in_other_ways(name: str, others: tuple[str, ...]) -> None:
    assert readings(name) == others


@given(text=st.text(st.characters(exclude_categories=()), max_size=40))
def test_a_reading_holds_the_letters_of_the_text(text: str) -> None:
    for reading in readings(text):
        assert reading == folded(reading)
        assert reading != folded(text)
        assert reading.replace(" ", "") == folded(text).replace(" ", "")
