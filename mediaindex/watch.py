"""Folders → FileEvent: the scan that finds every media file below the roots, each once."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mediaindex.filetypes import (
    MEDIA_EXTENSIONS,
    NOT_MEDIA,
    OTHER_EXTENSIONS,
    SHARED_WITH_SOURCES,
    SNIFF_BYTES,
    SOURCE_BYTES,
    comparable,
    extension_of,
    is_container,
    is_text,
    name_rule,
)
from mediaindex.media import FileEvent

__all__ = ["NOT_MEDIA", "scan"]

SF_DATALESS = 0x4000_0000  # macOS: the content is in the cloud, and opening the file would fetch it
ICLOUD = ".icloud"  # older macOS: `.film.mp4.icloud` stands for a film.mp4 that is in the cloud


def scan(
    roots: Sequence[Path],
    *,
    not_media: Sequence[str] = NOT_MEDIA,
    exclude: Sequence[str] = (),
    unreadable: Callable[[Path, str], None] = lambda _path, _reason: None,
    placeholder: Callable[[Path], None] = lambda _path: None,
) -> Iterator[FileEvent]:
    """Every media file at or below the roots, once, folder by folder in the order of names.

    Linked folders are followed, each folder once, and after all others: a file is named by its real
    path where that lies below a root. A root that is a file is taken whatever its name.

    Args:
        not_media: globs of file and folder names to pass over, without regard to case.
        exclude: the same by the user's wish; a glob with a slash is compared with the path, absolute
            or from the root on.
        unreadable: told of each folder, link or file that cannot be read, with the reason.
        placeholder: told of each film whose content lies in a cloud; it is not opened.
    """
    yield from _Scan(not_media, exclude, unreadable, placeholder).run(roots)


class _Scan:
    def __init__(
        self,
        not_media: Sequence[str],
        exclude: Sequence[str],
        unreadable: Callable[[Path, str], None],
        placeholder: Callable[[Path], None],
    ) -> None:
        globs = [glob.rstrip("/") for glob in exclude]
        self._name_rule = name_rule([*not_media, *(glob for glob in globs if "/" not in glob)])
        self._path_rule = name_rule(glob for glob in globs if "/" in glob)
        self._has_path_rules = any("/" in glob for glob in globs)
        self._unreadable = unreadable
        self._placeholder = placeholder
        self._walked: set[tuple[int, int] | str] = set()
        self._given: set[str] = set()
        self._linked: deque[tuple[str, str]] = deque()

    def run(self, roots: Sequence[Path]) -> Iterator[FileEvent]:
        folders = []
        for root in dict.fromkeys(os.path.abspath(root) for root in roots):
            status = self._status(root)
            if status is None:
                continue
            if stat.S_ISDIR(status.st_mode):
                folders.append(root)
            elif stat.S_ISREG(status.st_mode):
                self._given.add(root)
                yield from self._event(root, status)
            else:
                self._unreadable(Path(root), "it is neither a file nor a folder")
        for root in folders:
            yield from self._walk(root, root)
        while self._linked:
            yield from self._walk(*self._linked.popleft())

    def _walk(self, top: str, root: str) -> Iterator[FileEvent]:
        pending = [top]
        while pending:
            folder = pending.pop()
            below = []
            for entry in self._entries(folder):
                if self._is_refused(entry, root):
                    continue
                if not self._is_folder(entry):
                    yield from self._file(entry)
                elif entry.is_symlink():
                    self._linked.append((entry.path, root))
                else:
                    below.append(entry.path)
            pending.extend(reversed(below))

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What a folder holds, by name; nothing where it was walked before or cannot be read."""
        try:
            status = os.stat(folder)
            # Some network and FUSE file systems number nothing.
            key = (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)
            if key in self._walked:
                return []
            self._walked.add(key)
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._report(folder, error)
            return []

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir()
        except OSError as error:
            self._report(entry.path, error)
            return False

    def _is_refused(self, entry: os.DirEntry[str], root: str) -> bool:
        name = comparable(entry.name)
        if self._name_rule.match(name):
            self._note_icloud(entry)
            return True
        if not self._has_path_rules:
            return False
        path = comparable(entry.path)
        below = path[len(comparable(root)) :].lstrip("/")
        return bool(self._path_rule.match(path) or self._path_rule.match(below))

    def _note_icloud(self, entry: os.DirEntry[str]) -> None:
        name = entry.name
        if name.startswith(".") and name.endswith(ICLOUD):
            film = name[1 : -len(ICLOUD)]
            if extension_of(film) in MEDIA_EXTENSIONS:
                self._placeholder(Path(entry.path).with_name(film))

    def _file(self, entry: os.DirEntry[str]) -> Iterator[FileEvent]:
        extension = extension_of(entry.name)
        if extension in OTHER_EXTENSIONS or entry.path in self._given:
            return
        try:
            status = entry.stat()
        except OSError as error:
            if extension in MEDIA_EXTENSIONS:
                self._report(entry.path, error)
            return
        if stat.S_ISREG(status.st_mode) and self._is_media(entry.path, extension, status):
            yield from self._event(entry.path, status)

    def _is_media(self, path: str, extension: str, status: os.stat_result) -> bool:
        """By extension; where that says too little, by the first bytes."""
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

    def _event(self, path: str, status: os.stat_result) -> Iterator[FileEvent]:
        if is_dataless(status):
            self._placeholder(Path(path))
        else:
            yield FileEvent(Path(path), size=status.st_size, mtime_ns=status.st_mtime_ns)

    def _status(self, root: str) -> os.stat_result | None:
        try:
            return os.stat(root)
        except OSError as error:
            self._unreadable(Path(root), error.strerror or str(error))
            return None

    def _report(self, path: str, error: OSError) -> None:
        """Pass on what a person should know; what is gone again, or a link to nowhere, is nothing."""
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            self._unreadable(Path(path), error.strerror or str(error))


def is_dataless(status: object) -> bool:
    """Whether an `os.stat_result` is that of a file whose content lies in a cloud (macOS tells)."""
    return bool(getattr(status, "st_flags", 0) & SF_DATALESS)
