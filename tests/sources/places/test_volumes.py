"""Volumes by names that survive unplugging, and the refusal of file systems unfit for a library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.errors import NoSpace
from mediaindex.sources.places import mount_listing, volumes
from mediaindex.sources.places.mount_listing import Mount, mount_point_of
from mediaindex.sources.places.volumes import (
    is_named_by_place,
    is_online,
    kind_of,
    mounted_volumes,
    nearest_existing,
    refuse_unfit,
    volume_of,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/mountinfo")


def pretend(monkeypatch: pytest.MonkeyPatch, mount: Mount) -> None:
    """Let every path lie on `mount`, as a machine without such a file system needs."""
    monkeypatch.setattr(mount_listing, "_linux_mount", lambda _path: mount)
    monkeypatch.setattr(mount_listing, "_listed_mount", lambda _path: mount)


@pytest.mark.parametrize(
    ("file_system", "kind"),
    [
        ("ext4", "local"),
        ("apfs", "local"),
        ("fuseblk", "local"),
        ("fuse.mergerfs", "local"),
        ("NFS4", "network"),
        ("9p", "network"),
        ("fuse.sshfs", "network"),
        ("vfat", "fat"),
        ("exfat", "fat"),
    ],
)
def test_kinds(file_system: str, kind: str) -> None:
    assert kind_of(file_system) == kind


def test_a_real_path_lies_on_the_volume_of_its_folder(tmp_path: Path) -> None:
    volume = volume_of(tmp_path)
    assert volume.kind == "local"
    assert os.path.ismount(volume.mount_point)
    assert os.path.realpath(tmp_path).startswith(str(volume.mount_point))
    assert volume.uid
    assert volume.label
    assert volume_of(tmp_path / "not" / "there" / "yet") == volume
    assert is_online(tmp_path / "film.mp4", volume.uid)
    assert not is_online(tmp_path / "film.mp4", "uuid:other")
    refuse_unfit(tmp_path)


@linux
def test_the_kernel_and_the_walk_upwards_agree_on_the_mount_point() -> None:
    for path in (Path("/"), Path("/proc/self"), Path("/dev"), Path(__file__)):
        assert volume_of(path).mount_point == mount_point_of(path)
    assert volume_of(Path("/proc")).file_system == "proc"


def test_a_path_that_cannot_be_asked_is_not_online(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> Mount:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(mount_listing, "_linux_mount", fail)
    monkeypatch.setattr(mount_listing, "_listed_mount", fail)
    assert not is_online(Path("/mnt/dead"), "uuid:1")


@linux
def test_a_mount_that_is_not_listed_is_local_and_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "mountinfo"
    empty.write_text("")
    monkeypatch.setattr(mount_listing, "MOUNTINFO", empty)
    volume = volume_of(tmp_path)
    assert (volume.file_system, volume.kind) == ("unknown", "local")
    assert volume.mount_point == mount_point_of(tmp_path)


def test_macos_asks_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = mount_point_of(tmp_path)
    listing = f"//guest@nas/films on {point} (smbfs, nodev)\n".encode()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, stdout=listing)
    )
    volume = volume_of(tmp_path)
    assert (volume.uid, volume.kind, volume.label) == (
        "smbfs://guest@nas/films",
        "network",
        "//guest@nas/films",
    )


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        (Mount("/mnt/nas", "nfs4", "nas:/films"), "a network file system (nfs4 at /mnt/nas)"),
        (Mount("/media/CARD", "exfat", "/dev/sdc1"), "a FAT file system (exfat at /media/CARD)"),
    ],
)
def test_a_library_on_an_unfit_file_system_is_refused_by_name(
    mount: Mount, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, mount)
    with pytest.raises(NoSpace) as refused:
        refuse_unfit(tmp_path)
    message = str(refused.value)
    assert words in message
    assert "--library" in message
    assert "\n" not in message
    assert refused.value.exit_code == 7


def test_a_disk_keeps_its_uid_wherever_it_is_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, name in (("by-uuid", "1234-ABCD"), ("by-label", "My\\x20Card"), ("by-uuid", "0-other")):
        (tmp_path / folder).mkdir(exist_ok=True)
        target = "/dev/zero" if name.startswith("0") else "/dev/null"
        (tmp_path / folder / name).symlink_to(target)
    number = os.stat("/dev/null").st_rdev
    monkeypatch.setattr(volumes, "DISKS", tmp_path)
    for point, device in (("/media/a", (os.major(number), os.minor(number))), ("/media/b", (0, 99))):
        pretend(monkeypatch, Mount(point, "btrfs", "/dev/null", device=device))
        volume = volume_of(tmp_path)
        assert (volume.uid, volume.label, volume.mount_point) == ("uuid:1234-ABCD", "My Card", Path(point))


def test_network_shares_are_named_by_their_source_and_others_by_their_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(volumes, "DISKS", tmp_path / "none")
    expected = {
        Mount("/mnt/nas", "cifs", "//nas/films"): ("cifs://nas/films", "//nas/films"),
        Mount("/mnt/cloud", "fuse.s3fs", "s3fs"): ("fuse.s3fs:/mnt/cloud", "s3fs"),
        Mount("/media/Film Disk", "ext4", "/dev/none"): ("ext4:/media/Film Disk", "Film Disk"),
        Mount("/", "overlay", "overlay"): ("overlay:/", "/"),
        Mount("/mnt/part", "nfs4", "nas:/all", root="/films"): ("nfs4:nas:/all/films", "nas:/all"),
    }
    monkeypatch.setattr(volumes, "NUMBERED", frozenset())
    for mount, names in expected.items():
        pretend(monkeypatch, mount)
        volume = volume_of(tmp_path)
        assert (volume.uid, volume.label) == names


def test_a_file_system_with_a_number_of_its_own_is_named_by_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(volumes, "DISKS", tmp_path / "none")
    number = os.statvfs(tmp_path).f_fsid or pytest.skip("this file system has no number")
    for point in ("/media/a", "/media/b"):
        pretend(monkeypatch, Mount(point, "ext4", "/dev/none"))
        assert volume_of(tmp_path).uid == f"fsid:{number:016x}"
    pretend(monkeypatch, Mount("/media/a", "btrfs", "/dev/none", root="/@home"))
    assert volume_of(tmp_path).uid == f"fsid:{number:016x}/@home"
    # Of a file system that numbers itself by its device, the next drive would have the same number.
    pretend(monkeypatch, Mount("/media/a", "exfat", "/dev/none"))
    assert volume_of(tmp_path).uid == "exfat:/media/a"

    def fail(_path: Path) -> os.statvfs_result:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "statvfs", fail)
    pretend(monkeypatch, Mount("/media/a", "ext4", "/dev/none"))
    assert volume_of(tmp_path).uid == "ext4:/media/a"


def test_what_is_mounted_now_is_listed_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = (
        Mount("/", "overlay", "overlay"),
        Mount("/mnt/nas", "cifs", "//nas/films"),
        Mount("/mnt/again", "cifs", "//nas/films"),
    )
    for name in ("_linux_mounts", "_listed_mounts"):
        monkeypatch.setattr(mount_listing, name, lambda: mounts)
    assert [volume.mount_point for volume in mounted_volumes()] == [Path("/mnt/again"), Path("/mnt/nas")]


@pytest.mark.parametrize(
    ("uid", "by_place"),
    [("exfat:/media/card", True), ("nfs4:nas:/media/card", False), ("cifs://media/card", False)],
)
def test_a_volume_named_by_its_place(uid: str, by_place: bool) -> None:
    assert is_named_by_place(uid, Path("/media/card")) is by_place


def test_nearest_existing_of_a_path_below_a_file_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert nearest_existing(tmp_path / "file" / "below") == tmp_path / "file"
    assert nearest_existing(Path("/")) == Path("/")
