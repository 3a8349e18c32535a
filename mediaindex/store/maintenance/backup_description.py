"""backup.json: whose copy a folder holds, of which schema, and whether it is complete."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaindex.errors import StoreError
from mediaindex.store.layout import private, sync_path
from mediaindex.store.maintenance.copying import PARTIAL

DESCRIPTION = "backup.json"
FORMAT = 1
DIGEST = "digest"
"""Of the other fields; descriptions of earlier versions have none."""
LARGEST_DESCRIPTION_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Description:
    """What backup.json says.

    Attributes:
        library: the library's identity. revision: of its schema. made_at: Unix time.
        vectors: whether all vectors are in the backup.
        complete: False while the first backup into a folder is being written.
    """

    library: str
    revision: str
    made_at: float
    videos: int
    vectors: bool
    complete: bool


class DescriptionDamaged(StoreError):
    """backup.json is there and cannot be read."""


def describe(folder: Path) -> Description | None:
    """What backup.json of a folder says, None where there is none.

    Raises:
        DescriptionDamaged: it is no description of a backup. StoreError: a newer program wrote it.
    """
    path = folder / DESCRIPTION
    try:
        with path.open("rb") as file:
            fields: Any = json.loads(file.read(LARGEST_DESCRIPTION_BYTES))
        digest = fields.pop(DIGEST, None)
        if digest is not None and digest != _digest_of(fields):
            raise ValueError("its own digest does not fit")
        if fields["format"] != FORMAT:
            raise StoreError(f"{path} was written by another mediaindex; update this one")
        if fields.keys() != {"format", *Description.__slots__}:
            raise ValueError("it has other fields")
        return Description(
            str(fields["library"]),
            str(fields["revision"]),
            float(fields["made_at"]),
            int(fields["videos"]),
            fields["vectors"] is True,
            fields["complete"] is True,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DescriptionDamaged(f"{path} is damaged, or no description of a backup: {error}") from error


def write_description(folder: Path, description: Description) -> None:
    """Write backup.json; until the new one is whole, the old one stays.

    Raises:
        OSError: the folder cannot be written.
    """
    temporary = folder / f"{DESCRIPTION}{PARTIAL}"
    fields = {"format": FORMAT, **dataclasses.asdict(description)}
    try:
        with open(temporary, "w", encoding="utf-8", opener=private) as file:
            json.dump({**fields, DIGEST: _digest_of(fields)}, file, indent=1)
        sync_path(temporary)
        temporary.replace(folder / DESCRIPTION)
    finally:
        temporary.unlink(missing_ok=True)


def _digest_of(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode("ascii")).hexdigest()
