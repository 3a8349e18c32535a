"""Where a page is written: whole or not at all, and in nobody's place but that of an earlier page."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.export.new_files import write_new
from mediaindex.learn.report_page.page_data import MARK, ReportPage

_START = 200


def require_page_place(path: Path) -> None:
    """See that a page can be written there, before anything is measured for it.

    Raises:
        UsageError: the folder does not exist, or something that is no page of this program has the name.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it first, or choose another --report")
    if os.path.lexists(path) and not _is_page(path):
        raise UsageError(f"{path} is no report of mediaindex, and is kept; choose another --report")


def write_page(path: Path, page: ReportPage) -> None:
    """Write a page; an earlier one at this place is replaced at once and whole.

    Raises:
        UsageError: as `require_page_place`. NoSpace: the disk is full, or may not be written.
    """
    from mediaindex.learn.report_page.page_html import page_html

    require_page_place(path)
    write_new(path, page_html(page).encode("utf-8"), force=os.path.lexists(path))


def _is_page(path: Path) -> bool:
    """Whether a file is a page of this program; a pipe is not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return MARK.encode() in file.read(_START)
    except OSError:
        return False
