"""The frames of the shot that is being read, held until it is known which of them stay.

Of a shot of up to 30 s at most 12 evenly spread frames stay; of a longer one, frames 2.5 s apart, which can
be given at once. So what is held is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mediaindex.decode.sampling.segments import thin
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, SampledFrame

# Frames of a long shot are at least this far apart: then no 30 s of it hold more than 12.
SPARSE_SECONDS = SEGMENT_SECONDS / SEGMENT_FRAMES


class ShotFrames:
    """Frames in ascending time, shot by shot."""

    def __init__(self) -> None:
        self._held: list[SampledFrame] = []
        self._start_seconds = 0.0
        self._is_long = False
        self._last_given_seconds: float | None = None
        self._finished_cuts = 0

    def hold(self, frame: SampledFrame) -> None:
        """Take the next candidate."""
        self._held.append(frame)

    def last_seconds(self, candidate: SampledFrame) -> float:
        """Time of the last frame that stays, where `candidate` is the last one held."""
        return candidate.seconds if self._last_given_seconds is None else self._last_given_seconds

    def settled(self, cuts: Sequence[float]) -> Iterator[SampledFrame]:
        """Frames that stay: those of shots that ended, and of the running one if it is long.

        Args:
            cuts: all shot boundaries so far, those of earlier calls included.
        """
        for cut in cuts[self._finished_cuts :]:
            yield from self._end(cut)
        self._finished_cuts = len(cuts)
        if self._held and self._held[-1].seconds - self._start_seconds > SEGMENT_SECONDS:
            self._is_long = True
            # The newest may be the first of the next shot, which is known a few pictures later.
            yield from self._sparse(self._held[:-1])
            self._held = self._held[-1:]

    def finish(self, cuts: Sequence[float]) -> Iterator[SampledFrame]:
        """The frames that stay of all that is held."""
        yield from self.settled(cuts)
        yield from self._end(float("inf"))

    def _end(self, cut: float) -> Iterator[SampledFrame]:
        inside = [frame for frame in self._held if frame.seconds < cut]
        self._held = self._held[len(inside) :]
        if self._is_long:
            yield from self._sparse(inside)
        else:
            yield from (inside[i] for i in thin([frame.seconds for frame in inside], SEGMENT_FRAMES))
        self._start_seconds, self._is_long, self._last_given_seconds = cut, False, None

    def _sparse(self, frames: Sequence[SampledFrame]) -> Iterator[SampledFrame]:
        for frame in frames:
            last = self._last_given_seconds
            if last is None or frame.seconds - last >= SPARSE_SECONDS:
                self._last_given_seconds = frame.seconds
                yield frame
