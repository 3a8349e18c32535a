"""Errors of the operating system and of libraries, raised where the program meets them.

A failing disk, a share that went stale or a folder without permission cannot be had on demand, least of all
by root. So the calls themselves raise, for the paths below one path alone.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import functools
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

DENIED = PermissionError(errno.EACCES, "Permission denied")
BROKEN = OSError(errno.EIO, "Input/output error")
STALE = OSError(errno.ESTALE, "Stale file handle")
LOOP = OSError(errno.ELOOP, "Too many levels of symbolic links")
FULL = OSError(errno.ENOSPC, "No space left on device")


class Fault:
    """Counts how often the error was raised, so that a test cannot pass without it."""

    def __init__(self) -> None:
        self.raised = 0


@contextlib.contextmanager
def failing(call: str, error: OSError, *, below: Path) -> Iterator[Fault]:
    """Let a function of `os` fail for every path at or below one, given by name or by open descriptor.

    `open` stands for Python's own as well, `scandir` and `stat` for the entries of a listing.
    """
    fault = Fault()
    top = os.path.abspath(below)

    def meets(where: Any) -> bool:
        name = _name_of(where)
        met = name is not None and (name == top or name.startswith(top + os.sep))
        fault.raised += met
        return met

    original = getattr(os, call)

    def replacement(where: Any, *arguments: Any, **options: Any) -> Any:
        if meets(where):
            raise error
        return original(where, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, replacement)
        if call == "open":
            patch.setattr(builtins, "open", _refusing(builtins.open, meets, error))
            patch.setattr(io, "open", _refusing(io.open, meets, error))
        if call == "stat":
            scandir = os.scandir
            entry = functools.partial(_Entry, meets=meets, error=error)
            patch.setattr(os, "scandir", lambda where=".": _Listing(scandir(where), entry))
        yield fault


@contextlib.contextmanager
def before(call: str, action: Callable[[], object], *, at: Path) -> Iterator[Fault]:
    """Do something once, just before a function of `os` is first called for one path."""
    fault = Fault()
    original = getattr(os, call)

    def replacement(where: Any, *arguments: Any, **options: Any) -> Any:
        if not fault.raised and _name_of(where) == str(at):
            fault.raised += 1
            action()
        return original(where, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, replacement)
        yield fault


@contextlib.contextmanager
def calls_failing(owner: Any, name: str, error: Exception, *, times: int | None = None) -> Iterator[Fault]:
    """Let a method of a library fail, always or the first few times."""
    fault = Fault()
    original = getattr(owner, name)

    def replacement(*arguments: Any, **options: Any) -> Any:
        if times is None or fault.raised < times:
            fault.raised += 1
            raise error
        return original(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, replacement)
        yield fault


@contextlib.contextmanager
def statements_failing(error: Exception, *, of: str, times: int | None = None) -> Iterator[Fault]:
    """Let SQLite refuse the statements that begin with these words, always or the first few times."""
    fault = Fault()

    def refuse(*arguments: Any) -> None:
        if arguments[2].replace('"', "").startswith(of) and (times is None or fault.raised < times):
            fault.raised += 1
            raise error

    event.listen(Engine, "before_cursor_execute", refuse)
    try:
        yield fault
    finally:
        event.remove(Engine, "before_cursor_execute", refuse)


def _refusing(original: Callable[..., Any], meets: Callable[[Any], bool], error: OSError) -> Any:
    def replacement(where: Any, *arguments: Any, **options: Any) -> Any:
        if meets(where):
            raise error
        return original(where, *arguments, **options)

    return replacement


class _Entry:
    """A `DirEntry` whose stat fails where its path is met."""

    def __init__(self, entry: os.DirEntry[str], meets: Callable[[Any], bool], error: OSError) -> None:
        self._entry = entry
        self._meets = meets
        self._error = error

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        if self._meets(self._entry.path):
            raise self._error
        return self._entry.stat(follow_symlinks=follow_symlinks)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)


class _Listing:
    """What `os.scandir` gives: an iterator that is left as a context."""

    def __init__(self, entries: Any, entry: Callable[[Any], _Entry]) -> None:
        self._entries = entries
        self._entry = entry

    def __iter__(self) -> _Listing:
        return self

    def __next__(self) -> _Entry:
        return self._entry(next(self._entries))

    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries.close()


def _name_of(where: Any) -> str | None:
    if isinstance(where, int):
        try:
            return os.readlink(f"/proc/self/fd/{where}")
        except OSError:
            return None
    return os.path.abspath(os.fsdecode(where))
