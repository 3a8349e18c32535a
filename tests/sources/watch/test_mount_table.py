"""What was mounted and unmounted since the last look."""

from __future__ import annotations

import pytest

from mediaindex.sources.places.mount_listing import Mount
from mediaindex.sources.watch import mount_table
from mediaindex.sources.watch.mount_table import MountTable


def test_mounts_are_compared_with_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [Mount("/", "ext4", "/dev/sda1", 1), Mount("/card", "exfat", "/dev/sdb1", 2)]
    monkeypatch.setattr(mount_table, "system_mounts", lambda: tuple(now))
    table = MountTable()
    assert table.changed() == frozenset()
    now[1] = Mount("/card", "exfat", "/dev/sdb1", 3)
    assert table.changed() == {"/card"}
    del now[1]
    assert table.changed() == {"/card"}
    monkeypatch.setattr(mount_table, "LISTING_SECONDS", 3600.0)
    now.clear()
    assert table.changed() == frozenset()
