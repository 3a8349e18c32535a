"""The tables of what the captions say of the rankings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

from mediaindex.store.catalog.schema import metadata

# What the captions say of a component of the ranking: `low` to `high` is the confidence sequence of its gain,
# after `videos` differences. It is read at every search, so it is kept beside what it follows from.
caption_verdict = Table(
    "caption_verdict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("component", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("ranking", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("captions", Integer, nullable=False),
    Column("videos", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("missing", Integer),
    sa.UniqueConstraint("component", "digest", "ranking", "base"),
)

# What the captions of one video gained, in the order in which videos were judged. It outlives its video: a
# sequence from which differences could be taken again would decide for whoever takes them.
caption_difference = Table(
    "caption_difference",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verdict_id", ForeignKey("caption_verdict.id", ondelete="CASCADE"), nullable=False),
    Column("video_id", ForeignKey("video.id", ondelete="SET NULL"), index=True),
    Column("captions", Integer, nullable=False),
    Column("difference", Float, nullable=False),
    sa.UniqueConstraint("verdict_id", "video_id"),
)

TABLES = (caption_verdict, caption_difference)
