"""The file system under a path, by a name that survives unplugging, and whether a library may live there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mediaindex.errors import NoSpace

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

MOUNTINFO = Path("/proc/self/mountinfo")
DISKS = Path("/dev/disk")


@dataclass(frozen=True, slots=True)
class Mount:
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


@dataclass(frozen=True, slots=True)
class Volume:
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
    mount = _linux_mount(existing) if sys.platform == "linux" else _listed_mount(existing)
    return _volume(mount, existing)


def mounted_volumes() -> list[Volume]:
    """Every volume that is mounted now and has a name of its own, the newest mount first."""
    found = [_volume(mount, Path(mount.mount_point)) for mount in reversed(system_mounts())]
    return [volume for volume in found if not is_named_by_place(volume.uid, volume.mount_point)]


def system_mounts() -> tuple[Mount, ...]:
    """Every mount as the system lists it, the newest last; outside of Linux a process is started for it."""
    return _linux_mounts() if sys.platform == "linux" else _listed_mounts()


def is_named_by_place(uid: str, mount_point: Path) -> bool:
    """Whether the system gives a volume no name of its own, so that only its place tells it from others."""
    return uid.partition(":")[2] == _storable(str(mount_point))


def _volume(mount: Mount, path: Path) -> Volume:
    return Volume(
        uid=_storable(_uid(mount, path)),
        label=_storable(_label(mount)),
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
    mount = _linux_mount(nearest_existing(path))
    # Of btrfs the listed number is its own, major 0; the source names the disk.
    listed = mount.device if mount.device is not None and mount.device[0] else None
    return _block_device(Path(mount.source)) or listed


def nearest_existing(path: Path) -> Path:
    """The path itself, absolute, or the closest folder above it that exists."""
    path = Path(os.path.abspath(path))
    while not os.path.exists(path) and path != path.parent:
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


def mount_point_of(path: Path) -> Path:
    """The closest folder at or above an existing path on which something is mounted."""
    path = Path(os.path.realpath(path))
    while not os.path.ismount(path) and path != path.parent:
        path = path.parent
    return path


def _storable(name: str) -> str:
    """A name as SQLite can hold it as text: bytes that are no UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


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


def _unescape(field: str) -> str:
    """The kernel writes space, tab, newline and backslash as three octal digits after a backslash."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda match: chr(int(match[1], 8)), field)
