"""The file system under a path, by a name that survives unplugging, and whether a library may live there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from mediaindex.errors import NoSpace
from mediaindex.safe_text import storable
from mediaindex.sources.places.mount_listing import Mount, mount_of, system_mounts

Kind = Literal["local", "network", "fat"]

# By the kernel's names on Linux and macOS. 9p is WSL2's view of the Windows disks.
FAT = frozenset({"vfat", "msdos", "exfat", "fat", "umsdos"})
_NETWORK = """
nfs nfs4 cifs smb smb2 smb3 smbfs afpfs webdav davfs ncpfs afs ceph glusterfs lustre beegfs gpfs orangefs
pvfs2 9p drvfs vboxsf vmhgfs prl_fs ftp
"""
NETWORK = frozenset(_NETWORK.split())
_NETWORK_FUSE = """
sshfs rclone s3fs goofys mountpoint-s3 gcsfuse blobfuse blobfuse2 gvfsd-fuse kio-fuse davfs davfs2
curlftpfs smbnetfs fusesmb glusterfs ceph ceph-fuse juicefs seaweedfs moosefs mfs google-drive-ocamlfuse
onedriver vmhgfs-fuse portal
"""
NETWORK_FUSE = frozenset(_NETWORK_FUSE.split())
# File systems whose statvfs number is made of their own UUID (of the others it is the device's number).
NUMBERED = frozenset({"btrfs", "ext2", "ext3", "ext4", "tmpfs", "zfs"})

DISKS = Path("/dev/disk")


class Volume(NamedTuple):
    """A file system as the library remembers it.

    Attributes:
        uid: the same whenever and wherever this volume is mounted, as far as the system tells.
        label: what a person calls it.
        mount_point: where it is mounted now.
        file_system: the kernel's name of its type, "unknown" where it is not listed.
    """

    uid: str
    label: str
    mount_point: Path
    kind: Kind
    file_system: str


def volume_of(path: Path) -> Volume:
    """The volume that a path lies on, or would lie on if it existed.

    Raises:
        OSError: nothing of the path can be read.
    """
    existing = nearest_existing(path)
    return _volume(mount_of(existing), existing)


def mounted_volumes() -> list[Volume]:
    """Every volume that is mounted now and has a name of its own, the newest mount first."""
    found = [_volume(mount, Path(mount.mount_point)) for mount in reversed(system_mounts())]
    return [volume for volume in found if not is_named_by_place(volume.uid, volume.mount_point)]


def is_named_by_place(uid: str, mount_point: Path) -> bool:
    """Whether the system gives a volume no name of its own, so that only its place tells it from others."""
    return uid.partition(":")[2] == storable(str(mount_point))


def _volume(mount: Mount, path: Path) -> Volume:
    return Volume(
        uid=storable(_uid(mount, path)),
        label=storable(_label(mount)),
        mount_point=Path(mount.mount_point),
        kind=kind_of(mount.file_system),
        file_system=mount.file_system,
    )


def is_online(path: Path, uid: str) -> bool:
    """Whether `path` would be found: it lies on the volume `uid`, which is mounted there now.

    Where a drive is unplugged, what is left of the path belongs to the volume below it.
    """
    try:
        return volume_of(path).uid == uid
    except OSError:
        return False


def refuse_unfit(path: Path) -> None:
    """Check that a library can live at `path` (LanceDB needs hard links, SQLite shared memory).

    Raises:
        NoSpace: it lies on a network or FAT file system, or has a name that LanceDB cannot write.
    """
    if re.search("[\x00-\x1f\x7f\ud800-\udfff]", str(path)):
        raise NoSpace(
            f"{path} has a control character or a byte that is no UTF-8 in its name, where a library cannot "
            "live: choose another folder with --library; the videos may stay where they are"
        )
    volume = volume_of(path)
    if volume.kind == "local":
        return
    what = "a network" if volume.kind == "network" else "a FAT"
    raise NoSpace(
        f"{path} lies on {what} file system ({volume.file_system} at {volume.mount_point}), where a library "
        "cannot live: choose a folder on a local disk with --library; the videos may stay where they are"
    )


def kind_of(file_system: str) -> Kind:
    """The kind of a file system, by the kernel's name of its type."""
    name = file_system.lower()
    if name in FAT:
        return "fat"
    if name in NETWORK or name.removeprefix("fuse.") in NETWORK_FUSE:
        return "network"
    return "local"


def block_device_of(path: Path) -> tuple[int, int] | None:
    """(major, minor) of the block device that a path lies on, None where there is none or nobody says.

    Raises:
        OSError: nothing of the path can be read.
    """
    if sys.platform != "linux":
        return None
    mount = mount_of(nearest_existing(path))
    # Of btrfs the listed number is its own, major 0; the source names the disk.
    listed = mount.device if mount.device is not None and mount.device[0] else None
    return _block_device(Path(mount.source)) or listed


def nearest_existing(path: Path) -> Path:
    """The path itself, absolute, or the closest folder above it that exists."""
    path = Path(os.path.abspath(path))
    while not os.path.exists(path) and path != path.parent:
        path = path.parent
    return path


def _uid(mount: Mount, path: Path) -> str:
    """A name that is the same wherever the volume is mounted; the place where the system knows none.

    A folder of a file system that is mounted alone (bind mount, btrfs subvolume) is a volume of its own.
    """
    inside = "" if mount.root == "/" else mount.root
    if kind_of(mount.file_system) == "network" and re.search("[:/]", mount.source):
        return f"{mount.file_system}:{mount.source}{inside}"
    if (uuid := _disk_name(mount, "by-uuid")) is not None:
        return f"uuid:{uuid}{inside}"
    if (number := _own_number(mount, path)) is not None:
        return f"fsid:{number:016x}{inside}"
    # The device's number is of no use here: it changes when a drive is plugged in again.
    return f"{mount.file_system}:{mount.mount_point}"


def _own_number(mount: Mount, path: Path) -> int | None:
    """The number that a file system gives itself, where it is no device number in disguise."""
    if mount.file_system not in NUMBERED:
        return None
    try:
        return os.statvfs(path).f_fsid or None
    except OSError:
        return None


def _label(mount: Mount) -> str:
    if kind_of(mount.file_system) == "network":
        return mount.source
    return _disk_name(mount, "by-label") or Path(mount.mount_point).name or mount.mount_point


def _disk_name(mount: Mount, folder: Literal["by-uuid", "by-label"]) -> str | None:
    """The name under /dev/disk/FOLDER that leads to the mount's block device."""
    numbers = {mount.device, _block_device(Path(mount.source))} - {None}
    try:
        links = sorted((DISKS / folder).iterdir())
    except OSError:
        return None
    found = (link.name for link in links if _block_device(link) in numbers)
    name = next(found, None)
    return None if name is None else re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), name)


def _block_device(path: Path) -> tuple[int, int] | None:
    try:
        number = os.stat(path).st_rdev if path.is_absolute() else 0
    except OSError:
        return None
    return (os.major(number), os.minor(number)) if number else None
