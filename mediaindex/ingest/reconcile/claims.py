"""Paths that some pass is reading at this moment, and those that another pass left alone because of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class Claims:
    """Keeps passes within passes out of each other's files."""

    def __init__(self) -> None:
        self._claimed: set[Path] = set()
        self._left_alone: set[Path] = set()

    def claim(self, paths: Iterable[Path]) -> None:
        """These files are being read now."""
        self._claimed.update(paths)

    def release(self, paths: Iterable[Path]) -> None:
        """The reading of these files is over."""
        self._claimed.difference_update(paths)

    def claimed(self) -> frozenset[Path]:
        """What is being read now."""
        return frozenset(self._claimed)

    def leave_alone(self, paths: Iterable[Path]) -> None:
        """A pass saw these files while another was reading them; they are to be looked at afterwards."""
        self._left_alone.update(paths)

    def take_released(self) -> list[Path]:
        """Files that were left alone and are not being read any more; each is given once."""
        free = self._left_alone - self._claimed
        self._left_alone -= free
        return sorted(free)
