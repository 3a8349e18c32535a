"""Folders → FileEvent: a scan finds each media file below the roots once, and says what it could not read."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from mediaindex.media import CloudPlaceholder, FileEvent, UnreadablePath
from mediaindex.sources.filetypes import (
    MEDIA_EXTENSIONS,
    OTHER_EXTENSIONS,
    SHARED_WITH_SOURCES,
    SNIFF_BYTES,
    SOURCE_BYTES,
    extension_of,
    is_container,
    is_text,
)
from mediaindex.sources.ignore_file import IGNORE_FILE
from mediaindex.sources.path_tree import lies_below
from mediaindex.sources.rules import Rules, Scope, Scopes

SF_DATALESS = 0x4000_0000  # macOS: the content is in the cloud, and opening the file would fetch it
ICLOUD = ".icloud"  # older macOS: `.film.mp4.icloud` stands for a film.mp4 that is in the cloud

Sighting = FileEvent | UnreadablePath | CloudPlaceholder
"""What a scan meets: a media file, a path that it could not read, or a film that is only in a cloud."""


def scan(
    paths: Sequence[Path], *, roots: Sequence[Path] | None = None, rules: Rules | None = None
) -> Iterator[Sighting]:
    """Every media file at or below the paths, once, folder by folder in the order of names.

    Between them stands what cannot be read, and each film whose content lies in a cloud, which is not opened.
    Linked folders are followed, each folder once, and after all others: a file is named by its real
    path where that lies below a root. A root that is a file is taken whatever its name.

    Args:
        roots: the sources that the paths lie in, so that a part of a source is seen as a scan of the
            whole would see it; what lies in none, and everything where this is None, is its own root.
        rules: exclusion rules; the defaults of `Rules` where None.
    """
    scanned = list(dict.fromkeys(os.path.abspath(path) for path in paths))
    known = [] if roots is None else [os.path.abspath(root) for root in roots]
    yield from _Scan(rules or Rules(), [*known, *_outside(scanned, known)]).run(scanned)


def _outside(paths: Sequence[str], roots: Sequence[str]) -> list[str]:
    return [path for path in paths if not any(lies_below(path, root) for root in roots)]


class _Scan:
    def __init__(self, rules: Rules, roots: Sequence[str]) -> None:
        self._rules = rules
        self._roots = frozenset(roots)
        self._scopes = Scopes(rules, roots)
        self._by_real_path = Scopes(rules, map(os.path.realpath, roots))
        # What is apart counts as walked, so that no link leads there.
        self._walked = {_identity(folder) for folder in rules.apart if os.path.isdir(folder)}
        self._given: set[str] = set()
        self._linked: deque[tuple[str, Scope]] = deque()

    def run(self, paths: Sequence[str]) -> Iterator[Sighting]:
        folders = []
        for path in paths:
            try:
                status = os.stat(path)
            except OSError as error:
                yield UnreadablePath(Path(path), error.strerror or str(error))
                continue
            if stat.S_ISDIR(status.st_mode):
                folders.append(path)
            elif stat.S_ISREG(status.st_mode):
                yield from self._given_file(path, status)
            else:
                yield UnreadablePath(Path(path), "it is neither a file nor a folder")
        # A root that is a link comes last: its files are named by their real path if they have one.
        for folder in sorted(folders, key=os.path.islink):
            scope = self._scopes.of(folder)
            yield from self._scopes.faults()
            if scope is not None:
                yield from self._walk(folder, scope)
        while self._linked:
            yield from self._walk(*self._linked.popleft())

    def _given_file(self, path: str, status: os.stat_result) -> Iterator[Sighting]:
        is_admitted = path in self._roots or self._scopes.admit(path, is_folder=False)
        yield from self._scopes.faults()
        if is_admitted and (path in self._roots or self._is_media(path, status)):
            self._given.add(path)
            yield _sighting(path, status)

    def _walk(self, top: str, scope: Scope) -> Iterator[Sighting]:
        pending = [(top, scope)]
        while pending:
            folder, scope = pending.pop()
            try:
                entries = self._entries(folder)
            except OSError as error:
                yield from _worth_telling(folder, error)
                continue
            if folder != top and any(entry.name == IGNORE_FILE for entry in entries):
                scope, faults = scope.entered(folder)
                yield from faults
            below = []
            for entry in entries:
                if self._rules.refuse_name(entry.name):
                    yield from _icloud_placeholder(entry)
                    continue
                try:
                    is_folder = entry.is_dir()
                except OSError as error:
                    yield from _worth_telling(entry.path, error)
                    is_folder = False
                if scope.refuses_place(entry.path, is_folder=is_folder):
                    continue
                if not is_folder:
                    yield from self._file(entry)
                elif entry.is_symlink():
                    yield from self._link(entry.path, scope)
                else:
                    below.append((entry.path, self._scope_below(entry.path, scope)))
                    yield from self._scopes.faults()
            pending.extend(reversed(below))

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What a folder holds, by name; nothing where it was walked before."""
        key = _identity(folder)
        if key in self._walked:
            return []
        self._walked.add(key)
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)

    def _link(self, folder: str, scope: Scope) -> Iterator[Sighting]:
        """Keep a linked folder for later, unless it has a real path of its own that a scan finds."""
        if self._by_real_path.of(os.path.realpath(folder)) is None:
            inner, faults = scope.entered(folder)
            self._linked.append((folder, inner))
            yield from faults

    def _scope_below(self, folder: str, scope: Scope) -> Scope:
        return (self._scopes.of(folder) or scope) if folder in self._roots else scope

    def _file(self, entry: os.DirEntry[str]) -> Iterator[Sighting]:
        extension = extension_of(entry.name)
        if extension in OTHER_EXTENSIONS or entry.path in self._given:
            return
        try:
            status = entry.stat()
        except OSError as error:
            if extension in MEDIA_EXTENSIONS:
                yield from _worth_telling(entry.path, error)
            return
        if stat.S_ISREG(status.st_mode) and self._is_media(entry.path, status):
            yield _sighting(entry.path, status)

    def _is_media(self, path: str, status: os.stat_result) -> bool:
        """By extension; where that says too little, by the first bytes."""
        extension = extension_of(os.path.basename(path))
        if extension in OTHER_EXTENSIONS:
            return False
        if extension in SHARED_WITH_SOURCES and 0 < status.st_size <= SOURCE_BYTES:
            return not is_text(self._head(path, status))
        return extension in MEDIA_EXTENSIONS or is_container(self._head(path, status))

    def _head(self, path: str, status: os.stat_result) -> bytes:
        if status.st_size == 0 or is_dataless(status):
            return b""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                return os.read(descriptor, SNIFF_BYTES)
            finally:
                os.close(descriptor)
        except OSError:
            return b""  # of a name that promises no film, nobody wants to hear


def _sighting(path: str, status: os.stat_result) -> Sighting:
    if is_dataless(status):
        return CloudPlaceholder(Path(path))
    return FileEvent.of(Path(path), status)


def _icloud_placeholder(entry: os.DirEntry[str]) -> Iterator[CloudPlaceholder]:
    name = entry.name
    if name.startswith(".") and name.endswith(ICLOUD):
        film = name[1 : -len(ICLOUD)]
        if extension_of(film) in MEDIA_EXTENSIONS:
            yield CloudPlaceholder(Path(entry.path).with_name(film))


def _worth_telling(path: str, error: OSError) -> Iterator[UnreadablePath]:
    """What a person should know; what is gone again, or a link to nowhere, is nothing."""
    if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        yield UnreadablePath(Path(path), error.strerror or str(error))


def _identity(folder: str) -> tuple[int, int] | str:
    """What tells a folder from all others, by whatever name it is reached."""
    status = os.stat(folder)
    # Some network and FUSE file systems number nothing.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)


def is_dataless(status: object) -> bool:
    """Whether an `os.stat_result` is that of a file whose content lies in a cloud (macOS tells)."""
    return bool(getattr(status, "st_flags", 0) & SF_DATALESS)
