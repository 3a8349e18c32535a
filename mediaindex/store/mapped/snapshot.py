"""A space in memory as one snapshot of SQLite shows it: rows, segments, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.mapped.bank import Hubs
from mediaindex.store.mapped.matrix import Matrix
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.mapped.scan import cosines, single
from mediaindex.store.mapped.segments import ranges
from mediaindex.store.mapped.visible import Visible

NO_VIDEO = -1
"""Whose segments are that nobody may see."""


@dataclass(frozen=True, slots=True, eq=False)
class _Generations:
    """The generations of a segment table in its order.

    Attributes:
        number: (R,) of each. segment: (R,) its first segment. segments: (R,) how many.
        row: (R,) its first row. rows: (R,) how many.
    """

    number: NDArray[np.int64]
    segment: NDArray[np.intp]
    segments: NDArray[np.intp]
    row: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SpaceSnapshot:
    """The segments of a space, in the order in which they were written.

    Attributes:
        vectors: (N, D) float16 unit rows in one or two parts: of the files, and read from LanceDB.
        beside: of each part, what `matrix.beside_of` says; None where not every row has it.
        segments: (S,) of `SEGMENT`. hubs: of all of them, None where the files do not hold them.
        video: (S,) whose each segment is, `NO_VIDEO` where the snapshot does not show it.
        lacking: generations that the snapshot of SQLite shows and this one does not hold.
    """

    vectors: tuple[NDArray[np.float16], ...]
    beside: tuple[NDArray[np.void], ...] | None
    segments: NDArray[np.void]
    hubs: Hubs | None
    video: NDArray[np.int64]
    lacking: NDArray[np.int64]
    _generations: _Generations
    _videos: NDArray[np.int64]
    _generation_of: NDArray[np.intp]

    @classmethod
    def of(cls, matrix: Matrix, visible: Visible) -> SpaceSnapshot:
        """What the files hold of what is visible."""
        beside = None if matrix.beside is None else (matrix.beside,)
        hubs = None if matrix.hubs is None else Hubs(matrix.hubs.bank, np.array(matrix.hubs.values))
        return cls._with_videos((matrix.vector,), beside, np.array(matrix.segments), hubs, visible)

    @classmethod
    def _with_videos(
        cls,
        vectors: tuple[NDArray[np.float16], ...],
        beside: tuple[NDArray[np.void], ...] | None,
        segments: NDArray[np.void],
        hubs: Hubs | None,
        visible: Visible,
    ) -> SpaceSnapshot:
        generations = _generations(segments)
        place = np.minimum(np.searchsorted(visible.generation, generations.number), max(0, len(visible) - 1))
        shown = np.zeros(len(place), bool)
        if len(visible):
            is_same = visible.generation[place] == generations.number
            shown = is_same & (visible.vectors[place] == generations.rows)
        video = np.full(len(place), NO_VIDEO, np.int64)
        video[shown] = visible.video[place[shown]]
        held = np.zeros(len(visible), bool)
        held[place[shown]] = True
        order = np.argsort(video, kind="stable")
        return cls(
            vectors,
            beside,
            segments,
            hubs,
            np.repeat(video, generations.segments),
            visible.generation[~held & (visible.vectors > 0)],
            generations,
            video[order],
            order,
        )

    def shows(self, visible: Visible) -> SpaceSnapshot:
        """The same rows, of which another snapshot of SQLite shows others."""
        return self._with_videos(self.vectors, self.beside, self.segments, self.hubs, visible)

    def with_rows(self, rows: VectorRows, segments: NDArray[np.void], visible: Visible) -> SpaceSnapshot:
        """This snapshot with a second part, of which nothing is known but the segments."""
        table = np.concatenate([self.segments, segments])
        return self._with_videos((*self.vectors, rows.vector), None, table, None, visible)

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def rows(self) -> int:
        """How many rows there are, N."""
        return sum(map(len, self.vectors))

    @property
    def vector_bytes(self) -> int:
        """What the vectors take."""
        return sum(part.nbytes for part in self.vectors)

    def cosines(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) of every row with a unit vector, to half precision at least."""
        parts = [cosines(part, query) for part in self.vectors]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, D) unit rows, by their places."""
        of_files = self.vectors[0]
        if len(self.vectors) == 1:
            taken = of_files[rows]
        else:
            taken = np.empty((len(rows), of_files.shape[1]), of_files.dtype)
            mapped = rows < len(of_files)
            taken[mapped] = of_files[rows[mapped]]
            taken[~mapped] = self.vectors[1][rows[~mapped] - len(of_files)]
        return single(taken, np.empty(taken.shape, np.int32))

    def of_video(self, video_id: int) -> range:
        """The segments of a video, in order of time; none where it is not shown."""
        place = int(np.searchsorted(self._videos, video_id))
        if place == len(self._videos) or self._videos[place] != video_id:
            return range(0)
        number = self._generation_of[place]
        first = int(self._generations.segment[number])
        return range(first, first + int(self._generations.segments[number]))

    def frames(self, video_id: int) -> NDArray[np.float32]:
        """(F, D) unit rows of all frames of a video, in order of time."""
        own = self.segments[self.of_video(video_id)]
        return self.take(ranges(own["row"], own["frames"]))

    def best_videos(self, values: NDArray[np.float32], most: int, margin: float = 0.0) -> list[int]:
        """The videos with the greatest values of any segment, best first.

        Args:
            values: (S,), -inf for segments that take no part.
            most: so many; and up to as many again that are behind the last of them by `margin` at most.
        """
        if not len(values):
            return []
        best = np.maximum.reduceat(values, self._generations.segment)
        taking_part = np.flatnonzero(best > -np.inf)
        if len(taking_part) > 2 * most:
            taking_part = taking_part[np.argpartition(-best[taking_part], 2 * most)[: 2 * most]]
        videos = self.video[self._generations.segment[taking_part]]
        order = np.lexsort((videos, -best[taking_part]))
        last = best[taking_part[order[min(most, len(order)) - 1]]] if len(order) else 0.0
        near = best[taking_part[order]] >= last - margin
        near[:most] = True
        found: list[int] = videos[order[near if margin else slice(most)]].tolist()
        return found

    def during(self, video_id: int, start: float | None, end: float | None) -> slice:
        """The segments of a video that are shown between two times, in seconds; all of it without times."""
        own = self.of_video(video_id)
        if start is None or end is None:
            return slice(own.start, own.stop)
        times = self.segments[own.start : own.stop]
        first = int(np.searchsorted(times["end"], start, side="right"))
        behind = int(np.searchsorted(times["start"], end))
        return slice(own.start + first, own.start + behind)

    def segments_named(self, ids: Sequence[int]) -> NDArray[np.intp]:
        """The places of the shown segments with these ids, in no order; unknown ids are passed over."""
        named = np.isin(self.segments["id"], np.array(ids, np.int64))
        return np.flatnonzero(named & (self.video != NO_VIDEO))

    def is_shown(self, videos: NDArray[np.int64] | None) -> NDArray[np.bool_]:
        """(S,) whether a segment may be seen, and belongs to one of these videos.

        Args:
            videos: None for all.
        """
        shown = self._videos != NO_VIDEO
        if videos is not None:
            shown &= self._among(videos)
        of_generation = np.zeros(len(shown), bool)
        of_generation[self._generation_of[shown]] = True
        return np.repeat(of_generation, self._generations.segments)

    def _among(self, videos: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(V,) whether each video is one of these, which np.isin says in five times the time."""
        is_one = np.zeros(1 + max(self._videos.max(initial=0), videos.max(initial=0)), np.bool_)
        is_one[videos] = True
        return is_one[self._videos]

    def spans(self, segments: NDArray[np.intp]) -> list[FrameSpan]:
        """The frames of some segments, as LanceDB names them."""
        chosen = self.segments[segments]
        return [
            FrameSpan(int(row["generation"]), int(row["first_frame"]), int(row["frames"])) for row in chosen
        ]

    def rows_of(self, segments: NDArray[np.intp]) -> VectorRows | None:
        """The rows of some segments in their order, None where not everything stands beside them."""
        if self.beside is None:
            return None
        chosen = self.segments[segments]
        rows = ranges(chosen["row"], chosen["frames"])
        beside = self.beside[0][rows]
        first = np.repeat(chosen["row"] - chosen["first_frame"], chosen["frames"])
        return VectorRows(
            np.repeat(chosen["generation"], chosen["frames"]),
            (rows - first).astype(np.int32),
            beside["norm"],
            self.vectors[0][rows],
            beside["evidence"] if beside["evidence"].shape[1] else None,
        )

    def segments_with(self, generation: NDArray[np.int64], frame: NDArray[np.int32]) -> NDArray[np.intp]:
        """The shown segments that hold some frames, ascending; frames of others are passed over."""
        order = np.argsort(self._generations.number)
        numbers = self._generations.number[order]
        place = np.minimum(np.searchsorted(numbers, generation), len(numbers) - 1)
        known = numbers[place] == generation
        rows = self._generations.row[order[place[known]]] + frame[known]
        found = np.unique(np.searchsorted(self.segments["row"], rows, side="right") - 1)
        shown: NDArray[np.intp] = found[self.video[found] != NO_VIDEO]
        return shown


def _generations(segments: NDArray[np.void]) -> _Generations:
    numbers = np.ascontiguousarray(segments["generation"])
    first = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    counts = np.diff(np.append(first, len(numbers)))
    rows = np.add.reduceat(segments["frames"], first) if len(first) else np.empty(0)
    row = segments["row"][first] - segments["first_frame"][first]
    return _Generations(numbers[first], first, counts, row.astype(np.int64), rows.astype(np.int64))
