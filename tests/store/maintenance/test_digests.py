"""digests.json: what it says comes back, no flipped bit goes unnoticed, and names in it lead nowhere."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import StoreError
from mediaindex.store.layout import regular_files
from mediaindex.store.maintenance.digests import (
    DIGESTS,
    damaged_files,
    digest_of,
    holds,
    read_digests,
    write_digests,
)

SAID = {"frames/ab/c.mif": "1" * 64, os.fsdecode(b"encoders/\xe9/w"): "2" * 64}


def test_digests_come_back(tmp_path: Path) -> None:
    assert read_digests(tmp_path) == {}
    write_digests(tmp_path, SAID, ".partial")
    assert read_digests(tmp_path) == SAID
    assert [path.name for path in tmp_path.iterdir()] == [DIGESTS]


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped digests"
    folder.mkdir(exist_ok=True)
    write_digests(folder, SAID, ".partial")
    content = bytearray((folder / DIGESTS).read_bytes())
    content[place % len(content)] ^= 1 << bit
    (folder / DIGESTS).write_bytes(content)
    with contextlib.suppress(StoreError):
        assert read_digests(folder) == SAID, "a blank between the words"


def test_files_that_changed_or_are_gone_are_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the user")
    folder = tmp_path / "backup"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(name)
    digests = {name: digest_of(folder / name) for name in "abc"} | {"../secret": "3" * 64}
    (folder / "a").unlink()
    (folder / "b").write_text("d")
    (folder / "more").write_text("of which nothing is known")
    told: list[tuple[int, int]] = []
    found = damaged_files(folder, digests, regular_files(folder), lambda *step: told.append(step))
    assert found == {"a", "b", "../secret"}
    assert told == [(1, 2), (2, 2)]
    assert not holds(folder / "a", digests["a"])
