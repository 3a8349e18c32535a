"""Which files lie on a disk that turns: two readers at once make its heads travel and both slow.

Linux says so of each block device. Elsewhere, and where it does not know (network, ZFS, the disks of
a virtual machine), nothing is called a spinning disk.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict
from contextlib import AbstractContextManager
from pathlib import Path

from mediaindex.sources import volumes

BLOCK_DEVICES = Path("/sys/dev/block")
DEEPEST_STACK = 8


class OneReader:
    """Lets one thread at a time read from each disk that turns, and any number from all others."""

    def __init__(self) -> None:
        self._disks: dict[int, str | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._own = threading.Lock()

    def of(self, path: Path) -> AbstractContextManager[object]:
        """To be held while a file is read."""
        try:
            device = os.stat(path).st_dev
        except OSError:
            return contextlib.nullcontext()
        with self._own:
            if device not in self._disks:
                self._disks[device] = spindle_of(path)
            disk = self._disks[device]
            return contextlib.nullcontext() if disk is None else self._locks[disk]


def is_spinning(path: Path) -> bool:
    """Whether a path lies on a disk that turns; False where nobody knows."""
    return spindle_of(path) is not None


def spindle_of(path: Path) -> str | None:
    """The disk that turns below a path, such as `sda`: the same for all its partitions. None for no such.

    Of an array or an encrypted volume it is the first disk that turns.
    """
    try:
        device = volumes.block_device_of(path)
    except OSError:
        return None
    return None if device is None else spindle(device)


def spindle(device: tuple[int, int], block_devices: Path = BLOCK_DEVICES) -> str | None:
    """The disk that turns below a block device, by its numbers (major, minor)."""
    entry = block_devices / f"{device[0]}:{device[1]}"
    try:
        return _spindle(entry.resolve(strict=True), DEEPEST_STACK)
    except OSError:
        return None


def _spindle(device: Path, depth: int) -> str | None:
    """Walk down to the disk: a partition lies in its folder; dm and md name under `slaves` what they join."""
    if (device / "partition").exists():
        device = device.parent
    slaves = sorted((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    if slaves and depth:
        below = (_spindle(slave.resolve(strict=True), depth - 1) for slave in slaves)
        return next((name for name in below if name is not None), None)
    # What a virtual machine is told of its disk is the kernel's default, not the host's knowledge.
    if any(part.startswith("virtio") for part in device.parts):
        return None
    turns = (device / "queue" / "rotational").read_text("ascii").strip() == "1"
    return os.path.basename(device) if turns else None
