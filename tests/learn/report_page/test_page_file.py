"""A page takes the place of an earlier page, and of nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.errors import NoSpace, UsageError
from mediaindex.learn.report_page.page_file import require_page_place, write_page
from tests.support.disks import fill, mounted
from tests.support.made_pages import made_page


def test_a_page_replaces_a_page(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_page(target, made_page(text="one"))
    write_page(target, made_page(text="two"))
    assert "two" in target.read_text(encoding="utf-8")
    assert os.listdir(tmp_path) == ["page.html"], "nothing is left beside it"


def test_whatever_else_is_there_is_kept(tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("<!doctype html>\n<p>my diary</p>")
    empty, folder, pipe, gone = (tmp_path / name for name in ("empty", "folder", "pipe", "gone"))
    empty.touch()
    folder.mkdir()
    os.mkfifo(pipe)
    gone.symlink_to(tmp_path / "nowhere")
    for path in (mine, empty, folder, pipe, gone):
        with pytest.raises(UsageError, match="is no report of mediaindex, and is kept; choose another"):
            require_page_place(path)
        with pytest.raises(UsageError, match="is no report of mediaindex"):
            write_page(path, made_page())
    assert mine.read_text() == "<!doctype html>\n<p>my diary</p>"


def test_a_folder_that_is_not_there_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder; make it first, or choose another --report"):
        require_page_place(tmp_path / "gone" / "page.html")


def test_a_full_disk_keeps_the_page_of_before(tmp_path: Path) -> None:
    for disk in mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        target = disk / "page.html"
        write_page(target, made_page(text="one"))
        before = target.read_bytes()
        fill(disk / "everything else")
        with pytest.raises(NoSpace, match="No space left on device"):
            write_page(target, made_page(text="two"))
        assert target.read_bytes() == before
        assert sorted(os.listdir(disk)) == ["everything else", "page.html"]
