"""The reconciler's decision on one file: its kind, its reason, and the effects to be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from mediaindex.media import FileEvent
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.vectors.spaces import Unembedded

if TYPE_CHECKING:
    import sqlalchemy as sa

ContentKey = tuple[int, str]
"""Size and partial hash: files that agree in both count as one content until the full hash is known."""

Kind = Literal["known", "moved", "copy", "decode", "wait", "leave alone", "examine"]
Cause = Literal["being read", "forgotten", "no film", "failed before", "unreadable", "gone"]


class Effect(Protocol):
    """One change of the catalog."""

    def apply(self, connection: sa.Connection) -> Unembedded | None:
        """Write it; returns the video whose frames are to be embedded now, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class DecodeTask:
    """A file whose content must be decoded.

    Attributes:
        volume_id: the catalog's number of its volume. root: the watched root that it belongs to.
    """

    event: FileEvent
    partial_hash: str
    volume_id: int
    root: Path

    @property
    def content_key(self) -> ContentKey:
        """Equal for files that look the same."""
        return self.event.size, self.partial_hash


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one file.

    Attributes:
        kind: `examine` where path, size and mtime do not decide and the content must be looked at;
            `wait` where another file of the same content is on its way to the decoder.
        reason: for a person.
        effects: to be written, in this order.
        task: what is to be decoded, with `decode` and `wait`, and with `moved` where frames are lacking.
        cause: why a file is left alone.
        failure: what the catalog holds against it, with the causes `failed before` and `unreadable`.
        moved_from: the path at which a moved file was known.
    """

    kind: Kind
    event: FileEvent
    reason: str
    effects: tuple[Effect, ...] = ()
    task: DecodeTask | None = None
    cause: Cause | None = None
    failure: Failure | None = None
    moved_from: Path | None = None
