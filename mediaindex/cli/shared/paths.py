"""Paths as they are typed: made absolute, and checked before anything is done with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.errors import UsageError
from mediaindex.sources.path_tree import absolute, lies_below
from mediaindex.sources.places.presence import presence_of

if TYPE_CHECKING:
    from mediaindex.store.library import Library


def absolute_unless_empty(text: str) -> Path:
    """The absolute path of a file to read or write, where an empty text would name the current folder.

    Raises:
        UsageError: the text is empty.
    """
    if not text:
        raise UsageError("a path is empty")
    return absolute(text)


def check_root(library: Library, path: Path) -> None:
    """A path must exist, or be known as one whose drive is unplugged.

    Raises:
        UsageError: it is neither, cannot be read, or lies inside the library.
    """
    from mediaindex.store.catalog import locations

    if lies_below(path, library.root):
        raise UsageError(f"{path} lies inside the library {library.root}; index the folder of your videos")
    match presence_of(path):
        case "unreadable":
            raise UsageError(f"{path} cannot be read; check its permissions and its disk")
        case "present":
            if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
                raise UsageError(f"{path} cannot be read; check its permissions")
            if not os.path.exists(path):
                raise UsageError(f"{path} is a link to nothing; check where it should lead")
            return
    with library.read() as connection:
        if not locations.locations_below(connection, [path]):
            raise UsageError(f"{path} does not exist; check the spelling, or plug in its drive")
