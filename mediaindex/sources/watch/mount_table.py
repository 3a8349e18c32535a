"""What was mounted or unmounted since the last look: a folder that is watched hears nothing of it."""

from __future__ import annotations

import sys
import time

from mediaindex.sources.places.mount_listing import Mount, system_mounts

LISTING_SECONDS = 0.0 if sys.platform == "linux" else 10.0  # elsewhere a process is started to learn of them


class MountTable:
    """The system's list of mounts, as it was at the last look."""

    def __init__(self) -> None:
        self._looked = time.monotonic()
        # On Linux a mount has a number of its own: one that was taken off and put back is another.
        self._mounts: frozenset[Mount] = frozenset(system_mounts())

    def changed(self) -> frozenset[str]:
        """The mount points at which something was mounted or unmounted since the last call."""
        if time.monotonic() - self._looked < LISTING_SECONDS:
            return frozenset()
        self._looked = time.monotonic()
        before, self._mounts = self._mounts, frozenset(system_mounts())
        return frozenset(mount.mount_point for mount in before ^ self._mounts)
