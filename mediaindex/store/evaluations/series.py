"""The rows of an evaluation: figures of one ranking in one direction, and what its queries were answered.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.evaluations.tables import evaluation, evaluation_figure, evaluation_series

if TYPE_CHECKING:
    from mediaindex.store.evaluations.query_ranks import QueryRanks

RANKS_KEPT = 30
"""Of so many evaluations it is known what each query was answered; of older ones the figures alone."""


@dataclass(frozen=True, slots=True)
class SeriesName:
    """What is measured every night: nights with the same name are compared.

    Attributes:
        encoder: its name; of the library "", because whatever serves searches is measured there.
        ranking: names a generator by its name. queries_from: captions, picks or known items.
    """

    benchmark: str
    encoder: str
    direction: str
    ranking: str
    queries_from: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Of what a series was measured, which may differ from night to night.

    Attributes:
        digest: of the encoder. generator: digest of the generator, None for a ranking without one.
        figures: by metric: value, low, high.
    """

    digest: str
    generator: str | None
    queries: int
    gallery: int
    figures: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Past:
    """A series in an earlier evaluation; `started_at` is Unix time."""

    evaluation_id: int
    started_at: float
    digest: str
    generator: str | None
    ranks: QueryRanks


@dataclass(frozen=True, slots=True)
class PastFigure:
    """One metric in one evaluation; `started_at` is Unix time."""

    started_at: float
    value: float
    low: float
    high: float
    queries: int
    gallery: int


def add(
    connection: Connection, evaluation_id: int, name: SeriesName, measured: Measured, ranks: QueryRanks
) -> None:
    """Add what was measured to an evaluation."""
    values = {
        "digest": measured.digest,
        "generator": measured.generator,
        "queries": measured.queries,
        "gallery": measured.gallery,
        "ranks": ranks.to_bytes(),
    }
    new = sa.insert(evaluation_series).values(evaluation_id=evaluation_id, **asdict(name), **values)
    number = int(connection.execute(new.returning(evaluation_series.c.id)).scalar_one())
    rows = [{"series_id": number, "metric": metric, **figure} for metric, figure in measured.figures.items()]
    if rows:
        connection.execute(sa.insert(evaluation_figure), rows)


def past(connection: Connection, name: SeriesName, *, count: int) -> list[Past]:
    """A series in the evaluations that ended, the newest first."""
    from mediaindex.store.evaluations.query_ranks import QueryRanks

    columns = (evaluation.c.id, evaluation.c.started_at, evaluation_series.c.digest)
    wanted = sa.select(*columns, evaluation_series.c.generator, evaluation_series.c.ranks)
    wanted = wanted.where(*_is(name), evaluation_series.c.ranks.is_not(None))
    rows = connection.execute(wanted.order_by(evaluation.c.id.desc()).limit(count))
    return [
        Past(row.id, row.started_at, row.digest, row.generator, QueryRanks.from_bytes(row.ranks))
        for row in rows
    ]


def history(connection: Connection, name: SeriesName, metric: str, *, count: int) -> list[PastFigure]:
    """A metric of a series over time, of the newest evaluations, the oldest of these first."""
    figure = evaluation_figure.c
    columns = (evaluation.c.started_at, figure.value, figure.low, figure.high)
    wanted = sa.select(*columns, evaluation_series.c.queries, evaluation_series.c.gallery)
    wanted = wanted.where(*_is(name), figure.series_id == evaluation_series.c.id, figure.metric == metric)
    rows = connection.execute(wanted.order_by(evaluation.c.id.desc()).limit(count))
    return [PastFigure(*row) for row in rows][::-1]


def names_of(connection: Connection, evaluation_id: int) -> list[SeriesName]:
    """What an evaluation measured, in that order."""
    columns = [evaluation_series.c[name] for name in SeriesName.__slots__]
    wanted = sa.select(*columns).where(evaluation_series.c.evaluation_id == evaluation_id)
    return [SeriesName(*row) for row in connection.execute(wanted.order_by(evaluation_series.c.id))]


def recall_by_night(connection: Connection, evaluation_id: int, *, count: int) -> list[PastFigure]:
    """R@1 over time of the texts that an evaluation asked first, the oldest first.

    Where there are several rankings, it is what a search does by itself; empty where no texts were asked.
    """
    asked = [name for name in names_of(connection, evaluation_id) if name.direction == "t2v"]
    if not asked:
        return []
    first = (asked[0].benchmark, asked[0].queries_from)
    same = [name for name in asked if (name.benchmark, name.queries_from) == first]
    main = next((name for name in same if name.ranking == "search"), same[0])
    return history(connection, main, "R@1", count=count)


def let_old_ranks_go(connection: Connection) -> None:
    """Keep what queries were answered of the newest evaluations alone."""
    ended = sa.select(evaluation.c.id).where(evaluation.c.state == "done")
    oldest = ended.order_by(evaluation.c.id.desc()).limit(1).offset(RANKS_KEPT)
    old = evaluation_series.c.evaluation_id <= oldest.scalar_subquery()
    emptied = sa.update(evaluation_series).where(old, evaluation_series.c.ranks.is_not(None))
    connection.execute(emptied.values(ranks=None))


def _is(name: SeriesName) -> list[sa.ColumnElement[bool]]:
    same = [evaluation_series.c[key] == value for key, value in asdict(name).items()]
    return [*same, evaluation.c.id == evaluation_series.c.evaluation_id, evaluation.c.state == "done"]
