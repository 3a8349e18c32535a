"""`.mediaindexignore`: what the owner of a folder wants passed over, in the syntax of `.gitignore`.

As with git, the file nearest to a path decides; it looks below its own folder; and nothing below a folder
that is passed over can be taken back in. Names are compared in their composed form.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.media import UnreadablePath
from mediaindex.sources.filetypes import comparable

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".mediaindexignore"

MAX_BYTES = 64 * 1024
MAX_PATTERNS = 1000
# A pattern becomes a regular expression that backtracks: the time for a hostile name grows by another
# factor of its length with each star in one part of a pattern, and with each `**`.
MAX_STARS = 3
MAX_DOUBLE_STARS = 2


@dataclass(frozen=True, slots=True)
class Ignore:
    """What one folder's file passes over, and the files above it that are asked when it is silent."""

    folder: str
    patterns: GitIgnoreSpec
    above: Ignore | None

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path below the folder is passed over."""
        ignore: Ignore | None = self
        while ignore is not None:
            # No pattern holds a line break, and a dot of the regular expressions takes none.
            below = comparable(path[len(ignore.folder) :].lstrip("/")).replace("\n", " ")
            is_ignored = ignore.patterns.check_file(below + "/" if is_folder else below).include
            if is_ignored is not None:
                return is_ignored
            ignore = ignore.above
        return False


@dataclass(frozen=True, slots=True)
class IgnoreReading:
    """What a folder's file and those above it pass over together.

    Attributes:
        faults: the folder's own file where it cannot be read, or each line of it that says nothing.
    """

    ignore: Ignore | None
    faults: tuple[UnreadablePath, ...] = ()


def read_ignore(folder: str, above: Ignore | None = None) -> IgnoreReading:
    """The rules of a folder's own file before those `above`; only those above where it has none."""
    path = os.path.join(folder, IGNORE_FILE)
    try:
        content = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return IgnoreReading(above)
    except OSError as error:
        return IgnoreReading(above, (UnreadablePath(Path(path), error.strerror or str(error)),))
    patterns, reasons = _parsed(content)
    faults = tuple(UnreadablePath(Path(path), reason) for reason in reasons)
    if not patterns:
        return IgnoreReading(above, faults)
    from pathspec import GitIgnoreSpec

    return IgnoreReading(Ignore(folder, GitIgnoreSpec.from_lines(patterns, backend="simple"), above), faults)


def _read(path: str) -> bytes:
    """At most one byte more than is allowed; a pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(descriptor, MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def _parsed(content: bytes) -> tuple[list[str], list[str]]:
    """(patterns, faults): the lines that count, and why others do not; a comment is neither."""
    patterns: list[str] = []
    faults: list[str] = []
    if len(content) > MAX_BYTES:
        faults.append(f"only its first {MAX_BYTES} bytes are read")
    lines = comparable(os.fsdecode(content[:MAX_BYTES]).removeprefix("\ufeff")).split("\n")
    for number, line in enumerate(lines[:MAX_PATTERNS], start=1):
        pattern = line.rstrip("\r")
        if not pattern.strip() or pattern.startswith("#"):
            continue
        reason = _fault(pattern)
        if reason is None:
            patterns.append(pattern)
        else:
            faults.append(f"line {number} is passed over: {reason}")
    if len(lines) > MAX_PATTERNS + 1:
        faults.append(f"only its first {MAX_PATTERNS} lines are read")
    return patterns, faults


def _fault(pattern: str) -> str | None:
    """Why a pattern is not used, None where it is."""
    from pathspec import GitIgnoreSpec

    parts = pattern.split("/")
    double = sum(part == "**" for part in parts)
    if double > MAX_DOUBLE_STARS or any(part.count("*") > MAX_STARS for part in parts):
        return f"it has more than {MAX_DOUBLE_STARS} ** or {MAX_STARS} * between two slashes"
    try:
        GitIgnoreSpec.from_lines([pattern], backend="simple")
    except (ValueError, re.error):
        return "it is no pattern of gitignore"
    return None
