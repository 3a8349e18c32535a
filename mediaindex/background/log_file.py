"""The log file in LIBRARY/logs: bounded, and one line a record whatever a file's name contains.

    text   2026-01-31T23:59:59.999+00:00 WARNING mediaindex.sources.watch.watcher: the message
    json   {"time": "…", "level": "WARNING", "logger": "mediaindex.sources.watch.watcher", "message": "…"}

A traceback follows as lines that start with four spaces, or as the value of "traceback".
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal

from mediaindex.errors import NoSpace
from mediaindex.safe_text import printable

LogFormat = Literal["text", "json"]

FOLDER = "logs"
FILE = "mediaindex.log"
FILE_BYTES = 4 << 20
OLD_FILES = 4
LONGEST_MESSAGE = 8192
PROGRAM = "mediaindex"

# A reader of the log must not see passwords within addresses, or access tokens.
_SECRETS = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)|(?<=\bBearer )\S+|\bhf_\w{8,}")


def set_up(library_root: Path, *, format: LogFormat = "text", level: int | str = logging.INFO) -> Path:  # noqa: A002
    """Send log records to the library's log from now on; returns the file.

    Records of other packages are kept from WARNING on, since SQLAlchemy's INFO holds every statement.
    Only the holder of the writer lock may call it: two processes cannot rotate the same files.

    Args:
        level: from which level on the program's own records are kept.

    Raises:
        NoSpace: the folder cannot be made. A disk that is full later costs records, not the run.
    """
    folder = library_root / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NoSpace(
            f"{folder} cannot be made: {error.strerror}; free space or check permissions"
        ) from error
    handler = _LogFile(folder / FILE)
    handler.setFormatter(JsonLines() if format == "json" else TextLines())
    tear_down()
    logging.getLogger().addHandler(handler)
    logging.getLogger(PROGRAM).setLevel(level)
    return folder / FILE


def tear_down() -> None:
    """Close the log that was set up, if any."""
    for handler in [held for held in logging.getLogger().handlers if isinstance(held, _LogFile)]:
        logging.getLogger().removeHandler(handler)
        handler.close()
        logging.getLogger(PROGRAM).setLevel(logging.NOTSET)


class TextLines(logging.Formatter):
    """Records for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line, and its traceback below, indented."""
        first = f"{_time(record)} {record.levelname} {printable(record.name)}: {_message(record)}"
        return "\n".join([first, *(f"    {line}" for line in _traceback(self, record))])


class JsonLines(logging.Formatter):
    """Records for programs: one JSON object a line, ASCII only."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as an object."""
        values = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if traceback := _traceback(self, record):
            values["traceback"] = "\n".join(traceback)
        return json.dumps(values)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    return _harmless(record.getMessage())


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    if not record.exc_info:
        return []
    text = formatter.formatException(record.exc_info)[-LONGEST_MESSAGE:]
    return [_harmless(line) for line in text.split("\n")]


def _harmless(text: str) -> str:
    """Text without secrets and controls, of bounded length."""
    if len(text) > LONGEST_MESSAGE:
        text = text[:LONGEST_MESSAGE] + "…"
    return printable(_SECRETS.sub("***", text))


class _LogFile(RotatingFileHandler):
    """A rotating file of mode 0600; a record for which the disk has no space is lost silently."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            maxBytes=FILE_BYTES,
            backupCount=OLD_FILES,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags | os.O_CLOEXEC, 0o600)

        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=private)

    def close(self) -> None:
        """Close the file; records for which the disk has no space are lost here too."""
        with contextlib.suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Ignore a full disk, for which Python would print a traceback for each record."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
