"""A file system that ignores case, as far as the program asks: the old spelling leads to the file as well.

A second name of the same file (a hard link) stands for the old spelling; no folder lists it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest


class _Entries:
    """What `os.scandir` gives: entries, within a block or without."""

    def __init__(self, entries: Iterable[os.DirEntry[str]]) -> None:
        self._entries = iter(list(entries))

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        return self._entries

    def __next__(self) -> os.DirEntry[str]:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is left open."""


class IgnoringCase:
    """Renames files and folders so that their old names go on to lead to them, and are listed nowhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._hidden: set[str] = set()
        listdir, scandir = os.listdir, os.scandir

        def listed(folder: str | Path = ".") -> list[str]:
            return [name for name in listdir(folder) if os.path.join(folder, name) not in self._hidden]

        def scanned(folder: str | Path = ".") -> _Entries:
            with scandir(folder) as entries:
                return _Entries(entry for entry in entries if entry.path not in self._hidden)

        monkeypatch.setattr(os, "listdir", listed)
        monkeypatch.setattr(os, "scandir", scanned)

    def rename(self, old: Path, new: Path) -> Path:
        """Give a file or a folder of files another spelling."""
        old.rename(new)
        if new.is_dir():
            old.mkdir()
            for path in new.iterdir():
                os.link(path, old / path.name)
        else:
            os.link(new, old)
        self._hidden.add(str(old))
        return new
