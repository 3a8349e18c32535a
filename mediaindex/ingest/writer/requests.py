"""Requests to the writer: one frozen value a kind, and its form in a row of the queue."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mediaindex.errors import UsageError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """Bring the library up to date with files and folders.

    Attributes:
        automatic: whether the watcher began this pass, see `Reconciler`.
        looks_first: where much is new, each file gets a first look before any is decoded in full.
        confirm: check with the full hash what size and partial hash identified.
        redecode: decode also what is known.
        encoder: the name of the encoder to index with; None for the one that serves.
        cache_limit_mib: of the frame cache; None for the writer's own.
    """

    kind: ClassVar[str] = "index"
    paths: tuple[Path, ...]
    automatic: bool = False
    looks_first: bool = False
    confirm: bool = True
    redecode: bool = False
    encoder: str | None = None
    cache_limit_mib: int | None = None


@dataclass(frozen=True, slots=True)
class ConfirmRequest:
    """Read in full what size and partial hash identified below these roots, and index what differs."""

    kind: ClassVar[str] = "confirm"
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class TidyRequest:
    """Remove what the user forgot 30 days ago, and what has been missing for longer than this."""

    kind: ClassVar[str] = "tidy"
    forget_after_seconds: float


@dataclass(frozen=True, slots=True)
class UseRequest:
    """Embed all cached frames with another encoder, then let it serve."""

    kind: ClassVar[str] = "use"
    encoder: str
    cache_limit_mib: int | None = None


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """Hide paths for 30 days, show them again (`undo`), or remove them now.

    Attributes:
        paths: without any, `undo` shows again what was hidden at `at`.
        at: Unix time at which the user asked, so that a request that is begun again concerns the same places.
        dry_run: only return what would be done.
    """

    kind: ClassVar[str] = "forget"
    paths: tuple[Path, ...]
    at: float = field(default_factory=time.time)
    undo: bool = False
    now: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """Try failed files again: those below these paths, all without any."""

    kind: ClassVar[str] = "retry"
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Check that both stores agree; with `repair`, mend them."""

    kind: ClassVar[str] = "check"
    repair: bool = False


@dataclass(frozen=True, slots=True)
class CompactRequest:
    """Bring the library to its smallest and quickest form."""

    kind: ClassVar[str] = "compact"
    cache_limit_mib: int | None = None


Request = (
    IndexRequest
    | ConfirmRequest
    | TidyRequest
    | UseRequest
    | ForgetRequest
    | RetryRequest
    | CheckRequest
    | CompactRequest
)
KINDS: Mapping[str, type[Request]] = {
    kind.kind: kind
    for kind in (
        IndexRequest,
        ConfirmRequest,
        TidyRequest,
        UseRequest,
        ForgetRequest,
        RetryRequest,
        CheckRequest,
        CompactRequest,
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: the JSON of the command, its exit code, and the error's line if any."""

    result: Json
    exit_code: int
    error: str | None = None


Perform = Callable[[Request, Callable[[Json], None]], Outcome]
"""Carries out a request with the lock held, telling a callback of its progress."""


def arguments_of(request: Request) -> Json:
    """The request's values as JSON, which a row beside its kind keeps."""
    values = dataclasses.asdict(request)
    if "paths" in values:
        values["paths"] = [str(path) for path in values["paths"]]
    return values


def request_of(kind: str, arguments: Json) -> Request:
    """The request that a row describes; values that this version does not know are left out.

    Raises:
        UsageError: a newer mediaindex wrote a kind that is unknown here, or a value is missing.
    """
    known = KINDS.get(kind)
    if known is None:
        raise UsageError(f"this mediaindex knows no request {kind!r}; update it")
    names = {field.name for field in dataclasses.fields(known)}
    values = {name: value for name, value in arguments.items() if name in names}
    try:
        if "paths" in values:
            values["paths"] = tuple(Path(path) for path in values["paths"])
        return known(**values)
    except TypeError as error:
        raise UsageError(f"the request {kind!r} cannot be read ({error}); run the command again") from error
