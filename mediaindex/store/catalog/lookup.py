"""What a search and `show` read of the catalog: filters, segments and frames, places."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.sources.path_tree import lies_below, overlap
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.locations import below, select_hidden
from mediaindex.store.catalog.schema import (
    METADATA,
    extraction,
    frame,
    indexed,
    location,
    mark,
    segment,
    video,
    volume,
)
from mediaindex.store.catalog.sources import roots_without_thumbnails

if TYPE_CHECKING:
    from mediaindex.media import MediaInfo

Value = TypeVar("Value")
AFTER_DIGITS = ":"
"""Follows every digit and the hyphen."""


class Filters(NamedTuple):
    """Which videos a search looks at. Days are YYYY-MM-DD, durations seconds.

    Attributes:
        within: folders, or paths of videos; what lies in one of them passes.
        after, before: the first day that counts, and the first that does not.
        cameras: as the catalog names them; what one of them recorded passes.
        volumes: ids; what lies on one of them, and is not missing there, passes.
        marked: True for videos in which a moment is marked, right or wrong for any query.
    """

    within: tuple[Path, ...] | None = None
    after: str | None = None
    before: str | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    cameras: tuple[str, ...] | None = None
    volumes: tuple[int, ...] | None = None
    marked: Literal[True] | None = None

    def __and__(self, other: Filters) -> Filters:
        """What passes both."""
        return Filters(
            within=_both(self.within, other.within, _inside_both),
            after=_both(self.after, other.after, max),
            before=_both(self.before, other.before, min),
            min_duration=_both(self.min_duration, other.min_duration, max),
            max_duration=_both(self.max_duration, other.max_duration, min),
            cameras=_both(self.cameras, other.cameras, _in_both),
            volumes=_both(self.volumes, other.volumes, _in_both),
            marked=self.marked or other.marked,
        )

    @property
    def empty(self) -> bool:
        """Whether every video passes."""
        return all(getattr(self, name) is None for name in self._fields)


class SegmentRow(NamedTuple):
    """One segment as stored; `frames` are the seconds of its sampled frames."""

    id: int
    start_seconds: float
    end_seconds: float
    first_frame: int
    frames: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Neighbouring frames of a generation: `count` of them from the ordinal `first` on."""

    generation: int
    first: int
    count: int

    @property
    def end(self) -> int:
        """The ordinal behind the last."""
        return self.first + self.count


class IndexedVideo(NamedTuple):
    """The decoding of a video that is visible in a space, and its frames in the frame cache."""

    video_id: int
    extraction_id: int
    frame_file: str
    duration_seconds: float


class FrameAt(NamedTuple):
    """A sampled frame, its segment, and its ordinal in the extraction."""

    segment_id: int
    ordinal: int
    seconds: float


class Timeline(NamedTuple):
    """The times of an extraction, in seconds: of its frames by ordinal, and of the cuts between shots."""

    seconds: tuple[float, ...]
    cuts: tuple[float, ...]


class Place(NamedTuple):
    """A path of a video and the volume it lies on.

    Attributes:
        private: it lies below a source of which no thumbnail may be written.
    """

    path: Path
    volume: str
    missing: bool
    private: bool


class Passing(NamedTuple):
    """How many videos pass some filters, and the days on which the first and the last was recorded.

    Attributes:
        first_day, last_day: YYYY-MM-DD, None where no day is known.
    """

    videos: int
    first_day: str | None
    last_day: str | None


def filtered_videos(connection: Connection, filters: Filters) -> list[int] | None:
    """The videos that pass, in no order, None for all; hidden ones too, unless places are asked for."""
    if filters.empty:
        return None
    import msgspec  # here, because most questions have no filter

    # Half of a large library may pass: one text costs a third of so many rows.
    if filters.within is None and filters.volumes is None:
        query = sa.select(sa.func.group_concat(video.c.id))
    else:  # of several places of a video more than one may pass
        query = _placed(sa.select(sa.func.group_concat(video.c.id.distinct())))
    found = connection.execute(_passing(query, filters)).scalar()
    return msgspec.json.decode(f"[{found or ''}]", type=list[int])


def passing(connection: Connection, filters: Filters) -> Passing:
    """How many videos pass, and when they were recorded."""
    day = video.c.recorded_day
    query = sa.select(sa.func.count(video.c.id.distinct()), sa.func.min(day), sa.func.max(day))
    count, first_day, last_day = connection.execute(_passing(_placed(query), filters)).one()
    return Passing(count, first_day, last_day)


