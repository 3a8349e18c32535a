"""Whether a known path is there. Only "there is no such file" is an absence; any other error says nothing.

A folder without permissions, a disk with bad sectors, a share whose server went away: their files cannot be
seen, and are still there. And where a file system ignores case or Unicode form, a path is there under every
spelling, but only one of them is the name that its folder lists.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Literal

Presence = Literal["present", "absent", "unreadable"]


def presence_of(path: str | Path) -> Presence:
    """What the system says of a path; a link is present wherever it leads."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except OSError:
        return "unreadable"
    return "present"


def is_surely_absent(path: str | Path) -> bool:
    """Whether a path is absent, and the closest folder above it that exists can be listed.

    A server that refuses to list a folder may also deny that a file of it exists.
    """
    return presence_of(path) == "absent" and _can_be_listed(os.path.dirname(path))


def _can_be_listed(folder: str) -> bool:
    while True:
        try:
            with os.scandir(folder) as entries:
                next(entries, None)
        except (FileNotFoundError, NotADirectoryError):
            folder, below = os.path.dirname(folder), folder
            if folder == below:
                return False
        except OSError:
            return False
        else:
            return True


class Spellings:
    """The names of files as their folders list them.

    Each folder is listed once, so an instance serves for a moment. A folder that cannot be listed spells
    everything as it is asked.
    """

    def __init__(self) -> None:
        self._listed: dict[str, frozenset[str] | None] = {}

    def is_gone(self, path: Path, *, below: Path) -> bool:
        """Whether surely no file has this name: it is absent, or there under another spelling alone.

        Args:
            below: a folder above it, from which on the spelling counts.
        """
        if presence_of(path) == "present":
            return not self.is_listed(path, below=below)
        return is_surely_absent(path)

    def is_respelled(self, old: Path, new: Path) -> bool:
        """Whether two paths lead to one file, and the folders know it by the new one alone.

        Not so for two hard links, or for a path through a link: there the old name is listed.
        """
        above = Path(os.path.commonpath([old, new]))
        return _is_same_file(old, new) and not self.is_listed(old, below=above)

    def is_listed(self, path: Path, *, below: Path) -> bool:
        """Whether each folder from `below` on lists the next part of the path under just this name."""
        folder = str(below)
        for name in path.relative_to(below).parts:
            names = self._names(folder)
            if names is not None and name not in names:
                return False
            folder = os.path.join(folder, name)
        return True

    def as_listed(self, path: str, *, below: str) -> str:
        """An existing path in the spelling of the folders from `below` on."""
        folder = below
        for name in Path(path).relative_to(below).parts:
            folder = os.path.join(folder, self._listed_name(folder, name))
        return folder

    def _listed_name(self, folder: str, name: str) -> str:
        names = self._names(folder)
        if names is None or name in names:
            return name
        asked = os.path.join(folder, name)
        alike_first = sorted(names, key=lambda other: (_folded(other) != _folded(name), other))
        same = (other for other in alike_first if _is_same_file(os.path.join(folder, other), asked))
        return next(same, name)

    def _names(self, folder: str) -> frozenset[str] | None:
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(os.listdir(folder))
            except OSError:
                self._listed[folder] = None
        return self._listed[folder]


def _is_same_file(one: str | Path, other: str | Path) -> bool:
    """By the inode; by the name without case and Unicode form where the file system numbers files by name."""
    try:
        is_same = os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False
    return is_same or _folded(one) == _folded(other)


def _folded(path: str | Path) -> str:
    composed = unicodedata.normalize("NFC", os.fspath(path))
    return unicodedata.normalize("NFC", composed.casefold())
