from __future__ import annotations

from pathlib import Path

from mediaindex_tui.log_tail import LAST_BYTES, LINES, last_lines


def test_the_newest_lines_come_first_and_steer_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log) == ["nothing was logged yet"]
    log.touch()
    assert last_lines(log) == ["nothing was logged yet"]
    log.write_bytes(b"one\ntwo \x1b[31m caf\xe9\n")
    assert last_lines(log) == ["two \\x1b[31m caf\ufffd", "one"]
    log.write_text("".join(f"line {n}\n" for n in range(LAST_BYTES)))
    lines = last_lines(log)
    assert (len(lines), lines[0]) == (LINES, f"line {LAST_BYTES - 1}")


def test_a_log_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert last_lines(tmp_path) == [f"{tmp_path} cannot be read: Is a directory"]
