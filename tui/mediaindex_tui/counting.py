"""How many videos lie in a folder, counted by their names; nothing is opened."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mediaindex.sources.filetypes import MEDIA_EXTENSIONS, extension_of

TELL_SECONDS = 0.25
SAMPLE = 12


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted so far.

    Attributes:
        sample: a few of the videos, any of them as likely as any other.
        problem: why the folder cannot be read; empty where it can.
    """

    videos: int = 0
    size: int = 0
    seconds: float = 0.0
    is_complete: bool = False
    sample: tuple[str, ...] = ()
    problem: str = ""


def count_videos(folder: Path, tell: Callable[[Count], None], goes_on: Callable[[], bool]) -> None:
    """Count while `goes_on`; `tell` gets how far it has come, a few times a second and at the end."""
    began = told = time.monotonic()
    problem = _problem(folder)
    if problem:
        tell(Count(problem=problem, is_complete=True))
        return
    videos = size = 0
    sample: list[str] = []
    chance = random.Random(0)
    for parent, folders, names in os.walk(folder):
        if not goes_on():
            return
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if extension_of(name) in MEDIA_EXTENSIONS and not name.startswith("."):
                path = os.path.join(parent, name)
                videos += 1
                size += _size(path)
                # Each of the first n videos is in the sample with the same chance.
                place = len(sample) if len(sample) < SAMPLE else chance.randrange(videos)
                sample[place : place + 1] = [path] if place < SAMPLE else []
        now = time.monotonic()
        if now - told >= TELL_SECONDS:
            told = now
            tell(Count(videos, size, now - began))
    tell(Count(videos, size, time.monotonic() - began, is_complete=True, sample=tuple(sample)))


def _problem(folder: Path) -> str:
    try:
        with os.scandir(folder):
            return ""
    except FileNotFoundError:
        return "there is no such folder"
    except NotADirectoryError:
        return "this is a file, not a folder"
    except OSError as error:
        return f"this folder cannot be read: {error.strerror or error}"


def _size(path: str) -> int:
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except OSError:
        return 0
