from __future__ import annotations

from pathlib import Path

import pytest
from textual.geometry import Size

from mediaindex_tui.memory import Memory

SMALL, LARGE = Size(80, 24), Size(120, 40)


def test_a_view_is_remembered_for_its_size(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ui.json"
    memory = Memory(path)
    assert memory.view(SMALL) is None
    memory.keep_view(SMALL, "grid")
    memory.keep_theme("light")
    again = Memory(path)
    assert again.view(SMALL) == "grid"
    assert again.view(LARGE) is None
    assert again.theme == "light"
    assert [file.name for file in path.parent.iterdir()] == ["ui.json"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"narrow low": "sideways"}', b'{"a": 1}'])
def test_a_broken_file_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ui.json"
    path.write_bytes(content)
    assert Memory(path).views == {}


def test_without_a_place_nothing_is_remembered(tmp_path: Path) -> None:
    Memory(None).keep_view(SMALL, "grid")
    (tmp_path / "file").touch()
    Memory(tmp_path / "file" / "ui.json").keep_view(SMALL, "grid")


def test_a_way_of_drawing_is_remembered_and_no_other_word(tmp_path: Path) -> None:
    path = tmp_path / "ui.json"
    Memory(path).keep_images("half")
    assert Memory(path).images == "half"
    path.write_text('{"images": "braille", "theme": "light"}')
    assert (Memory(path).images, Memory(path).theme) == (None, "light")
