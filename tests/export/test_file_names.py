"""Where files go: to the name that was typed, or into a folder under names of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.export.file_names import LONGEST_BYTES, distinct, places_of


def test_one_file_has_the_name_that_was_typed(tmp_path: Path) -> None:
    assert places_of(str(tmp_path / "a"), ["x"], ".edl", due="") == [tmp_path / "a"]
    assert places_of(str(tmp_path), ["x"], ".edl", due="") == [tmp_path / "x.edl"]
    assert places_of(f"{tmp_path}/new/", ["x"], ".edl", due="") == [tmp_path / "new" / "x.edl"]


def test_several_go_into_a_folder(tmp_path: Path) -> None:
    assert places_of(str(tmp_path / "new"), ["x", "y"], ".edl", due="") == [
        tmp_path / "new" / "x.edl",
        tmp_path / "new" / "y.edl",
    ]
    (tmp_path / "file").touch()
    for typed in ("a.edl", "file"):
        with pytest.raises(UsageError, match="2 files are due: --out must name a folder"):
            places_of(str(tmp_path / typed), ["x", "y"], ".edl", due="2 files are due")


@given(st.lists(st.text(st.characters(), max_size=300), min_size=1, max_size=20))
def test_names_fit_any_disk_and_differ(stems: list[str]) -> None:
    names = distinct(stems, ".csv")
    assert len({name.casefold() for name in names}) == len(stems)
    for name in names:
        assert name.endswith(".csv")
        assert not set('/\\:*?"<>|\0\n') & set(name)
        assert not name.startswith(".")
        assert len(os.fsencode(name)) <= LONGEST_BYTES + 10
