"""Paths as they are typed, and the names by which the catalog knows what lies there.

The catalog keeps the name that the user gave a source by, which may lead through links: it says more than
the real one, and stays the same where the link is pointed elsewhere. A shell that stands in a linked folder
gives its real name. So every path that is typed is turned into the catalog's name, here and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.errors import UsageError
from mediaindex.sources.path_tree import absolute, lies_below
from mediaindex.sources.places.presence import presence_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.store.library import Library


def absolute_unless_empty(text: str) -> Path:
    """The absolute path of a file to read or write, where an empty text would name the current folder.

    Raises:
        UsageError: the text is empty.
    """
    if not text:
        raise UsageError("a path is empty")
    return absolute(text)


def stored_name(library: Library, path: Path) -> Path:
    """The name by which the catalog knows what lies at an absolute path, or would know it.

    It is the path itself where the catalog knows it so, or where no source leads there.
    """
    return names_of_place(library, path)[0]


def stored_names(library: Library, path: Path) -> tuple[Path, ...]:
    """Every name by which the catalog knows what lies at an absolute path or below it, at least one.

    More than one where sources are links to what lies below it, or where there are two sources of one folder.
    """
    inside = [source for source in _sources(library) if lies_below(os.path.realpath(source), _real(path))]
    return tuple(dict.fromkeys([*names_of_place(library, path), *inside]))


def names_of_place(library: Library, path: Path) -> list[Path]:
    """The names by which the catalog knows what lies at a path itself; else the one that it would give it."""
    from mediaindex.store.catalog import locations

    aliases = [*_aliases(path, _sources(library))]
    with library.read() as connection:
        known = [name for name in (path, *aliases) if locations.is_anything_known(connection, name)]
        if not known:
            # Links within a source, and files that lie in no source.
            further = [*_aliases(path, locations.folders_of_locations(connection))]
            known = [name for name in further if locations.is_anything_known(connection, name)]
            aliases += further
    return known or [*aliases, path][:1]


def _sources(library: Library) -> list[Path]:
    from mediaindex.store.catalog import sources

    with library.read() as connection:
        return [source.path for source in sources.all_sources(connection)]


def _aliases(path: Path, folders: Iterable[Path]) -> Iterator[Path]:
    """The names of a path by way of those folders in whose real folder it lies."""
    real = _real(path)
    for folder in folders:
        real_folder = os.path.realpath(folder)
        if lies_below(real, real_folder):
            yield folder / os.path.relpath(real, real_folder)


def _real(path: Path) -> str:
    """The path without links, except for a file that is one: it keeps its name."""
    if os.path.isdir(path):  # unlike pathlib's, it raises nothing where the path cannot be seen
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(path.parent), path.name)


def absence(connection: sa.Connection, path: Path) -> str:
    """Why a known path cannot be found now, for a person: gone, not readable, or on a drive that is away."""
    from mediaindex.sources.places.volumes import is_online
    from mediaindex.store.catalog.volumes import volume_of_path

    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    volume = volume_of_path(connection, path, Path(os.path.realpath(path)))
    if volume is None or is_online(volume.mount_point, volume.uid):
        return "gone: it was moved or deleted"
    return f"offline: plug in {volume.label or volume.mount_point}"


def check_root(library: Library, path: Path) -> None:
    """A path must exist, or be known as one whose drive is unplugged.

    Raises:
        UsageError: it is neither, cannot be read, or lies inside the library.
    """
    from mediaindex.store.catalog import locations

    if lies_below(_real(path), os.path.realpath(library.root)):
        raise UsageError(f"{path} lies inside the library {library.root}; index the folder of your videos")
    match presence_of(path):
        case "unreadable":
            raise UsageError(f"{path} cannot be read; check its permissions and its disk")
        case "present":
            if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
                raise UsageError(f"{path} cannot be read; check its permissions")
            if not os.path.exists(path):
                raise UsageError(f"{path} is a link to nothing; check where it should lead")
            return
    with library.read() as connection:
        if not locations.locations_below(connection, [path]):
            raise UsageError(f"{path} does not exist; check the spelling, or plug in its drive")
