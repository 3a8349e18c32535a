"""Paths as the editor's machine sees them, and their URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mediaindex.errors import UsageError

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|[A-Za-z]:$|\\\\")
KEPT_IN_URLS = "/~:"


@dataclass(frozen=True, slots=True)
class PathRule:
    """What lies below one folder here lies below another one there.

    Attributes:
        here: an absolute path. there: as the other machine writes it.
    """

    here: str
    there: str


def path_rule(typed: str) -> PathRule:
    """FROM=TO; the first equals sign divides them.

    Raises:
        UsageError: it is none.
    """
    here, equals, there = typed.partition("=")
    if not (here and equals and there):
        raise UsageError(f"--map {typed}: write FROM=TO, such as /mnt/shoot=/Volumes/Shoot")
    return PathRule(os.path.abspath(here), there)


def mapped(path: Path, rules: Sequence[PathRule]) -> str:
    r"""The path by the first rule that fits; Windows' paths (C:\… and \\server\…) get its separators."""
    text = str(path)
    for rule in rules:
        here = rule.here.rstrip("/")
        if text != here and not text.startswith(f"{here}/"):
            continue
        inside = text[len(here) :]
        if _WINDOWS.match(rule.there):
            return rule.there.rstrip("\\/") + inside.replace("/", "\\")
        return (rule.there.rstrip("/") + inside) or "/"
    return text


def name_of(path: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[\\/]" if _WINDOWS.match(path) else "/", path)[-1]


def file_url(path: str, *, host: str = "") -> str:
    """The file: URL of a path; bytes that are no UTF-8 stay the bytes that they are.

    Args:
        host: what stands before the path; a path of a Windows server brings its own.
    """
    if _WINDOWS.match(path):
        path = path.replace("\\", "/")
        if path.startswith("//"):
            return "file:" + quote(os.fsencode(path), safe=KEPT_IN_URLS)
        path = "/" + path
    return f"file://{host}{quote(os.fsencode(path), safe=KEPT_IN_URLS)}"
