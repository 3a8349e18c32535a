"""Claims: paths that a pass is reading now, and those that another pass left alone because of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class Claims:
    """Keeps a pass within a pass from reading the same files."""

    def __init__(self) -> None:
        self._claimed: set[Path] = set()
        self._left_alone: set[Path] = set()

    def claim(self, paths: Iterable[Path]) -> None:
        """A pass begins to read these files."""
        self._claimed.update(paths)

    def release(self, paths: Iterable[Path]) -> None:
        """A pass has read these files."""
        self._claimed.difference_update(paths)

    def claimed(self) -> frozenset[Path]:
        """The files that are being read now."""
        return frozenset(self._claimed)

    def leave_alone(self, paths: Iterable[Path]) -> None:
        """A pass saw these files while another was reading them; they must be looked at afterwards."""
        self._left_alone.update(paths)

    def take_released(self) -> list[Path]:
        """Files that were left alone and are no longer being read; each is returned once."""
        free = self._left_alone - self._claimed
        self._left_alone -= free
        return sorted(free)
