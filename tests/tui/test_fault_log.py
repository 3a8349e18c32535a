from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex_tui import fault_log
from mediaindex_tui.fault_log import log_fault
from mediaindex_tui.finder_log import finder_log


def test_a_traceback_is_appended(tmp_path: Path) -> None:
    log = finder_log(tmp_path)
    for _ in range(2):
        assert log_fault(tmp_path, ValueError("x\udce9")) == f"the traceback is in {log}"
    assert log.read_text().count("ValueError: x\\udce9") == 2


def test_a_log_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(fault_log, "finder_log", lambda _library: tmp_path / "file" / "ui.log")
    assert "cannot be written" in log_fault(tmp_path, None)
