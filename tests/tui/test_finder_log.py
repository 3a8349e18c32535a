"""Where the finder's complaints lie: in the library, or beside it where it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from mediaindex_tui.finder_log import finder_log


def test_a_library_has_its_log_inside(library: Path) -> None:
    open_library(library, create=True).close()
    assert finder_log(library) == library / "logs" / "ui.log"


def test_no_library_and_one_that_cannot_be_written_have_it_in_the_cache(
    library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    elsewhere = finder_log(library)
    assert elsewhere.name == "ui.log"
    assert not elsewhere.is_relative_to(library)
    assert not library.exists()
    open_library(library, create=True).close()
    monkeypatch.setattr("os.access", lambda *_: False)
    assert finder_log(library) == elsewhere
