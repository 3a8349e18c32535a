"""A drive to plug and unplug without the right to mount: a folder that the system seems to list."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mediaindex.sources.places import mount_listing
from mediaindex.sources.places.mount_listing import Mount


class Drive:
    """A folder whose place among the mounts changes with it.

    Args:
        shelf: where its files lie while it is unplugged.
        file_system, source: as the system would list it; the default is known by its source wherever it
            is mounted, "exfat" from "/dev/none" has no name of its own.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        shelf: Path,
        *,
        file_system: str = "cifs",
        source: str = "//nas/films",
    ) -> None:
        self.shelf = shelf
        self.at: Path | None = None
        self._kind = (file_system, source)
        shelf.mkdir(parents=True)
        for name in ("_linux_mount", "_listed_mount"):
            monkeypatch.setattr(mount_listing, name, self._mount_of(getattr(mount_listing, name)))
        for name in ("_linux_mounts", "_listed_mounts"):
            monkeypatch.setattr(mount_listing, name, self._mounts(getattr(mount_listing, name)))

    def plug(self, at: Path) -> Path:
        """Let it be mounted at a folder that does not exist yet."""
        assert self.at is None
        self.shelf.rename(at)
        self.at = at
        return at

    def unplug(self) -> None:
        """Take it away; nothing of its mount point stays."""
        assert self.at is not None
        self.at.rename(self.shelf)
        self.at = None

    def _mine(self) -> Mount:
        return Mount(str(self.at), *self._kind)

    def _mount_of(self, real: Callable[[Path], Mount]) -> Callable[[Path], Mount]:
        def found(path: Path) -> Mount:
            is_here = self.at is not None and (path == self.at or self.at in path.parents)
            return self._mine() if is_here else real(path)

        return found

    def _mounts(self, real: Callable[[], tuple[Mount, ...]]) -> Callable[[], tuple[Mount, ...]]:
        def found() -> tuple[Mount, ...]:
            every = real()
            return every if self.at is None else (*every, self._mine())

        return found


@contextmanager
def mounted(*arguments: object) -> Iterator[None]:
    """A real mount for the time of a block; the test is skipped where it is not allowed."""
    words = [str(word) for word in arguments]
    tried = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"mount is not allowed here: {tried.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", words[-1]], capture_output=True, check=False)
