"""digests.json of a backup: the SHA-256 of each of its files, so that a flipped bit is told.

    {"format": 1, "files": {path in the backup: digest}, "digest": of the files, as they stand here}

Backups of earlier versions have none: nothing is known of their files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mediaindex.errors import StoreError
from mediaindex.store.layout import private, sync_path

DIGESTS = "digests.json"
FORMAT = 1
LARGEST_BYTES = 1 << 29


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(path: Path, digest: str) -> bool:
    """Whether a file can be read from end to end and holds what was written."""
    try:
        return digest_of(path) == digest
    except OSError:
        return False


def read_digests(folder: Path) -> dict[str, str]:
    """Path in the backup → digest; nothing where the backup has no digests.

    Raises:
        StoreError: digests.json is damaged.
    """
    path = folder / DIGESTS
    try:
        with path.open("rb") as file:
            fields: Any = json.loads(file.read(LARGEST_BYTES))
        files = {str(name): str(digest) for name, digest in fields["files"].items()}
        if fields.keys() != {"format", "files", "digest"} or fields["digest"] != _digest_of_all(files):
            raise ValueError("its own digest does not fit")
        if fields["format"] != FORMAT:
            raise StoreError(f"{path} was written by another mediaindex; update this one")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error
    return files


def write_digests(folder: Path, digests: Mapping[str, str], partial: str) -> None:
    """Write digests.json; until the new one is whole, the old one stays.

    Args:
        partial: suffix of the file that is being written.

    Raises:
        OSError: the folder cannot be written.
    """
    temporary = folder / f"{DIGESTS}{partial}"
    files = dict(sorted(digests.items()))
    try:
        with open(temporary, "w", encoding="utf-8", opener=private) as file:
            json.dump({"format": FORMAT, "files": files, "digest": _digest_of_all(files)}, file, indent=0)
        sync_path(temporary)
        temporary.replace(folder / DIGESTS)
    finally:
        temporary.unlink(missing_ok=True)


def damaged_files(
    folder: Path,
    digests: Mapping[str, str],
    present: Iterable[tuple[Path, int]],
    progress: Callable[[int, int], None],
) -> set[str]:
    """The names of those files of a backup that are gone, or hold something else than was written.

    Args:
        present: the files that are there, with their sizes; names that lead elsewhere are not opened.
        progress: called with (bytes read, bytes of all).
    """
    sizes = {path.relative_to(folder).as_posix(): size for path, size in present}
    known = {name: size for name, size in sizes.items() if name in digests}
    damaged = set(digests) - set(known)
    done_bytes, total_bytes = 0, sum(known.values())
    for name, size in known.items():
        if not holds(folder / name, digests[name]):
            damaged.add(name)
        done_bytes += size
        progress(done_bytes, total_bytes)
    return damaged


def _digest_of_all(files: Mapping[str, str]) -> str:
    text = json.dumps(files, sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
