"""What the state file of a matrix says, read without numpy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mediaindex.store.mapped.state_file import has_hubs, read_state, state_path


@pytest.mark.parametrize("content", ["", "[1]", "{", "null"])
def test_a_file_that_says_nothing_is_none(tmp_path: Path, content: str) -> None:
    path = state_path(tmp_path, 3)
    assert read_state(path) is None
    path.write_text(content)
    assert read_state(path) is None
    assert not has_hubs(tmp_path, 3)


@pytest.mark.parametrize(
    ("state", "known"), [({"hubs": {}}, True), ({"hubs": None}, False), ({}, False), ({"segments": 0}, True)]
)
def test_hubs_are_there_where_they_are_named(tmp_path: Path, state: object, known: bool) -> None:
    state_path(tmp_path, 3).write_text(json.dumps(state))
    assert read_state(state_path(tmp_path, 3)) == state
    assert has_hubs(tmp_path, 3) is known
    assert not has_hubs(tmp_path, 4)
