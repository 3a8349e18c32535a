"""What is mounted where: Linux's mountinfo, and what macOS prints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.places.mount_listing import (
    Mount,
    mount_of,
    mount_point_of,
    parse_mount_listing,
    parse_mountinfo,
    system_mounts,
)


def escaped(text: str) -> str:
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in text)


def test_a_mountinfo_line_is_read_with_its_escapes_and_optional_fields() -> None:
    text = (
        "36 35 98:0 /root /mnt/my\\040disk\\134x rw,noatime master:1 shared:2 - ext4 /dev/sdb1 rw\n"
        "40 36 0:44 / /mnt/share rw - nfs4 nas:/films rw,vers=4.2\n"
    )
    assert parse_mountinfo(text) == (
        Mount("/mnt/my disk\\x", "ext4", "/dev/sdb1", 36, (98, 0), "/root"),
        Mount("/mnt/share", "nfs4", "nas:/films", 40, (0, 44)),
    )


@pytest.mark.parametrize(
    "line", ["", "36 35", "a b c d e f - g h", "36 35 98:0 / / rw ext4 /dev/sdb1 rw", " - "]
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert parse_mountinfo(line) == ()


@given(st.text())
def test_no_text_breaks_the_parsers(text: str) -> None:
    assert isinstance(parse_mountinfo(text), tuple)
    assert isinstance(parse_mount_listing(text), tuple)


@given(
    point=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    source=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    optional=st.lists(st.sampled_from(["shared:1", "master:2", "unbindable"]), max_size=3),
)
def test_any_mount_point_survives_mountinfo(point: str, source: str, optional: list[str]) -> None:
    head = ["7", "1", "8:17", "/", escaped("/" + point), "rw", *optional]
    line = " ".join([*head, "-", "ext4", escaped(source), "rw"])
    assert parse_mountinfo(line + "\n") == (Mount("/" + point, "ext4", source, 7, (8, 17)),)


def test_the_listing_of_macos_is_read() -> None:
    text = (
        "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n"
        "/dev/disk4s1 on /Volumes/CARD (2) (exfat, local, nodev)\n"
        "//guest@nas/films on /Volumes/films (smbfs, nodev, nosuid)\n"
        "map auto_home on /System/Volumes/Data/home (autofs)\n"
        "nonsense\n"
    )
    assert [(m.mount_point, m.file_system, m.source) for m in parse_mount_listing(text)] == [
        ("/", "apfs", "/dev/disk3s1s1"),
        ("/Volumes/CARD (2)", "exfat", "/dev/disk4s1"),
        ("/Volumes/films", "smbfs", "//guest@nas/films"),
        ("/System/Volumes/Data/home", "autofs", "map auto_home"),
    ]


def test_the_mount_of_a_real_path_is_among_those_the_system_lists(tmp_path: Path) -> None:
    mount = mount_of(tmp_path)
    assert mount in system_mounts() or mount.file_system == "unknown"
    assert mount_point_of(tmp_path) == Path(os.path.realpath(mount.mount_point))


def test_a_path_that_is_gone_lies_on_no_mount(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        mount_of(tmp_path / "gone")


def test_the_system_lists_its_mounts() -> None:
    assert "/" in {mount.mount_point for mount in system_mounts()}
