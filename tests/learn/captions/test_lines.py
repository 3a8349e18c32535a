"""Files of text, whatever their encoding."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.captions import lines
from mediaindex.learn.captions.lines import text_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_read_in_its_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("0:05 ein Café am Hügel, größer als früher\n".encode(encoding))
    assert text_of(path) == "0:05 ein Café am Hügel, größer als früher\n"


def test_what_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"none\.txt cannot be read: No such file"):
        text_of(tmp_path / "none.txt")
    monkeypatch.setattr(lines, "MOST_BYTES", 1 << 20)
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(UsageError, match="larger than 1 MiB; split it"):
        text_of(large)
