"""What the user's captions say of the rankings: what each video gained, and the verdict that follows.

Rows, not a file: they are written in one transaction with each other, go into every backup with the captions
that they are about, and a search that has the catalog open reads a verdict with one query.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.store.notes.verdict_tables import caption_difference, caption_verdict


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rankings of one space that are compared: the one with a component, and the one without.

    Attributes:
        component: of the ranking: hubs or generator.
        digest: of the encoder that made the space.
        ranking: which generator, as `Description.identity` names it; empty for the hub correction.
        base: what ranks without it: instant or hubs.
    """

    component: str
    digest: str
    ranking: str
    base: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the captions have decided of a pair so far.

    Attributes:
        captions, videos: that were asked.
        value: mean over videos of the gain in reciprocal rank, −1 to 1.
        low, high: its 95 % confidence sequence. missing: captions that would decide, None where unknown.
        damaged: the row holds no such numbers, and decides nothing.
    """

    pair: Pair
    captions: int
    videos: int
    value: float
    low: float
    high: float
    missing: int | None
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class VideoDifference:
    """Mean gain in reciprocal rank of the captions of one video, and how many these were."""

    video_id: int
    captions: int
    difference: float


def every(connection: Connection) -> list[Verdict]:
    """Every verdict, also those of other encoders and generators."""
    rows = connection.execute(sa.select(caption_verdict).order_by(caption_verdict.c.id))
    return [_verdict(row) for row in rows]


def judged_videos(connection: Connection, pair: Pair) -> set[int]:
    """The videos whose captions a verdict holds."""
    known = sa.select(caption_difference.c.video_id).join(caption_verdict).where(_is(pair))
    return {video_id for video_id in connection.execute(known).scalars() if video_id is not None}


def add(connection: Connection, pair: Pair, differences: Sequence[VideoDifference]) -> None:
    """Keep what videos gained, behind what is kept already; a video that is there stays as it is."""
    values = {"component": pair.component, "digest": pair.digest, "ranking": pair.ranking, "base": pair.base}
    nothing = {"captions": 0, "videos": 0, "value": 0.0, "low": -1.0, "high": 1.0}
    connection.execute(insert(caption_verdict).values(**values, **nothing).on_conflict_do_nothing())
    number = connection.execute(sa.select(caption_verdict.c.id).where(_is(pair))).scalar_one()
    for one in differences:
        row = {"video_id": one.video_id, "captions": one.captions, "difference": one.difference}
        new = insert(caption_difference).values(verdict_id=number, **row)
        connection.execute(new.on_conflict_do_nothing())


def differences(connection: Connection, pair: Pair) -> list[tuple[int, float]]:
    """(captions, difference) of each video, in the order in which they were judged; no damaged rows."""
    columns = (caption_difference.c.captions, caption_difference.c.difference)
    kept = sa.select(*columns).join(caption_verdict).where(_is(pair)).order_by(caption_difference.c.id)
    return [
        (captions, difference)
        for captions, difference in connection.execute(kept)
        if isinstance(captions, int) and captions > 0 and _is_gain(difference)
    ]


def put(connection: Connection, verdict: Verdict) -> None:
    """Replace the verdict of a pair."""
    changed = sa.update(caption_verdict).where(_is(verdict.pair))
    connection.execute(
        changed.values(
            captions=verdict.captions,
            videos=verdict.videos,
            value=verdict.value,
            low=verdict.low,
            high=verdict.high,
            missing=verdict.missing,
        )
    )


def _is(pair: Pair) -> sa.ColumnElement[bool]:
    return sa.and_(
        caption_verdict.c.component == pair.component,
        caption_verdict.c.digest == pair.digest,
        caption_verdict.c.ranking == pair.ranking,
        caption_verdict.c.base == pair.base,
    )


def _verdict(row: sa.Row[tuple[object, ...]]) -> Verdict:
    pair = Pair(str(row.component), str(row.digest), str(row.ranking), str(row.base))
    numbers = (row.captions, row.videos, row.missing if row.missing is not None else 0)
    gains = (row.value, row.low, row.high)
    if not (
        all(isinstance(number, int) and number >= 0 for number in numbers)
        and all(_is_gain(gain) for gain in gains)
        and row.low <= row.high
    ):
        return Verdict(pair, 0, 0, 0.0, -1.0, 1.0, None, damaged=True)
    value, low, high = map(float, gains)
    return Verdict(pair, row.captions, row.videos, value, low, high, row.missing)


def _is_gain(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and -1.0 <= value <= 1.0
