"""`.mediaindexignore`: what the owner of a folder wants passed over, in the syntax of `.gitignore`.

As with git, the file nearest to a path decides; it looks below its own folder; and nothing below a folder
that is passed over can be taken back in. Names are compared in their composed form.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
            told = ignore.patterns.check_file(below + "/" if is_folder else below).include
            if told is not None:
                return told
            ignore = ignore.above
        return False


def read_ignore(
    folder: str,
    above: Ignore | None = None,
    *,
    unreadable: Callable[[Path, str], None] = lambda _path, _reason: None,
) -> Ignore | None:
    """The rules of a folder's own file before those `above`; only those above where it has none.

    Args:
        unreadable: told of a file that cannot be read, and of each line that says nothing, with the reason.
    """
    path = os.path.join(folder, IGNORE_FILE)
    try:
        content = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return above
    except OSError as error:
        unreadable(Path(path), error.strerror or str(error))
        return above
    lines = list(_usable(content, lambda reason: unreadable(Path(path), reason)))
    if not lines:
        return above
    from pathspec import GitIgnoreSpec

    return Ignore(folder, GitIgnoreSpec.from_lines(lines, backend="simple"), above)


def _read(path: str) -> bytes:
    """At most one byte more than is allowed; a pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(descriptor, MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def _usable(content: bytes, report: Callable[[str], None]) -> Iterator[str]:
    """The lines that are patterns; the others are reported unless they are blank or a comment."""
    if len(content) > MAX_BYTES:
        report(f"only its first {MAX_BYTES} bytes are read")
    lines = comparable(os.fsdecode(content[:MAX_BYTES]).removeprefix("\ufeff")).split("\n")
    for number, line in enumerate(lines[:MAX_PATTERNS], start=1):
        pattern = line.rstrip("\r")
        if not pattern.strip() or pattern.startswith("#"):
            continue
        reason = _fault(pattern)
        if reason is None:
            yield pattern
        else:
            report(f"line {number} is passed over: {reason}")
    if len(lines) > MAX_PATTERNS + 1:
        report(f"only its first {MAX_PATTERNS} lines are read")


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
