"""Which of the library's volumes are mounted now, and where; a drive that moves keeps its identity."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

from mediaindex.sources.path_tree import lies_below
from mediaindex.sources.places.volumes import (
    is_named_by_place,
    is_online,
    mounted_volumes,
    nearest_existing,
    volume_of,
)
from mediaindex.store.catalog import volumes
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)


def recognise(library: Library) -> int:
    """Give the locations of volumes that moved the new mount point.

    Returns:
        How many volumes moved.
    """
    with library.read() as connection:
        known = volumes.known_volumes(connection)
    absent = [volume for volume in known if not is_online(volume.mount_point, volume.uid)]
    if not absent:
        return 0
    mount_points = {volume.uid: volume.mount_point for volume in mounted_volumes()}
    # One whose mount point cannot be read seems absent, and is listed where it was.
    moved = [
        (volume, mount_points[volume.uid])
        for volume in absent
        if mount_points.get(volume.uid, volume.mount_point) != volume.mount_point
    ]
    for volume, mount_point in moved:
        logger.info("the volume of %s is now at %s", volume.mount_point, mount_point)
        with library.write() as connection:
            volumes.move_volume(connection, volume, mount_point)
    return len(moved)


class MountedVolumes:
    """The volume of each path, looked up in the system and the catalog once for each folder of a pass."""

    def __init__(self, library: Library) -> None:
        self._library = library
        with library.read() as connection:
            self._known = {volume.id: volume for volume in volumes.known_volumes(connection)}
        # Keyed by device and folder: a device can be mounted twice, and a folder's device can change.
        self._ids: dict[tuple[int, Path], int] = {}

    def volume_id(self, path: Path) -> int:
        """The catalog's number of the volume on which an existing path lies; a new volume is recorded."""
        status = os.stat(path)
        key = status.st_dev, path if stat.S_ISDIR(status.st_mode) else path.parent
        if key not in self._ids:
            self._ids[key] = self._look_up(path)
        return self._ids[key]

    def _look_up(self, path: Path) -> int:
        mounted = volume_of(path)
        number = next((volume.id for volume in self._known.values() if volume.uid == mounted.uid), None)
        if number is None:
            with self._library.write() as connection:
                number = volumes.ensure_volume(
                    connection, uid=mounted.uid, label=mounted.label, mount_point=mounted.mount_point
                )
            self._known[number] = volumes.KnownVolume(number, mounted.uid, mounted.mount_point)
        return number

    def is_mounted(self, place: Location) -> bool:
        """Whether the volume of a place is mounted now, with the file or without it.

        After a drive is unplugged, the folders that remain belong to the volume of the mount point.
        """
        return self._id_above(place.path) == place.volume_id

    def would_be_there(self, path: Path) -> bool:
        """Whether the volume that a path names is mounted, so that its absence means a deletion."""
        holding = volumes.volume_holding(self._known.values(), path)
        return holding is None or self._id_above(path) == holding.id

    def _id_above(self, path: Path) -> int | None:
        """The volume of what is there of a path; None where not even that can be read."""
        try:
            return self.volume_id(nearest_existing(path))
        except OSError:
            return None

    def is_elsewhere(self, place: Location, path: Path) -> bool:
        """Whether a place and a path are the same file of a drive that the system gives no name.

        Such a drive, mounted elsewhere, is recognised by its files: the same content at the same path below
        the mount point.
        """
        volume = self._known.get(place.volume_id)
        if volume is None or not is_named_by_place(volume.uid, volume.mount_point):
            return False
        present = self._known[self.volume_id(path)]
        if present.id == volume.id or not lies_below(path, present.mount_point) or self.is_mounted(place):
            return False
        inside = lies_below(place.path, volume.mount_point)
        return inside and (
            place.path.relative_to(volume.mount_point) == path.relative_to(present.mount_point)
        )
