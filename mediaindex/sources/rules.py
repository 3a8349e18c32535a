"""Which files and folders below a root are looked at, for scan and watcher alike.

Three kinds of rule, any of which is enough to pass something over: globs of names (what is never media,
and the user's), globs of paths, and the `.mediaindexignore` files between the root and the path.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.media import UnreadablePath
from mediaindex.sources.filetypes import NOT_MEDIA, comparable, name_rule
from mediaindex.sources.ignore_file import Ignore, read_ignore


class Rules:
    """The rules that hold everywhere.

    Args:
        not_media: globs of file and folder names to pass over, without regard to case.
        exclude: the same by the user's wish; a glob with a slash is compared with the path, absolute
            or from the root on.
        apart: folders that are never looked into, such as the library's own.
    """

    def __init__(
        self,
        *,
        not_media: Sequence[str] = NOT_MEDIA,
        exclude: Sequence[str] = (),
        apart: Iterable[Path] = (),
    ) -> None:
        globs = [glob.rstrip("/") for glob in exclude]
        self._names = name_rule([*not_media, *(glob for glob in globs if "/" not in glob)])
        self._paths = name_rule(glob for glob in globs if "/" in glob)
        self._has_path_rules = any("/" in glob for glob in globs)
        self.apart = frozenset(os.path.realpath(folder) for folder in apart)

    def refuse_name(self, name: str) -> bool:
        """Whether a file or folder of this name is passed over wherever it lies."""
        return bool(self._names.match(comparable(name)))

    def refuse_path(self, path: str, root: str) -> bool:
        """Whether an absolute path below a root is passed over, whatever its name."""
        if path in self.apart:
            return True
        if not self._has_path_rules:
            return False
        whole = comparable(path)
        below = whole[len(comparable(root)) :].lstrip("/")
        return bool(self._paths.match(whole) or self._paths.match(below))


@dataclass(frozen=True, slots=True)
class Scope:
    """The rules as they hold for what one folder contains."""

    rules: Rules
    root: str
    ignore: Ignore | None = None

    def refuses(self, path: str, *, is_folder: bool) -> bool:
        """Whether an entry of the folder is passed over."""
        return self.rules.refuse_name(os.path.basename(path)) or self.refuses_place(path, is_folder=is_folder)

    def refuses_place(self, path: str, *, is_folder: bool) -> bool:
        """The same without the rules for names."""
        if self.rules.refuse_path(path, self.root):
            return True
        return self.ignore is not None and self.ignore.ignores(path, is_folder=is_folder)

    def entered(self, folder: str) -> tuple[Scope, tuple[UnreadablePath, ...]]:
        """The scope of a folder in this one, whose own `.mediaindexignore` comes first, and its faults."""
        if self.ignore is not None and self.ignore.folder == folder:
            return self, ()
        reading = read_ignore(folder, self.ignore)
        return dataclasses.replace(self, ignore=reading.ignore), reading.faults


class Scopes:
    """The scope of any folder at or below given roots; each folder's rules are read once.

    Where roots overlap, the innermost counts: a folder given as a root is looked at whatever lies above it.

    Args:
        roots: absolute paths.
    """

    def __init__(self, rules: Rules, roots: Iterable[str]) -> None:
        self._rules = rules
        self._faults: list[UnreadablePath] = []
        self._roots = frozenset(roots)
        self._known: dict[str, Scope | None] = {}

    def of(self, folder: str) -> Scope | None:
        """The folder's scope; None where it or a folder above it is passed over, or it is below no root."""
        chain = []
        while folder not in self._known:
            chain.append(folder)
            above = os.path.dirname(folder)
            if folder in self._roots or above == folder:
                break
            folder = above
        for folder in reversed(chain):
            self._known[folder] = self._scope(folder)
        return self._known[chain[0] if chain else folder]

    def admit(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path is a root, or below one and not passed over."""
        if path in self._roots:
            return True
        scope = self.of(os.path.dirname(path))
        return scope is not None and not scope.refuses(path, is_folder=is_folder)

    def faults(self) -> list[UnreadablePath]:
        """What of the `.mediaindexignore` files could not be read; each fault is given once."""
        faults, self._faults = self._faults, []
        return faults

    def _scope(self, folder: str) -> Scope | None:
        if folder in self._roots:
            outer = Scope(self._rules, folder)
        else:
            above = self._known.get(os.path.dirname(folder))
            if above is None or above.refuses(folder, is_folder=True):
                return None
            outer = above
        scope, faults = outer.entered(folder)
        self._faults += faults
        return scope
