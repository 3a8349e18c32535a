"""The library as it lies in its folder now: not there yet, there, or another one than a moment ago."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from mediaindex.safe_text import printable
from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog import sources, videos
from mediaindex.store.catalog.schema import visibility_change
from mediaindex.store.catalog.videos import Contents
from mediaindex.store.layout import DATABASE
from mediaindex.store.library import Library, open_library


class OpenLibrary:
    """A library that is open, and what of it stays the same until it is written to."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._held = ExitStack()
        self._held.enter_context(library)
        # `PRAGMA data_version` counts what others write since this very connection looked.
        self._watching: sqlite3.Connection = self._held.enter_context(library.outside_transaction())
        self._version: int | None = None
        self._contents = Contents(0, 0.0, 0)
        self._generation = 0
        self._roots: Sequence[Path] = ()

    @property
    def contents(self) -> Contents:
        """How many videos are shown, how long they are."""
        self._look()
        return self._contents

    @property
    def generation(self) -> int:
        """A number that rises when a video comes or goes."""
        self._look()
        return self._generation

    @property
    def version(self) -> int | None:
        """A number that is another one as soon as anybody else wrote."""
        self._look()
        return self._version

    def name(self, path: Path) -> str:
        """A path as a hit shows it: below its source, where it lies in one."""
        self._look()
        holding = [root for root in self._roots if lies_below(path, root) and path != root]
        outermost = min(holding, key=lambda root: len(root.parts), default=path.parent)
        return printable(os.path.relpath(path, outermost))

    def _look(self) -> None:
        """Read again what may have changed."""
        (version,) = self._watching.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return
        with self.library.read() as connection:
            newest = connection.execute(sa.select(sa.func.max(visibility_change.c.id))).scalar()
            self._contents = videos.contents(connection)
            self._roots = [source.path for source in sources.all_sources(connection)]
        self._generation = newest or 0
        self._version = version

    def close(self) -> None:
        """Close it."""
        self._held.close()


class CurrentLibrary:
    """The library in a folder, opened as soon as there is one and again where another takes its place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: OpenLibrary | None = None
        self._identity: tuple[int, int] | None = None

    def now(self) -> OpenLibrary | None:
        """The library that lies there now; None where there is none.

        Raises:
            StoreError, NoSpace: there is one that cannot be read.
        """
        identity = _identity(self.root / DATABASE)
        if identity != self._identity:
            self.close()
            if identity is not None:
                self._open = OpenLibrary(open_library(self.root))
            self._identity = identity
        return self._open

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):  # its files may be gone
                self._open.close()
        self._open = self._identity = None


def _identity(database: Path) -> tuple[int, int] | None:
    """What tells one file from another that took its place; None where there is none."""
    try:
        found = os.stat(database)
    except OSError:
        return None
    return found.st_dev, found.st_ino
