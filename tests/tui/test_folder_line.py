from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex_tui.folder_line import OFFERED, folders_like, likely_folder


def test_folders_whose_names_begin_so(tmp_path: Path) -> None:
    for name in ("Films", "Fine", "Other", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "File.mp4").touch()
    assert list(folders_like(f"{tmp_path}/Fi")) == [f"{tmp_path}/Films/", f"{tmp_path}/Fine/"]
    assert list(folders_like(f"{tmp_path}/.h")) == [f"{tmp_path}/.hidden/"]
    assert len(list(folders_like(f"{tmp_path}/"))) == 3
    assert list(folders_like(f"{tmp_path}/nowhere/x")) == []


def test_not_more_than_fit_and_none_that_cannot_be_shown(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"folder {number}").mkdir()
    os.mkdir(os.fsencode(tmp_path) + b"/a\x1b")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    offers = list(folders_like(f"{tmp_path}/"))
    assert len(offers) <= OFFERED
    assert all(offer.isprintable() for offer in offers)


def test_where_videos_may_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert likely_folder() == "~/"
    (tmp_path / "Movies").mkdir()
    assert likely_folder() == "~/Movies/"
