"""Rotational disks, found in a tree like Linux's /sys/dev/block."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from mediaindex.ingest.pools.rotational import RotationalDiskLocks, rotational_disk, rotational_disk_of
from mediaindex.sources.places import volumes

SDA, SDA1, SDA2, SDB, NVME = (8, 0), (8, 1), (8, 2), (8, 16), (259, 0)
CRYPT, RAID, VDA = (253, 0), (9, 0), (254, 0)


@pytest.fixture
def block_devices(tmp_path: Path) -> Path:
    """A disk of two partitions, an SSD, an NVMe, an encrypted partition, an array and a virtual disk."""
    devices, links = tmp_path / "devices", tmp_path / "dev" / "block"
    links.mkdir(parents=True)

    def device(
        place: str, number: tuple[int, int], *, rotational: str | None = None, slaves: str = ""
    ) -> Path:
        folder = devices / place
        folder.mkdir(parents=True)
        if rotational is None:
            (folder / "partition").write_text("1\n")
        else:
            (folder / "queue").mkdir()
            (folder / "queue" / "rotational").write_text(rotational + "\n")
        (folder / "slaves").mkdir()
        for slave in slaves.split():
            (folder / "slaves" / Path(slave).name).symlink_to(devices / slave)
        (links / f"{number[0]}:{number[1]}").symlink_to(folder)
        return folder

    device("ata1/block/sda", SDA, rotational="1")
    device("ata1/block/sda/sda1", SDA1)
    device("ata1/block/sda/sda2", SDA2)
    device("ata2/block/sdb", SDB, rotational="0")
    device("nvme0/nvme0n1", NVME, rotational="0")
    device("virtual/block/dm-0", CRYPT, rotational="1", slaves="ata1/block/sda/sda2")
    device("virtual/block/md0", RAID, rotational="0", slaves="ata2/block/sdb virtual/block/dm-0")
    device("pci0/virtio1/block/vda", VDA, rotational="1")
    return links


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (SDA, "sda"),
        (SDA1, "sda"),
        (SDA2, "sda"),
        (SDB, None),
        (NVME, None),
        (CRYPT, "sda"),
        (RAID, "sda"),
        (VDA, None),
        ((1, 1), None),
    ],
)
def test_the_disk_below_a_device(block_devices: Path, device: tuple[int, int], expected: str | None) -> None:
    assert rotational_disk(device, block_devices) == expected


def test_a_ring_of_devices_ends(tmp_path: Path) -> None:
    (tmp_path / "dm-0" / "slaves").mkdir(parents=True)
    (tmp_path / "dm-0" / "slaves" / "dm-0").symlink_to(tmp_path / "dm-0")
    (tmp_path / "253:0").symlink_to(tmp_path / "dm-0")
    assert rotational_disk((253, 0), tmp_path) is None


def test_any_path_gets_an_answer(tmp_path: Path) -> None:
    assert rotational_disk_of(tmp_path) == rotational_disk_of(tmp_path / "not" / "there")
    assert rotational_disk_of(Path("/proc/self")) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says")
def test_a_file_system_without_a_disk_has_no_device() -> None:
    assert volumes.block_device_of(Path("/proc/self")) is None


def test_what_cannot_be_read_is_no_rotational_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: Path) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(volumes, "block_device_of", unreadable)
    assert rotational_disk_of(Path("/anywhere")) is None


def test_other_systems_do_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert rotational_disk_of(Path("/")) is None


def test_a_rotational_disk_has_one_reader_and_others_any_number(
    block_devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one.mp4", tmp_path / "other.mp4"
    one.touch()
    other.touch()
    monkeypatch.setattr(
        "mediaindex.ingest.pools.rotational.rotational_disk_of",
        lambda _path: rotational_disk(SDA1, block_devices),
    )
    locks = RotationalDiskLocks()
    with locks.lock_of(one):
        lock = locks.lock_of(other)
        assert isinstance(lock, type(threading.Lock()))
        assert not lock.acquire(blocking=False)
    assert locks.lock_of(tmp_path / "gone.mp4").__enter__() is None
    monkeypatch.setattr(
        "mediaindex.ingest.pools.rotational.rotational_disk_of",
        lambda _path: rotational_disk(NVME, block_devices),
    )
    locks = RotationalDiskLocks()
    with locks.lock_of(one), locks.lock_of(other):
        pass
