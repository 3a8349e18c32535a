"""What is mounted where, as the system lists it: /proc/self/mountinfo on Linux, `mount` elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

MOUNTINFO = Path("/proc/self/mountinfo")


class Mount(NamedTuple):
    """One mounted file system as the system lists it.

    Attributes:
        root: the folder of the file system that is mounted, not "/" for a bind mount or a subvolume.
        mount_id: the kernel's number, -1 where it gives none.
        device: (major, minor), None where it is not listed.
    """

    mount_point: str
    file_system: str
    source: str
    mount_id: int = -1
    device: tuple[int, int] | None = None
    root: str = "/"


def system_mounts() -> tuple[Mount, ...]:
    """Every mount as the system lists it, the newest last; outside of Linux a process is started for it."""
    return _linux_mounts() if sys.platform == "linux" else _listed_mounts()


def mount_of(path: Path) -> Mount:
    """The mount that an existing path lies on.

    Raises:
        OSError: the path cannot be read.
    """
    return _linux_mount(path) if sys.platform == "linux" else _listed_mount(path)


def mount_point_of(path: Path) -> Path:
    """The closest folder at or above an existing path on which something is mounted."""
    path = Path(os.path.realpath(path))
    while not os.path.ismount(path) and path != path.parent:
        path = path.parent
    return path


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    r"""The mounts of Linux's /proc/self/mountinfo; lines of another form are passed over.

    Example line (`shared:1` stands for any number of optional fields):
        36 35 98:0 /root /mnt/my\040disk rw,noatime shared:1 - ext4 /dev/sdb1 rw
    """
    mounts = []
    for line in text.split("\n"):
        before, dash, after = line.partition(" - ")
        head, tail = before.split(" "), after.split(" ")
        device = re.fullmatch(r"(\d+):(\d+)", head[2]) if len(head) >= 6 else None
        if not dash or len(tail) < 2 or device is None or not head[0].isdecimal():
            continue
        mounts.append(
            Mount(
                mount_point=_unescape(head[4]),
                file_system=_unescape(tail[0]),
                source=_unescape(tail[1]),
                mount_id=int(head[0]),
                device=(int(device[1]), int(device[2])),
                root=_unescape(head[3]),
            )
        )
    return tuple(mounts)


def parse_mount_listing(text: str) -> tuple[Mount, ...]:
    """The mounts that macOS's `mount` prints: `/dev/disk4s1 on /Volumes/CARD (exfat, local, nodev)`."""
    pattern = re.compile(r"(?P<source>.+?) on (?P<point>/.*) \((?P<type>[^(),]+)(?:, [^()]*)?\)")
    found = (pattern.fullmatch(line) for line in text.split("\n"))
    return tuple(Mount(match["point"], match["type"], match["source"]) for match in found if match)


def _linux_mount(path: Path) -> Mount:
    """The mount that the kernel itself finds: right also for mounts that hide another, and for btrfs."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        fields = Path(f"/proc/self/fdinfo/{descriptor}").read_text().split()
    finally:
        os.close(descriptor)
    mount_id = int(fields[fields.index("mnt_id:") + 1])
    found = (mount for mount in _linux_mounts() if mount.mount_id == mount_id)
    return next(found, Mount(str(mount_point_of(path)), "unknown", "unknown"))


def _linux_mounts() -> tuple[Mount, ...]:
    return parse_mountinfo(os.fsdecode(MOUNTINFO.read_bytes()))


def _listed_mounts() -> tuple[Mount, ...]:
    listing = subprocess.run(["/sbin/mount"], capture_output=True, check=False, timeout=10).stdout
    return parse_mount_listing(os.fsdecode(listing))


def _listed_mount(path: Path) -> Mount:
    mount_point = str(mount_point_of(path))
    found = (mount for mount in _listed_mounts() if mount.mount_point == mount_point)
    return next(found, Mount(mount_point, "unknown", "unknown"))


def _unescape(field: str) -> str:
    """The kernel writes space, tab, newline and backslash as three octal digits after a backslash."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda match: chr(int(match[1], 8)), field)
