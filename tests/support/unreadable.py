"""Folders that cannot be read, also where the tests run as root, to whom every folder is open."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mediaindex.sources.path_tree import lies_below

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
OVERRIDES = 1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH
VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@contextlib.contextmanager
def keeping_to_permissions() -> Iterator[None]:
    """Let permissions bind this thread, and those that it starts, though it may be root's."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root reads every folder")
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = _Header(VERSION_3, 0), (_Data * 2)()
    assert libc.capget(ctypes.byref(header), ctypes.byref(data)) == 0
    before = data[0].effective
    data[0].effective = before & ~OVERRIDES
    assert libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0
    try:
        yield
    finally:
        data[0].effective = before
        assert libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0


@contextlib.contextmanager
def closed(folder: Path, mode: int = 0) -> Iterator[None]:
    """Take the permissions of a folder away for the time of a block."""
    before = folder.stat().st_mode
    with keeping_to_permissions():
        folder.chmod(mode)
        try:
            yield
        finally:
            folder.chmod(before)


@contextlib.contextmanager
def troubled(folder: Path, number: int) -> Iterator[None]:
    """Let every look at a folder, or at what lies below it, fail with an errno for the time of a block."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("lstat", "stat", "scandir", "listdir", "open"):
            monkeypatch.setattr(os, name, _failing(getattr(os, name), folder, number))
        yield


def _failing(real: Callable[..., Any], folder: Path, number: int) -> Callable[..., Any]:
    def call(path: Any = ".", *arguments: Any, **options: Any) -> Any:
        if isinstance(path, str | bytes | os.PathLike) and lies_below(os.fsdecode(path), folder):
            raise OSError(number, os.strerror(number), os.fsdecode(path))
        return real(path, *arguments, **options)

    return call
