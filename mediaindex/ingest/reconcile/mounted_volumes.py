"""Which of the library's volumes are mounted now, and where: a drive at another place is the same drive."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from mediaindex.sources.volumes import (
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
    """Let the places of volumes that are mounted elsewhere than before begin with the new mount point.

    Returns:
        How many volumes moved.
    """
    with library.read() as connection:
        known = volumes.known_volumes(connection)
    absent = [found for found in known if not is_online(found.mount_point, found.uid)]
    if not absent:
        return 0
    now = {volume.uid: volume.mount_point for volume in mounted_volumes()}
    moved = [(volume, now[volume.uid]) for volume in absent if volume.uid in now]
    for volume, mount_point in moved:
        logger.info("the volume of %s is now at %s", volume.mount_point, mount_point)
        with library.write() as connection:
            volumes.move_volume(connection, volume, mount_point)
    return len(moved)


class MountedVolumes:
    """The volume of each path, asked of the system and looked up in the catalog, for one pass."""

    def __init__(self, library: Library) -> None:
        self._library = library
        with library.read() as connection:
            self._known = {volume.id: volume for volume in volumes.known_volumes(connection)}
        # By folder, since one device can be mounted at two places; by device, since one may be unplugged.
        self._ids: dict[tuple[int, Path], int] = {}

    def volume_id(self, path: Path) -> int:
        """The catalog's number of the volume on which an existing path lies; a new volume is recorded."""
        status = os.stat(path)
        key = status.st_dev, path if path.is_dir() else path.parent
        if key not in self._ids:
            self._ids[key] = self._look_up(path)
        return self._ids[key]

    def _look_up(self, path: Path) -> int:
        found = volume_of(path)
        number = next((volume.id for volume in self._known.values() if volume.uid == found.uid), None)
        if number is None:
            with self._library.write() as connection:
                number = volumes.ensure_volume(
                    connection, uid=found.uid, label=found.label, mount_point=found.mount_point
                )
            self._known[number] = volumes.KnownVolume(number, found.uid, found.mount_point)
        return number

    def is_mounted(self, place: Location) -> bool:
        """Whether the volume of a place is there now, with the file or without it.

        Where a drive is unplugged, the folders that are left belong to the volume below it.
        """
        return self.volume_id(nearest_existing(place.path)) == place.volume_id

    def would_be_there(self, path: Path) -> bool:
        """Whether a path would exist if its file did: the volume that its name leads to is mounted."""
        holding = volumes.volume_holding(self._known.values(), path)
        return holding is None or self.volume_id(nearest_existing(path)) == holding.id

    def is_elsewhere(self, place: Location, path: Path) -> bool:
        """Whether a place and a path are the same file of a drive that the system gives no name.

        Such a drive, unplugged and mounted elsewhere, is told by its files: same content, and the same
        path from the mount point on.
        """
        volume = self._known.get(place.volume_id)
        if volume is None or not is_named_by_place(volume.uid, volume.mount_point):
            return False
        here = self._known[self.volume_id(path)]
        if here.id == volume.id or here.mount_point not in path.parents or self.is_mounted(place):
            return False
        inside = volume.mount_point in place.path.parents
        return inside and (place.path.relative_to(volume.mount_point) == path.relative_to(here.mount_point))