def _placed(query: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    """A query of `video` with the places that are shown."""
    query = query.join(location, location.c.video_id == video.c.id)
    return query.where(location.c.forgotten_at.is_(None))


def _passing(query: sa.Select[*tuple[Any, ...]], filters: Filters) -> sa.Select[*tuple[Any, ...]]:
    """A query of `video`, limited to what passes; it has the places where the filters ask for them."""
    if filters.within is not None:
        inside = (below(location.c.path, path) for path in filters.within)
        query = query.where(sa.or_(sa.false(), *inside))
    if filters.after is not None:
        query = query.where(video.c.recorded_day >= filters.after)
    if filters.before is not None:
        query = query.where(video.c.recorded_day < filters.before)
    if filters.min_duration is not None:
        query = query.where(video.c.duration_seconds >= filters.min_duration)
    if filters.max_duration is not None:
        query = query.where(video.c.duration_seconds <= filters.max_duration)
    if filters.cameras is not None:
        query = query.where(video.c.camera.in_(filters.cameras))
    if filters.volumes is not None:
        query = query.where(location.c.volume_id.in_(filters.volumes), location.c.missing_since.is_(None))
    if filters.marked:
        query = query.where(video.c.id.in_(sa.select(mark.c.video_id)))
    return query


def _both(one: Value | None, other: Value | None, joined: Callable[[Value, Value], Value]) -> Value | None:
    if one is None or other is None:
        return one if other is None else other
    return joined(one, other)


def _in_both(one: tuple[Value, ...], other: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in one if value in other)


def _inside_both(one: tuple[Path, ...], other: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths of either that lie in one of the other."""
    deeper = (max(pair, key=lambda path: len(path.parts)) for pair in product(one, other) if overlap(*pair))
    return tuple(dict.fromkeys(deeper))


def cameras(connection: Connection) -> list[str]:
    """Every camera by which a video was recorded that is not forgotten, the most frequent first."""
    query = sa.select(video.c.camera).where(video.c.camera.is_not(None), video.c.id.not_in(select_hidden()))
    query = query.group_by(video.c.camera).order_by(sa.func.count().desc(), video.c.camera)
    return [str(camera) for camera in connection.execute(query).scalars()]


def recorded_days(connection: Connection, beginning: str, *, limit: int) -> list[str]:
    """The days, YYYY-MM-DD, on which videos were recorded and which begin so, the newest first."""
    day = video.c.recorded_day
    query = sa.select(day).distinct().where(day >= beginning, day < beginning + AFTER_DIGITS)
    query = query.where(video.c.id.not_in(select_hidden()))
    return list(connection.execute(query.order_by(day.desc()).limit(limit)).scalars())


def paths_below(connection: Connection, folder: Path, pattern: str, *, start: bytes = b"") -> Iterator[str]:
    r"""The shown paths inside a folder that a pattern of LIKE fits, in the order of their bytes.

    They come as text, because many are looked at for each that is kept.

    Args:
        pattern: of the whole path; `\` lets the sign behind it stand for itself.
        start: the first bytes that count.
    """
    raw = sa.type_coerce(location.c.path, sa.LargeBinary)
    # One range of the index, which already has this order: nothing is read before it is wanted.
    inside = os.fsencode(folder).rstrip(b"/")
    first, behind = max(start, inside + b"/"), inside + b"0"
    fits = sa.cast(raw, sa.Text).like(pattern, escape="\\")
    shown = sa.and_(location.c.video_id.is_not(None), location.c.forgotten_at.is_(None))
    query = sa.select(raw).where(raw >= first, raw < behind, fits, shown)
    with connection.execute(query.order_by(raw)) as rows:
        yield from map(os.fsdecode, rows.scalars())


def indexed_videos(connection: Connection, space_id: int, ids: Iterable[int]) -> dict[int, IndexedVideo]:
    """What is visible in a space of these videos, by video."""
    query = (
        sa.select(indexed.c.video_id, indexed.c.extraction_id)
        .add_columns(extraction.c.frame_file, video.c.duration_seconds)
        .join(extraction, extraction.c.id == indexed.c.extraction_id)
        .join(video, video.c.id == indexed.c.video_id)
        .where(indexed.c.space_id == space_id)
    )
    return {
        row.video_id: IndexedVideo(row.video_id, row.extraction_id, row.frame_file, row.duration_seconds)
        for chunk in in_chunks(list(ids))
        for row in connection.execute(query.where(indexed.c.video_id.in_(chunk)))
    }


def durations(connection: Connection, video_ids: Sequence[int]) -> dict[int, float]:
    """Seconds of these videos, by video."""
    query = sa.select(video.c.id, video.c.duration_seconds)
    return {
        row.id: row.duration_seconds
        for chunk in in_chunks(video_ids)
        for row in connection.execute(query.where(video.c.id.in_(chunk)))
    }


def timeline(connection: Connection, extraction_id: int) -> Timeline:
    """The times of an extraction."""
    times = sa.select(frame.c.seconds).where(frame.c.extraction_id == extraction_id).order_by(frame.c.ordinal)
    cuts = sa.select(extraction.c.cuts).where(extraction.c.id == extraction_id)
    return Timeline(
        tuple(connection.execute(times).scalars()), tuple(connection.execute(cuts).scalar() or ())
    )


FRAME_TIMES = sa.text(
    """
    SELECT f.extraction_id, f.ordinal, f.seconds
    FROM json_each(:frames) AS wanted CROSS JOIN frame AS f
    ON f.extraction_id = wanted.value ->> 0 AND f.ordinal = wanted.value ->> 1
    """
)


def frame_times(connection: Connection, frames: Iterable[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """The times of sampled frames, each by its extraction and ordinal, as far as the catalog knows them."""
    rows = connection.execute(FRAME_TIMES, {"frames": json.dumps(list(frames))})
    return {(row.extraction_id, row.ordinal): row.seconds for row in rows}


def frame_at(connection: Connection, extraction_id: int, seconds: float) -> FrameAt | None:
    """The sampled frame that shows best what is seen at a time, None in an extraction without segments.

    It is the nearest one of the segment around that time: the nearest of all may show another shot, or
    what comes after a picture that stood for an hour.
    """
    distance = sa.func.max(segment.c.start_seconds - seconds, seconds - segment.c.end_seconds, 0.0)
    # Two segments may meet at that time.
    nearest = sa.select(segment.c.id).where(segment.c.extraction_id == extraction_id)
    nearest = nearest.order_by(distance, segment.c.ordinal).limit(2)
    of_segment = sa.and_(
        frame.c.extraction_id == segment.c.extraction_id,
        frame.c.ordinal >= segment.c.first_frame,
        frame.c.ordinal < segment.c.first_frame + segment.c.frame_count,
    )
    query = (
        sa.select(segment.c.id, frame.c.ordinal, frame.c.seconds)
        .join(frame, of_segment)
        .where(segment.c.id.in_(nearest))
        .order_by(distance, sa.func.abs(frame.c.seconds - seconds), segment.c.ordinal, frame.c.ordinal)
    )
    row = connection.execute(query.limit(1)).first()
    return None if row is None else FrameAt(*row)


def segments_of(connection: Connection, extractions: Sequence[int]) -> dict[int, tuple[SegmentRow, ...]]:
    """The segments of these extractions, in order of time."""
    seconds: dict[int, list[float]] = {}
    times = sa.select(frame).where(frame.c.extraction_id.in_(extractions))
    for row in connection.execute(times.order_by(frame.c.extraction_id, frame.c.ordinal)):
        seconds.setdefault(row.extraction_id, []).append(row.seconds)
    found: dict[int, list[SegmentRow]] = {}
    query = sa.select(segment).where(segment.c.extraction_id.in_(extractions))
    for row in connection.execute(query.order_by(segment.c.extraction_id, segment.c.ordinal)):
        frames = seconds[row.extraction_id][row.first_frame : row.first_frame + row.frame_count]
        found.setdefault(row.extraction_id, []).append(
            SegmentRow(row.id, row.start_seconds, row.end_seconds, row.first_frame, tuple(frames))
        )
    return {key: tuple(rows) for key, rows in found.items()}


def places(connection: Connection, video_ids: Sequence[int]) -> dict[int, list[Place]]:
    """Where these videos lie, oldest place first, without the places that the user forgot."""
    query = (
        sa.select(location.c.video_id, location.c.path, location.c.missing_since)
        .add_columns(volume.c.label, volume.c.mount_point)
        .join(volume, volume.c.id == location.c.volume_id)
        .where(location.c.video_id.in_(video_ids), location.c.forgotten_at.is_(None))
        .order_by(location.c.id)
    )
    private_roots = roots_without_thumbnails(connection)
    found: dict[int, list[Place]] = {}
    for row in connection.execute(query):
        name = row.label or str(row.mount_point)
        private = any(lies_below(row.path, root) for root in private_roots)
        place = Place(row.path, name, row.missing_since is not None, private)
        found.setdefault(row.video_id, []).append(place)
    return found


def video_at(connection: Connection, path: Path) -> int | None:
    """The video that a search shows at this path."""
    here = sa.and_(location.c.path == path, location.c.forgotten_at.is_(None))
    return connection.execute(sa.select(location.c.video_id).where(here)).scalar()


def video_row(connection: Connection, video_id: int) -> sa.Row[Any]:
    """All columns of a video."""
    return connection.execute(sa.select(video).where(video.c.id == video_id)).one()


def media_info_of(connection: Connection, video_id: int) -> MediaInfo:
    """What the probe of a video said; what older versions did not look at is None.

    The number of the film's stream is not kept: it is that of the first one with pictures.
    """
    from mediaindex.media import MediaInfo, StreamInfo  # here, because no search needs it

    row = video_row(connection, video_id)
    values = {name: row._mapping[name] for name in METADATA}
    known = StreamInfo.__dataclass_fields__
    streams = [StreamInfo(**{key: one[key] for key in one if key in known}) for one in row.streams]
    film = next((one.index for one in streams if one.kind == "video" and not one.attached_picture), 0)
    return MediaInfo(**values | {"streams": tuple(streams), "video_stream": film})


def newest_extraction_of(connection: Connection, video_id: int) -> sa.Row[Any] | None:
    """The newest decoding of a video."""
    query = sa.select(extraction).where(extraction.c.video_id == video_id)
    return connection.execute(query.order_by(extraction.c.id.desc()).limit(1)).first()
