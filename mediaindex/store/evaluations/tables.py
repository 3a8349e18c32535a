"""The tables of evaluations. Alembic's revision 0012 makes them; this is how the code names them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, Table, Text

from mediaindex.store.catalog.schema import JsonType, PathType, metadata

# An evaluation. Its figures stay longer than what its queries were answered (`evaluation_series.ranks`).
evaluation = Table(
    "evaluation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    # Of a killed one "open", until the next one begins.
    Column("state", Text, nullable=False),
    # Of the space that served searches.
    Column("space_digest", Text),
    Column("versions", JsonType, nullable=False),
    Column("settings", JsonType, nullable=False),
    # Whether an answer differed from the evaluation before, so that the rule spent one of its tests.
    Column("tested", Boolean, nullable=False),
    Column("regression", JsonType),
    Column("line", Text, nullable=False),
    Column("report", PathType),
    sa.CheckConstraint("state IN ('open', 'done', 'interrupted')", name="evaluation_state"),
)

# One ranking in one direction.
evaluation_series = Table(
    "evaluation_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("evaluation_id", ForeignKey("evaluation.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("benchmark", Text, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("generator", Text),
    Column("direction", Text, nullable=False),
    Column("ranking", Text, nullable=False),
    Column("queries_from", Text, nullable=False),
    Column("queries", Integer, nullable=False),
    Column("gallery", Integer, nullable=False),
    Column("ranks", sa.LargeBinary),
)

evaluation_figure = Table(
    "evaluation_figure",
    metadata,
    Column("series_id", ForeignKey("evaluation_series.id", ondelete="CASCADE"), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("value", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    sqlite_with_rowid=False,
)

TABLES = (evaluation, evaluation_series, evaluation_figure)
