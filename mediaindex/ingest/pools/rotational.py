"""Rotational disks are read by one thread at a time: two readers make the heads travel and slow each other.

Linux marks each block device as rotational or not. On other systems, and where Linux does not know
(network, ZFS, the disks of a virtual machine), no disk counts as rotational.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict
from contextlib import AbstractContextManager
from pathlib import Path

from mediaindex.sources.places import volumes

BLOCK_DEVICES = Path("/sys/dev/block")
DEEPEST_STACK = 8


class RotationalDiskLocks:
    """Lets one thread at a time read from each rotational disk, and any number from all others."""

    def __init__(self) -> None:
        self._disk_of_device: dict[int, str | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def lock_of(self, path: Path) -> AbstractContextManager[object]:
        """To be held while a file is read."""
        try:
            device = os.stat(path).st_dev
        except OSError:
            return contextlib.nullcontext()
        with self._guard:
            if device not in self._disk_of_device:
                self._disk_of_device[device] = rotational_disk_of(path)
            disk = self._disk_of_device[device]
            return contextlib.nullcontext() if disk is None else self._locks[disk]


def rotational_disk_of(path: Path) -> str | None:
    """The rotational disk below a path, such as `sda`, the same for all its partitions; None without one.

    Of an array or an encrypted volume it is the first rotational disk.
    """
    try:
        device = volumes.block_device_of(path)
    except OSError:
        return None
    return None if device is None else rotational_disk(device)


def rotational_disk(device: tuple[int, int], block_devices: Path = BLOCK_DEVICES) -> str | None:
    """The rotational disk below a block device, by its numbers (major, minor)."""
    entry = block_devices / f"{device[0]}:{device[1]}"
    try:
        return _disk_below(entry.resolve(strict=True), DEEPEST_STACK)
    except OSError:
        return None


def _disk_below(device: Path, depth: int) -> str | None:
    """Walk down to the disk: a partition lies in its folder; dm and md name under `slaves` what they join."""
    if (device / "partition").exists():
        device = device.parent
    slaves = sorted((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    if slaves and depth:
        below = (_disk_below(slave.resolve(strict=True), depth - 1) for slave in slaves)
        return next((name for name in below if name is not None), None)
    # In a virtual machine the mark is the kernel's default; nothing is known of the host's disk.
    if any(part.startswith("virtio") for part in device.parts):
        return None
    is_marked = (device / "queue" / "rotational").read_text("ascii").strip() == "1"
    return os.path.basename(device) if is_marked else None
