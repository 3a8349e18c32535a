"""Which personal ranking is in use: read from one small file, replaced whole, swapped with the one before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError, WriterBusy
from mediaindex.search.ranking.personal_selection import (
    Selection,
    personal_lock,
    read_selection,
    select,
    selected_names,
    swap,
)

NAMES = st.none() | st.from_regex(r"[a-z]{1,5}-personal-[0-9]", fullmatch=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with personal_lock(tmp_path):
        pass
    return tmp_path


def test_it_is_kept_by_encoder_and_swapped_to_and_fro(root: Path) -> None:
    assert read_selection(root, "one").is_empty
    for name in ("a", "b"):
        (root / "generators" / name).mkdir()
    select(root, "one", Selection("b", "a"))
    select(root, "other", Selection("c", None))
    assert read_selection(root, "one") == Selection("b", "a")
    assert selected_names(root) == {"a", "b", "c"}
    assert swap(root, "one") == read_selection(root, "one") == Selection("a", "b")
    assert swap(root, "one") == Selection("b", "a")
    assert swap(root, "other") == Selection(None, "c")
    assert sorted(path.name for path in (root / "generators").iterdir()) == [
        ".personal.lock",
        "a",
        "b",
        "personal.json",
    ]


@given(NAMES, NAMES)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, one: str | None, other: str | None
) -> None:
    root = tmp_path_factory.mktemp("selection")
    (root / "generators").mkdir()
    select(root, "digest", Selection(one, other))
    assert read_selection(root, "digest") == Selection(one, other)


def test_where_there_never_was_one_there_is_nothing_to_go_back_to(root: Path) -> None:
    with pytest.raises(UsageError, match="'mediaindex train' makes one"):
        swap(root, "one")


def test_a_folder_that_is_gone_is_not_gone_back_to(root: Path) -> None:
    select(root, "one", Selection(None, "a"))
    with pytest.raises(UsageError, match="a is gone"):
        swap(root, "one")
    assert read_selection(root, "one") == Selection(None, "a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"rankings": []}',
        b'{"rankings": {"one": 3}}',
        b'{"rankings": {"one": {"current": "../../x", "previous": ".."}}}',
        b'{"rankings": {"one": {"current": 3}}}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_was_tampered_with_selects_nothing(root: Path, content: bytes) -> None:
    (root / "generators" / "personal.json").write_bytes(content)
    assert read_selection(root, "one").is_empty
    assert selected_names(root) == set()


def test_one_at_a_time(root: Path) -> None:
    with (
        personal_lock(root),
        pytest.raises(WriterBusy, match=r"is writing to .*generators"),
        personal_lock(root),
    ):
        pass
