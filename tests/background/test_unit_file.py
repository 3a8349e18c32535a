"""Service files: signed, never mistaken for somebody's own, written and removed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.background import unit_file
from mediaindex.background.launchd import Launchd
from mediaindex.background.systemd import Systemd
from mediaindex.background.unit_file import Manager, is_ours, name_of, text_of
from mediaindex.errors import MediaIndexError, NoSpace
from tests.support.unit_files import COMMAND, unit

MANAGERS = [Systemd(), Launchd()]


@pytest.mark.parametrize("manager", MANAGERS, ids=["systemd", "launchd"])
@given(data=st.data())
def test_a_changed_file_is_no_longer_ours(manager: Manager, data: st.DataObject) -> None:
    text = text_of(manager, "mediaindex", (*COMMAND, "/lib sha256 " + "0" * 64), {"PATH": "/bin"}, about="x")
    assert is_ours(text)
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != text[place]))
    assert not is_ours(text[:place] + bytes([byte]) + text[place + 1 :])
    assert not is_ours(text + b"\n")


@given(text=st.binary())
def test_other_files_are_not_ours(text: bytes) -> None:
    assert not is_ours(text)


def test_each_library_has_a_service_of_its_own(tmp_path: Path) -> None:
    default = tmp_path / "library"
    assert name_of(default, default) == "mediaindex"
    others = {name_of(Path(os.fsdecode(name)), default) for name in (b"/a", b"/b", b"/\xe9")}
    assert len(others) == 3
    assert all(re.fullmatch("mediaindex-[0-9a-f]{8}", name) for name in others)


@pytest.fixture
def text() -> bytes:
    return unit("/library").encode()


def test_a_file_is_written_once_and_replaced_when_it_is_ours(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "systemd" / "user" / "mediaindex.service"
    assert unit_file.write(path, text)
    assert not unit_file.write(path, text)
    assert unit_file.write(path, unit("/another").encode())
    assert path.read_bytes() == unit("/another").encode()
    assert list(path.parent.iterdir()) == [path]
    unit_file.remove(path)
    assert unit_file.installed(path) is None


@pytest.mark.parametrize(
    "content", [b"", b"[Service]\nExecStart=/bin/true\n", unit("/library").encode() + b"# mine\n"]
)
def test_a_file_of_somebody_else_stays(tmp_path: Path, text: bytes, content: bytes) -> None:
    path = tmp_path / "mediaindex.service"
    path.write_bytes(content)
    for refused in (lambda: unit_file.write(path, text), lambda: unit_file.remove(path)):
        with pytest.raises(MediaIndexError, match="not written by mediaindex"):
            refused()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "target", ["/dev/null", "/nowhere/at/all", "."], ids=["masked", "dangling", "folder"]
)
def test_a_link_stays(tmp_path: Path, text: bytes, target: str) -> None:
    path = tmp_path / "mediaindex.service"
    path.symlink_to(target)
    with pytest.raises(MediaIndexError, match="not written by mediaindex"):
        unit_file.write(path, text)
    assert os.readlink(path) == target


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "systemd").write_text("a file in the way")
    with pytest.raises(NoSpace, match="cannot be written"):
        unit_file.write(tmp_path / "systemd" / "mediaindex.service", text)
