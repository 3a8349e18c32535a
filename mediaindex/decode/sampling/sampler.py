"""Which pictures of a film become sampled frames: the sampling policy over any decoder.

Sampled are keyframes, one picture a gap where keyframes are rare, and the first picture of every shot; of
what stands still for long, one frame. Where two examined pictures differ, the stretch between them is decoded
to place the shot boundary. Runs inside the sandbox.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mediaindex.decode.backends.decoder import Decoder, Demand, Picture, fitted
from mediaindex.decode.sampling.gap_rule import SUSPECT_DIFFERENCE, GapRule, Plan
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.segments import cut_into_segments
from mediaindex.decode.sampling.shot_boundaries import (
    CutDetector,
    Histogram,
    block_histogram,
    difference,
)
from mediaindex.decode.sampling.shot_frames import SPARSE_SECONDS, Candidate, ShotFrames
from mediaindex.decode.sampling.stillness import cell_means
from mediaindex.errors import DecodeError
from mediaindex.media import MAX_FRAMES, Cue, MediaInfo, Position, SampledFrame, Segmentation

# Of keyframes nearer to each other than this, the decoder may leave some out.
KEYFRAME_SECONDS = 1.0
# A clip shorter than three gaps still gets this many frames, if it moves and they are not nearer than this.
FRAMES_OF_A_SHORT_CLIP = 3
NEAREST_SECONDS = 1.0
MOVED_DIFFERENCE = 0.05
# Pictures decoded one after another are skipped for this long, and examined only where the last one differs.
SKIP_SECONDS = 0.25
# A film that stands still gives no frame for long: so often it is told that it is still being read.
SIGN_OF_LIFE_SECONDS = 10.0
# A gap with a cut is decoded until the pictures of so many such stretches resemble its far side.
ALIKE_STRETCHES = 2
# The skipped pictures are held meanwhile, up to this many pixels (1.5 bytes each).
HELD_PIXELS = 48_000_000


def demand(
    sampling: Sampling, duration_seconds: float | None, *, stop_seconds: float | None = None
) -> Demand:
    """What a decoder has to deliver of a film of this length."""
    short_clip = (duration_seconds or float("inf")) / FRAMES_OF_A_SHORT_CLIP
    return Demand(
        gap_seconds=sampling.gap_seconds,
        keyframe_seconds=min(KEYFRAME_SECONDS, short_clip),
        intra_seconds=min(sampling.gap_seconds, max(short_clip, NEAREST_SECONDS)),
        short_side=sampling.short_side,
        max_pixels=sampling.max_pixels,
        stop_seconds=stop_seconds,
    )


@dataclass(frozen=True, slots=True)
class _ExaminedPicture:
    picture: Picture
    histogram: Histogram


class FrameSampler:
    """Samples one film, once."""

    def __init__(
        self, decoder: Decoder, info: MediaInfo, sampling: Sampling, rule: GapRule | None = None
    ) -> None:
        self._decoder = decoder
        self._sampling = sampling
        self._rule = rule or GapRule(gap_seconds=sampling.gap_seconds)
        intra_seconds = demand(sampling, info.duration_seconds).intra_seconds
        self._short_clip_seconds = intra_seconds
        self._keyframe_seconds = min(SPARSE_SECONDS, intra_seconds)
        self._max_skipped = max(1, HELD_PIXELS // (info.width * info.height))
        self._detector = CutDetector()
        self._shot = ShotFrames()
        self._seconds: list[float] = []
        self._skipped: list[Picture] = []
        self._last_examined: _ExaminedPicture | None = None
        self._last_candidate: Candidate | None = None
        self._position = Position(0)
        self._told_seconds = 0.0

    def run(self) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """Sampled frames in ascending time, cues, positions, and one Segmentation at the end.

        Raises:
            DecodeError: there is no picture to be had.
        """
        for item in self._decoder.scan():
            if len(self._seconds) >= MAX_FRAMES:
                break
            if isinstance(item, Picture):
                self._take(item)
                yield from self._count(self._shot.settled(self._detector.cuts))
                yield from self._sign_of_life(item.seconds)
            else:
                self._position = item if isinstance(item, Position) else self._position
                yield item
        self._examine_skipped()
        if self._last_examined is None:
            raise DecodeError(self._why_no_picture())
        end = max(self._decoder.end_seconds, self._last_examined.picture.seconds)
        self._detector.settle()
        yield from self._count(self._shot.finish(self._detector.cuts))
        yield Segmentation(
            duration_seconds=end,
            cuts=tuple(self._detector.cuts),
            segments=tuple(cut_into_segments(self._detector.cuts, self._seconds, end)),
            damaged_packets=self._decoder.damaged_packets,
        )

    def _sign_of_life(self, seconds: float) -> Iterator[Position]:
        if seconds - self._told_seconds >= SIGN_OF_LIFE_SECONDS:
            self._told_seconds = seconds
            yield replace(self._position, seconds=seconds)

    def _take(self, picture: Picture) -> None:
        if self._last_examined is None or not picture.adjacent:
            self._examine_skipped()
            self._jump_to(picture)
            return
        self._skipped.append(picture)
        skipped_seconds = picture.seconds - self._last_examined.picture.seconds
        if (
            picture.keyframe
            or picture.fills
            or skipped_seconds >= SKIP_SECONDS
            or len(self._skipped) > self._max_skipped
        ):
            self._examine_skipped()

    def _jump_to(self, picture: Picture) -> None:
        """Examine a picture that follows an undecoded stretch, and what of the stretch is worth it."""
        histogram = _histogram(picture)
        last = self._last_examined
        if last is None:
            self._examine(picture, histogram, steps=0)
            return
        unlikeness = difference(last.histogram, histogram)
        plan = self._rule.plan(picture.left_out, picture.seconds - last.picture.seconds, unlikeness)
        if plan.decodes:
            self._look_into_gap(last.picture, picture, histogram, plan)
        else:
            self._examine(picture, histogram, steps=0)

    def _look_into_gap(self, earlier: Picture, later: Picture, histogram: Histogram, plan: Plan) -> None:
        """Examine the stretch between two pictures as far as planned, then the later one.

        Once it is filled, it ends early where the sides are unlike and the later one's shot has begun; where
        they are alike, it goes on as long as something else is seen.
        """
        next_fill = self._next_fill(earlier.seconds, later, histogram) if plan.fills else math.inf
        were_alike, alike = self._resembles(histogram), 0
        for picture in self._decoder.between(earlier, later, _unlike):
            if not picture.adjacent:
                self._examine_skipped()
                self._examine(picture, _histogram(picture), steps=0)
                continue
            is_fill = next_fill <= picture.seconds < later.seconds
            self._take(replace(picture, fills=is_fill))
            if is_fill:
                next_fill = self._next_fill(picture.seconds, later, histogram)
            if self._skipped or picture.seconds >= later.seconds:
                continue
            alike = alike + 1 if self._resembles(histogram) else 0
            if next_fill < later.seconds:
                continue
            is_done = picture.seconds > plan.search_until
            if (is_done and (alike or not were_alike)) or (alike >= ALIKE_STRETCHES and not were_alike):
                self._examine(later, histogram, steps=0)
                return

    def _next_fill(self, start_seconds: float, later: Picture, histogram: Histogram) -> float:
        """When a picture is wanted after that examined last, by how unlike the later one it is, or inf."""
        assert self._last_examined is not None
        unlikeness = difference(self._last_examined.histogram, histogram)
        longest_gap = self._rule.longest_gap(later.left_out, unlikeness, start_seconds)
        return self._rule.next_fill(start_seconds, later.seconds, longest_gap)

    def _resembles(self, histogram: Histogram) -> bool:
        """Whether the picture examined last shows what another does."""
        last = self._last_examined
        return last is not None and difference(last.histogram, histogram) <= SUSPECT_DIFFERENCE

    def _examine_skipped(self) -> None:
        """Examine the last of the skipped pictures; where it differs, each of them."""
        if not self._skipped or self._last_examined is None:
            return
        *skipped, last = self._skipped
        self._skipped = []
        histogram = _histogram(last)
        if difference(self._last_examined.histogram, histogram) <= SUSPECT_DIFFERENCE:
            self._examine(last, histogram, steps=len(skipped) + 1)
            return
        for picture in skipped:
            self._examine(picture, _histogram(picture), steps=1)
        self._examine(last, histogram, steps=1)

    def _examine(self, picture: Picture, histogram: Histogram, *, steps: int) -> None:
        """Tell the detector of a picture, and hold it as a frame where one is due.

        Args:
            steps: as for `CutDetector.add`.
        """
        begins_shot = self._detector.add(picture.seconds, histogram, steps=steps)
        self._last_examined = _ExaminedPicture(picture, histogram)
        if begins_shot or self._is_due(picture, histogram):
            self._hold(picture, histogram)

    def _is_due(self, picture: Picture, histogram: Histogram) -> bool:
        if self._last_candidate is None:
            return True
        elapsed = picture.seconds - self._shot.last_seconds(self._last_candidate)
        share = 0.5 if picture.fills else 1.0
        if elapsed >= share * self._sampling.gap_seconds:
            return True
        if picture.keyframe:
            return elapsed >= self._keyframe_seconds
        moved = difference(self._last_candidate.histogram, histogram) > MOVED_DIFFERENCE
        return elapsed >= share * self._short_clip_seconds and moved

    def _hold(self, picture: Picture, histogram: Histogram) -> None:
        pixels = _fitted_pixels(picture, self._sampling)
        frame = SampledFrame(picture.seconds, _encoded(pixels, self._sampling))
        self._last_candidate = Candidate(frame, histogram, cell_means(pixels))
        self._shot.hold(self._last_candidate)

    def _count(self, frames: Iterator[SampledFrame]) -> Iterator[SampledFrame]:
        for frame in frames:
            if len(self._seconds) < MAX_FRAMES:
                self._seconds.append(frame.seconds)
                yield frame

    def _why_no_picture(self) -> str:
        damaged = self._decoder.damaged_packets
        if damaged:
            return f"no picture can be decoded: all {damaged} packets that were tried are damaged"
        return "no picture can be decoded: the film stream is empty, cut off, or all of it is hidden"


def jpeg(picture: Picture, sampling: Sampling) -> bytes:
    """A picture as the frame cache keeps it: JPEG, its short side bounded."""
    return _encoded(_fitted_pixels(picture, sampling), sampling)


def _fitted_pixels(picture: Picture, sampling: Sampling) -> NDArray[np.uint8]:
    """(height, width, 3) RGB in one piece, its short side bounded."""
    return np.ascontiguousarray(picture.scaled(*fitted(picture.width, picture.height, sampling.short_side)))


def _encoded(pixels: NDArray[np.uint8], sampling: Sampling) -> bytes:
    height, width, _channels = pixels.shape
    encoded = io.BytesIO()
    # Not `fromarray`, which copies twice.
    image = Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
    image.save(encoded, "JPEG", quality=sampling.quality)
    return encoded.getvalue()


def _histogram(picture: Picture) -> Histogram:
    return block_histogram(picture.thumbnail())


def _unlike(one: Picture, other: Picture) -> float:
    return difference(_histogram(one), _histogram(other))
