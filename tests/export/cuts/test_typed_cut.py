"""PATH@START-END as people type it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.export.cuts.typed_cut import TypedCut, typed_cut


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        ("12.5-20", Fraction("12.5"), Fraction(20)),
        ("1:15.5-1:00:00", Fraction("75.5"), Fraction(3600)),
        ("01:00:00:00-01:00:02;12", "01:00:00:00", "01:00:02;12"),
        ("0-00:00:01:00", Fraction(0), "00:00:01:00"),
    ],
)
def test_times_are_seconds_or_timecode(span: str, start: object, end: object) -> None:
    assert typed_cut(f"/a/b.mov@{span}") == TypedCut("/a/b.mov", start, end)  # type: ignore[arg-type]


@given(st.text(min_size=1))
def test_the_last_at_ends_the_path(path: str) -> None:
    assert typed_cut(f"{path}@1-2").path == path


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a.mov",
        "a.mov@",
        "a.mov@5",
        "@1-2",
        "a.mov@-1-2",
        "a.mov@1-x",
        "a.mov@1e3-2",
        "a.mov@1/2-2",
        "a@1-2-3",
    ],
)
def test_anything_else_is_refused_by_name(typed: str) -> None:
    with pytest.raises(UsageError, match="--cut"):
        typed_cut(typed)
