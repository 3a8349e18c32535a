"""Paths as a tree of names: what lies below what. No file system is asked, and no link followed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

StrOrPath = TypeVar("StrOrPath", str, Path)


def absolute(typed: str | Path) -> Path:
    """What a person typed as an absolute path: `~` stands for the home folder, `..` is resolved by name."""
    return Path(os.path.abspath(os.path.expanduser(typed)))


def lies_below(path: str | Path, folder: str | Path) -> bool:
    """Whether an absolute path is the folder itself or lies below it."""
    name, above = os.fspath(path), os.fspath(folder)
    return name == above or name.startswith(above.rstrip("/") + "/")


def innermost(path: str | Path, folders: Iterable[StrOrPath]) -> StrOrPath | None:
    """The deepest of some folders that hold an absolute path, or are it; None where none does."""
    above = [folder for folder in folders if lies_below(path, folder)]
    return max(above, key=lambda folder: len(os.fspath(folder)), default=None)


def overlap(one: str | Path, other: str | Path) -> bool:
    """Whether one of two absolute paths is the other or lies below it."""
    return lies_below(one, other) or lies_below(other, one)


def outermost(paths: Iterable[StrOrPath]) -> list[StrOrPath]:
    """The absolute paths without those that lie below another of them, in the order of their names."""
    kept: list[StrOrPath] = []
    for path in sorted(paths, key=lambda path: os.fspath(path).split("/")):
        if not kept or not lies_below(path, kept[-1]):
            kept.append(path)
    return kept
