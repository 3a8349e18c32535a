"""The log: one line a record, no secrets, no controls, bounded on disk."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.background import log_file
from mediaindex.background.log_file import JsonLines, TextLines
from mediaindex.errors import NoSpace

program = logging.getLogger("mediaindex.sources.watch.watcher")


@pytest.fixture(autouse=True)
def _taken_down() -> Iterator[None]:
    yield
    log_file.tear_down()


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(
        "mediaindex.sources.watch.watcher", logging.WARNING, __file__, 1, message, values, None
    )


def test_records_land_in_a_private_file(tmp_path: Path) -> None:
    file = log_file.set_up(tmp_path)
    assert file == tmp_path / "logs" / "mediaindex.log"
    program.info("%d folders are watched", 2)
    program.debug("not kept")
    (line,) = file.read_text().splitlines()
    time, rest = line.split(" ", 1)
    assert datetime.fromisoformat(time).tzinfo is not None
    assert rest == "INFO mediaindex.sources.watch.watcher: 2 folders are watched"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) & 0o077 == 0


def test_a_library_speaks_from_warnings_on(tmp_path: Path) -> None:
    file = log_file.set_up(tmp_path, level="DEBUG")
    statements = logging.getLogger("sqlalchemy.engine")
    assert not statements.isEnabledFor(logging.INFO)
    statements.warning("something is odd")
    program.debug("kept")
    assert [line.split(" ", 1)[1] for line in file.read_text().splitlines()] == [
        "WARNING sqlalchemy.engine: something is odd",
        "DEBUG mediaindex.sources.watch.watcher: kept",
    ]


def test_json_lines_can_be_read_back(tmp_path: Path) -> None:
    file = log_file.set_up(tmp_path, format="json")
    try:
        raise ValueError("caf\udce9 \x1b[31m")
    except ValueError:
        program.exception("reading %s", "a\nb")
    (line,) = file.read_text("ascii").splitlines()
    entry = json.loads(line)
    assert list(entry) == ["time", "level", "logger", "message", "traceback"]
    assert (entry["level"], entry["logger"]) == ("ERROR", "mediaindex.sources.watch.watcher")
    assert entry["message"] == "reading a\\nb"
    assert entry["traceback"].splitlines()[-1] == "ValueError: caf\\xe9 \\x1b[31m"


def test_a_traceback_is_indented_below_its_line(tmp_path: Path) -> None:
    file = log_file.set_up(tmp_path)
    try:
        raise ValueError("2026-01-01T00:00:00.000+00:00 ERROR forged")
    except ValueError:
        program.exception("failed")
    first, *below = file.read_text().splitlines()
    assert first.endswith("ERROR mediaindex.sources.watch.watcher: failed")
    assert below[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in below)


@pytest.mark.parametrize("formatter", [TextLines(), JsonLines()], ids=["text", "json"])
@given(name=st.text() | st.binary().map(os.fsdecode))
def test_any_name_makes_one_harmless_line(formatter: logging.Formatter, name: str) -> None:
    line = formatter.format(record("file %s", name))
    assert len(line.splitlines()) == 1
    assert not any(c < " " or "\x7f" <= c <= "\x9f" or c in "\u202e\u2066" for c in line)
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GET https://ann:s3cret@example.org/x failed", "GET https://***@example.org/x failed"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("token hf_AbCdEfGhIjKl rejected", "token *** rejected"),
        ("file:///home/ann/half_done.mp4 12:30 a@b", "file:///home/ann/half_done.mp4 12:30 a@b"),
    ],
)
def test_secrets_are_left_out(said: str, kept: str) -> None:
    assert TextLines().format(record("%s", said)).endswith(": " + kept)


def test_a_record_is_bounded() -> None:
    assert len(TextLines().format(record("%s", "\x1b" * 10_000_000))) < 5 * log_file.LONGEST_MESSAGE


def test_files_are_turned_over_and_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "FILE_BYTES", 2000)
    file = log_file.set_up(tmp_path)
    for number in range(400):
        program.warning("record %d %s", number, "x" * 50)
    files = sorted(path.name for path in file.parent.iterdir())
    assert files == ["mediaindex.log", *(f"mediaindex.log.{n}" for n in range(1, log_file.OLD_FILES + 1))]
    assert all(path.stat().st_size <= 2000 for path in file.parent.iterdir())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in file.parent.iterdir())
    assert "record 399 " in file.read_text().splitlines()[-1]


def test_a_second_set_up_takes_the_place_of_the_first(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = log_file.set_up(tmp_path / "one")
    program.warning("early")
    second = log_file.set_up(tmp_path / "two", format="json")
    program.warning("late")
    log_file.tear_down()
    program.info("never")
    assert [len(file.read_text().splitlines()) for file in (first, second)] == [1, 1]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(NoSpace, match="logs cannot be made"):
        log_file.set_up(tmp_path)


def test_a_full_disk_costs_records_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = log_file.set_up(tmp_path)
    file.symlink_to("/dev/full")
    program.warning("lost")
    assert capsys.readouterr().err == ""
    file.unlink()
    log_file.set_up(tmp_path)
    program.warning("kept")
    assert "kept" in file.read_text()


def test_a_mistake_in_a_message_is_not_hidden(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_file.set_up(tmp_path)
    handler = logging.getLogger().handlers[-1]
    handler.handle(record("%d", "no number"))
    assert "Logging error" in capsys.readouterr().err
