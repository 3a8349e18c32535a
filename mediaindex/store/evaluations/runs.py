"""The evaluations themselves: begun, ended, and of a killed one, that it never ended.

They are in the order of their ids, whatever the clock said. Like notes they need no writer lock: each
function takes a connection inside a short transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.safe_text import storable
from mediaindex.store.catalog.database import active_space_id
from mediaindex.store.catalog.schema import space
from mediaindex.store.evaluations.tables import evaluation

KEPT = 800
"""Evaluations at the most, two years of nights; the oldest go first, with their figures."""
YEAR_SECONDS = 365.25 * 86_400


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One that ended.

    Attributes:
        started_at: Unix time.
        space_digest: of the encoder that served searches then, None where none did.
        regression: as the JSON of `eval` has it, None without one to compare with.
    """

    id: int
    started_at: float
    space_digest: str | None
    regression: Mapping[str, Any] | None
    line: str

    @property
    def when(self) -> datetime.datetime:
        """When it began, in this machine's zone."""
        return datetime.datetime.fromtimestamp(self.started_at).astimezone()


@dataclass(frozen=True, slots=True)
class LastEvaluation:
    """What is told of the last evaluation.

    Attributes:
        at: when it began, ISO 8601 with its zone. line: one sentence for a person.
        regressed: whether a figure had fallen for certain.
        report: its page, None where none was written.
        older_than_space: whether another encoder served searches then.
        id: its number.
    """

    at: str
    line: str
    regressed: bool
    report: Path | None
    older_than_space: bool
    id: int


def begin(connection: Connection, *, versions: Mapping[str, str], settings: Mapping[str, Any]) -> int:
    """Open an evaluation; its id."""
    values = {
        "started_at": time.time(),
        "state": "open",
        "space_digest": _serving_digest(connection),
        "versions": dict(versions),
        "settings": dict(settings),
        "tested": False,
        "line": "",
    }
    new = sa.insert(evaluation).values(**values).returning(evaluation.c.id)
    return int(connection.execute(new).scalar_one())


def interrupt(connection: Connection) -> list[datetime.datetime]:
    """Mark evaluations that never ended; when they began. For the only process that evaluates."""
    gone = sa.update(evaluation).where(evaluation.c.state == "open").values(state="interrupted")
    began = connection.execute(gone.returning(evaluation.c.started_at)).scalars()
    return [datetime.datetime.fromtimestamp(at).astimezone() for at in began]


def end(
    connection: Connection,
    number: int,
    *,
    line: str,
    regression: Mapping[str, Any] | None,
    tested: bool,
    report: Path | None,
) -> None:
    """Close an evaluation, and let the oldest go."""
    values = {
        "ended_at": time.time(),
        "state": "done",
        "line": storable(line),
        "regression": None if regression is None else dict(regression),
        "tested": tested,
        "report": report,
    }
    connection.execute(sa.update(evaluation).where(evaluation.c.id == number).values(**values))
    newest = sa.select(evaluation.c.id).order_by(evaluation.c.id.desc()).limit(1).offset(KEPT)
    connection.execute(sa.delete(evaluation).where(evaluation.c.id <= newest.scalar_subquery()))


def last(connection: Connection, count: int = 1) -> list[Evaluation]:
    """The evaluations that ended, the newest first."""
    columns = [evaluation.c[name] for name in Evaluation.__slots__]
    ended = sa.select(*columns).where(evaluation.c.state == "done")
    rows = connection.execute(ended.order_by(evaluation.c.id.desc()).limit(count))
    return [Evaluation(**row._mapping) for row in rows]


def last_evaluation(connection: Connection) -> LastEvaluation | None:
    """What `status` and the interface tell of the last one; None where none ended."""
    newest = last(connection)
    if not newest:
        return None
    one = newest[0]
    report = connection.execute(sa.select(evaluation.c.report).where(evaluation.c.id == one.id)).scalar()
    return LastEvaluation(
        one.when.isoformat(timespec="seconds"),
        one.line,
        bool(one.regression and one.regression.get("regressed")),
        report,
        one.space_digest != _serving_digest(connection),
        one.id,
    )


def tests_within_a_year(connection: Connection) -> int:
    """How many evaluations of the last year spent a test; those that the clock has in the future too."""
    spent = evaluation.c.tested & (evaluation.c.started_at > time.time() - YEAR_SECONDS)
    return int(connection.execute(sa.select(sa.func.count()).where(spent)).scalar_one())


def _serving_digest(connection: Connection) -> str | None:
    serving = active_space_id(connection)
    return connection.execute(sa.select(space.c.digest).where(space.c.id == serving)).scalar()
