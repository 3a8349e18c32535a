"""backup.json: what it says comes back, and what it does not say is an error."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import StoreError
from mediaindex.store.maintenance.backup_description import (
    DESCRIPTION,
    Description,
    DescriptionDamaged,
    describe,
    write_description,
)

MADE = Description("library", "0002", 1.5, 3, vectors=True, complete=False)


def test_a_description_comes_back_and_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    assert describe(tmp_path) is None
    write_description(tmp_path, MADE)
    assert describe(tmp_path) == MADE
    other = Description("library", "0002", 2.5, 4, vectors=False, complete=True)
    write_description(tmp_path, other)
    assert describe(tmp_path) == other
    assert [path.name for path in tmp_path.iterdir()] == [DESCRIPTION]
    assert (tmp_path / DESCRIPTION).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "missing", ["library", "revision", "made_at", "videos", "vectors", "complete", "format"]
)
def test_a_description_that_lacks_something_is_none(tmp_path: Path, missing: str) -> None:
    write_description(tmp_path, MADE)
    said = json.loads((tmp_path / DESCRIPTION).read_text())
    del said[missing]
    (tmp_path / DESCRIPTION).write_text(json.dumps(said))
    with pytest.raises(StoreError, match="no description of a backup"):
        describe(tmp_path)


def test_another_format_asks_for_an_update(tmp_path: Path) -> None:
    write_description(tmp_path, MADE)
    said = json.loads((tmp_path / DESCRIPTION).read_text()) | {"format": 99}
    del said["digest"]
    (tmp_path / DESCRIPTION).write_text(json.dumps(said))
    with pytest.raises(StoreError, match="another mediaindex"):
        describe(tmp_path)


def test_a_description_of_an_earlier_version_has_no_digest(tmp_path: Path) -> None:
    write_description(tmp_path, MADE)
    said = json.loads((tmp_path / DESCRIPTION).read_text())
    del said["digest"]
    (tmp_path / DESCRIPTION).write_text(json.dumps(said))
    assert describe(tmp_path) == MADE


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    folder.mkdir(exist_ok=True)
    write_description(folder, MADE)
    content = bytearray((folder / DESCRIPTION).read_bytes())
    content[place % len(content)] ^= 1 << bit
    (folder / DESCRIPTION).write_bytes(content)
    with contextlib.suppress(DescriptionDamaged):
        assert describe(folder) == MADE, "a blank between the words"


@given(st.binary(max_size=100) | st.just(b"[" * 60_000) | st.just(b"9" * 5000))
def test_any_bytes_are_a_description_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "described"
    folder.mkdir(exist_ok=True)
    (folder / DESCRIPTION).write_bytes(content)
    with pytest.raises(StoreError):
        describe(folder)
