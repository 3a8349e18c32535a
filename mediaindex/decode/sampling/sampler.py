"""Which pictures of a film become frames: the sampling policy over any decoder.

Kept are the encoder's keyframes, one picture a gap where keyframes are rare, the first picture of every
shot, and a repeat where one picture stands for long, so that every segment has a frame. Where two pictures
differ, the stretch between them is decoded to place the cut. Runs inside the sandbox.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mediaindex.decode.backends.decoder import (
    Decoder,
    Demand,
    Picture,
    fitted,
)
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.segments import cut_into_segments, thin
from mediaindex.decode.sampling.shot_boundaries import (
    LOOK_AHEAD,
    CutDetector,
    Histogram,
    difference,
    histogram,
)
from mediaindex.errors import DecodeError
from mediaindex.media import (
    MAX_FRAMES,
    SEGMENT_FRAMES,
    SEGMENT_SECONDS,
    Cue,
    MediaInfo,
    Position,
    SampledFrame,
    Segmentation,
)

# Keyframes nearer to each other than this are not all looked at.
KEYFRAME_SECONDS = 1.0
# A clip shorter than three gaps still gets this many frames, if it moves.
FRAMES_OF_A_SHORT_CLIP = 3
MOVED = 0.05
# Pictures on both sides of a gap that differ more than this may have a cut between them.
SUSPECT_DIFFERENCE = 0.25
# Keyframes at least this far apart are kept: then no 30 s of a shot hold more than 12 ...
SPARSE_SECONDS = SEGMENT_SECONDS / SEGMENT_FRAMES
# ... and a picture that stands for long is repeated so often that no half of 30 s is without a frame.
REPEAT_SECONDS = SEGMENT_SECONDS / 2 - 1.2 * SPARSE_SECONDS
# What is longer without a picture is a broken clock, not a still scene.
LONGEST_STILL_SECONDS = 3600.0
# Of pictures decoded one after another, every one is looked at only where they change over this time ...
LOOK_SECONDS = 0.25
# ... for which those passed over are held, up to this many pixels (1.5 bytes each).
HELD_PIXELS = 48_000_000


def demand(sampling: Sampling, duration_seconds: float | None) -> Demand:
    """What a decoder has to deliver of a film of this length."""
    short_clip = (duration_seconds or float("inf")) / FRAMES_OF_A_SHORT_CLIP
    return Demand(
        gap_seconds=sampling.gap_seconds,
        independent_seconds=min(KEYFRAME_SECONDS, short_clip),
        intra_seconds=min(sampling.gap_seconds, short_clip),
        short_side=sampling.short_side,
        max_pixels=sampling.max_pixels,
    )


@dataclass(frozen=True, slots=True)
class _Examined:
    """A picture that was looked at, and what was seen."""

    picture: Picture
    histogram: Histogram


@dataclass(frozen=True, slots=True)
class _Kept:
    frame: SampledFrame
    histogram: Histogram


class FrameSampler:
    """Samples one film, once."""

    def __init__(self, decoder: Decoder, info: MediaInfo, sampling: Sampling) -> None:
        self._decoder = decoder
        self._sampling = sampling
        wanted = demand(sampling, info.duration_seconds)
        self._short_clip_seconds = wanted.intra_seconds
        self._keyframe_seconds = min(SPARSE_SECONDS, wanted.intra_seconds)
        self._most_skipped = max(1, HELD_PIXELS // (info.width * info.height))
        self._detector = CutDetector()
        self._shot = _Shot()
        self._seconds: list[float] = []
        self._skipped: list[Picture] = []
        self._looked: _Examined | None = None
        self._kept: _Kept | None = None

    def run(self) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """Frames in ascending time, cues, positions, and one Segmentation at the end.

        Raises:
            DecodeError: there is no picture to be had.
        """
        for item in self._decoder.scan():
            if len(self._seconds) >= MAX_FRAMES:
                break
            if isinstance(item, Picture):
                self._arrive(item)
                yield from self._count(self._shot.settled(self._detector.cuts))
            else:
                yield item
        self._look_at_skipped()
        if self._looked is None:
            raise DecodeError(self._why_no_picture())
        end = max(self._decoder.end_seconds, self._looked.picture.seconds)
        self._repeat_until(end)
        self._detector.settle()
        yield from self._count(self._shot.finish(self._detector.cuts))
        yield Segmentation(
            duration_seconds=end,
            cuts=tuple(self._detector.cuts),
            segments=tuple(cut_into_segments(self._detector.cuts, self._seconds, end)),
            damaged_packets=self._decoder.damaged_packets,
        )

    def _arrive(self, picture: Picture) -> None:
        if self._looked is None or not picture.adjacent:
            self._look_at_skipped()
            self._jump_to(picture)
            return
        self._skipped.append(picture)
        waited = picture.seconds - self._looked.picture.seconds
        if (
            picture.keyframe
            or picture.fills
            or waited >= LOOK_SECONDS
            or len(self._skipped) > self._most_skipped
        ):
            self._look_at_skipped()

    def _jump_to(self, picture: Picture) -> None:
        """Look at a picture with unknown ones before it; where it differs, they are asked for."""
        seen = _histogram(picture)
        if self._looked is None or difference(self._looked.histogram, seen) <= SUSPECT_DIFFERENCE:
            self._see(picture, seen, steps=0)
            return
        alike = 0
        for one in self._decoder.between(self._looked.picture, picture, _unlike):
            found = _histogram(one)
            self._see(one, found, steps=1 if one.adjacent else 0)
            alike = alike + 1 if difference(found, seen) <= SUSPECT_DIFFERENCE else 0
            if alike > LOOK_AHEAD and one.seconds < picture.seconds:
                # What follows has nothing more to tell.
                self._see(picture, seen, steps=0)
                return

    def _look_at_skipped(self) -> None:
        """Look at the last of the adjacent pictures that were passed over; at all where it differs."""
        if not self._skipped or self._looked is None:
            return
        *skipped, last = self._skipped
        self._skipped = []
        seen = _histogram(last)
        if difference(self._looked.histogram, seen) <= SUSPECT_DIFFERENCE:
            self._see(last, seen, steps=len(skipped) + 1)
            return
        for one in skipped:
            self._see(one, _histogram(one), steps=1)
        self._see(last, seen, steps=1)

    def _see(self, picture: Picture, seen: Histogram, *, steps: int) -> None:
        begins_shot = self._detector.add(picture.seconds, seen, steps=steps)
        self._looked = _Examined(picture, seen)
        if begins_shot or self._is_due(picture, seen):
            self._repeat_until(picture.seconds)
            self._keep(SampledFrame(picture.seconds, jpeg(picture, self._sampling)), seen)

    def _is_due(self, picture: Picture, seen: Histogram) -> bool:
        if self._kept is None:
            return True
        elapsed = picture.seconds - self._shot.last_seconds(self._kept.frame)
        if elapsed >= self._sampling.gap_seconds * (0.5 if picture.fills else 1.0):
            return True
        if picture.keyframe:
            return elapsed >= self._keyframe_seconds
        return elapsed >= self._short_clip_seconds and difference(self._kept.histogram, seen) > MOVED

    def _repeat_until(self, seconds: float) -> None:
        """Keep the last frame again at intervals for as long as it stood."""
        if self._kept is None or seconds - self._kept.frame.seconds > LONGEST_STILL_SECONDS:
            return
        while seconds - self._kept.frame.seconds > REPEAT_SECONDS:
            last = self._kept.frame
            self._keep(SampledFrame(last.seconds + REPEAT_SECONDS, last.jpeg), self._kept.histogram)

    def _keep(self, frame: SampledFrame, seen: Histogram) -> None:
        self._shot.hold(frame)
        self._kept = _Kept(frame, seen)

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
    """A picture as the frame cache keeps it."""
    size = fitted(picture.width, picture.height, sampling.short_side)
    encoded = io.BytesIO()
    # Not `fromarray`, which copies twice.
    pixels = np.ascontiguousarray(picture.scaled(*size))
    image = Image.frombuffer("RGB", size, pixels, "raw", "RGB", 0, 1)
    image.save(encoded, "JPEG", quality=sampling.quality)
    return encoded.getvalue()


class _Shot:
    """Frames of the shot that is being read, until it is known which of them stay.

    At most 12 evenly spread where the shot has up to 30 s; of a longer one, frames 2.5 s apart, which
    can be given at once: what is held is bounded.
    """

    def __init__(self) -> None:
        self._held: list[SampledFrame] = []
        self._start = 0.0
        self._is_long = False
        self._given: float | None = None
        self._cuts_seen = 0

    def hold(self, frame: SampledFrame) -> None:
        self._held.append(frame)

    def last_seconds(self, kept: SampledFrame) -> float:
        """Time of the last frame that stays, of which `kept` is the last candidate."""
        return self._given if self._given is not None else kept.seconds

    def settled(self, cuts: list[float]) -> Iterator[SampledFrame]:
        """Frames of shots that ended, and of the running one if it is long."""
        for cut in cuts[self._cuts_seen :]:
            yield from self._end(cut)
        self._cuts_seen = len(cuts)
        if self._held and self._held[-1].seconds - self._start > SEGMENT_SECONDS:
            self._is_long = True
            # The newest may be the first of the next shot, which is known a few pictures later.
            yield from self._sparse(self._held[:-1])
            self._held = self._held[-1:]

    def finish(self, cuts: list[float]) -> Iterator[SampledFrame]:
        """All that is left."""
        yield from self.settled(cuts)
        yield from self._end(float("inf"))

    def _end(self, cut: float) -> Iterator[SampledFrame]:
        inside = [frame for frame in self._held if frame.seconds < cut]
        self._held = self._held[len(inside) :]
        if self._is_long:
            yield from self._sparse(inside)
        else:
            yield from (inside[i] for i in thin([frame.seconds for frame in inside], SEGMENT_FRAMES))
        self._start, self._is_long, self._given = cut, False, None

    def _sparse(self, frames: list[SampledFrame]) -> Iterator[SampledFrame]:
        for frame in frames:
            if self._given is None or frame.seconds - self._given >= SPARSE_SECONDS:
                self._given = frame.seconds
                yield frame


def _histogram(picture: Picture) -> Histogram:
    return histogram(picture.thumbnail())


def _unlike(one: Picture, other: Picture) -> float:
    return difference(_histogram(one), _histogram(other))
