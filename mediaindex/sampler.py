"""Which pictures of a film become frames: the sampling policy over any decoder.

Kept are the encoder's keyframes, one picture a gap where keyframes are rare, the first picture of every
shot, and a repeat where one picture stands for long, so that every segment has a frame. Where two pictures
differ, the stretch between them is decoded to place the cut. Runs inside the sandbox.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from mediaindex.decoders import Decoder, Demand, Picture, fitted
from mediaindex.errors import DecodeError
from mediaindex.frames import Sampling
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, Cue, Keyframe, MediaInfo, Outline, Position
from mediaindex.shots import (
    THUMBNAIL_HEIGHT,
    THUMBNAIL_WIDTH,
    CutDetector,
    Histogram,
    cut_into_segments,
    difference,
    histogram,
    thin,
)

# Keyframes nearer to each other than this are not all needed.
KEYFRAME_SECONDS = 1.0
# A clip shorter than three gaps still gets this many frames, if it moves.
FRAMES_OF_A_SHORT_CLIP = 3
MOVED = 0.08
# Pictures on both sides of a gap that differ more than this may have a cut between them.
SUSPECT_DIFFERENCE = 0.25
# In a shot of more than 30 s, frames at least this far apart: then no 30 s hold more than 12 ...
SPARSE_SECONDS = SEGMENT_SECONDS / SEGMENT_FRAMES
# ... and a picture that stands for long is repeated so often that no half of 30 s is without a frame.
REPEAT_SECONDS = SEGMENT_SECONDS / 2 - 1.2 * SPARSE_SECONDS
# What is longer without a picture is a broken clock, not a still scene.
LONGEST_STILL_SECONDS = 3600.0
MAX_FRAMES = 100_000


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


class FrameSampler:
    """Samples one film, once."""

    def __init__(self, decoder: Decoder, info: MediaInfo, sampling: Sampling) -> None:
        self._decoder = decoder
        self._sampling = sampling
        self._short_clip_seconds = demand(sampling, info.duration_seconds).intra_seconds
        self._detector = CutDetector()
        self._shot = _Shot()
        self._seconds: list[float] = []
        self._last: Picture | None = None
        self._last_kept: Keyframe | None = None
        self._last_kept_histogram: Histogram | None = None

    def run(self) -> Iterator[Keyframe | Cue | Position | Outline]:
        """Frames in ascending time, cues, positions, and one Outline at the end.

        Raises:
            DecodeError: there is no picture to be had.
        """
        for item in self._decoder.scan():
            if isinstance(item, Picture):
                yield from self._count(self._arrive(item))
            else:
                yield item
        if self._last is None:
            raise DecodeError(self._why_no_picture())
        end = max(self._decoder.end_seconds, self._last.seconds)
        self._repeat_until(end)
        self._detector.settle()
        yield from self._count(self._shot.finish(self._detector.cuts))
        yield Outline(
            duration_seconds=end,
            cuts=tuple(self._detector.cuts),
            segments=tuple(cut_into_segments(self._detector.cuts, self._seconds, end)),
            damaged_packets=self._decoder.damaged_packets,
        )

    def _arrive(self, picture: Picture) -> Iterator[Keyframe]:
        """Frames that are settled once this picture of the scan is known."""
        last = self._last
        pictures = [picture]
        if last is not None and not picture.adjacent and _unlike(last, picture) > SUSPECT_DIFFERENCE:
            pictures = self._decoder.between(last, picture, _unlike)
        for one in pictures:
            self._see(one)
        self._last = picture
        return self._shot.settled(self._detector.cuts)

    def _see(self, picture: Picture) -> None:
        seen = _histogram(picture)
        begins_shot = self._detector.add(
            picture.seconds, seen, adjacent=picture.adjacent and self._last is not None
        )
        if picture.keyframe or begins_shot or self._is_due(picture, seen):
            self._repeat_until(picture.seconds)
            self._keep(Keyframe(picture.seconds, self._jpeg(picture)), seen)

    def _is_due(self, picture: Picture, seen: Histogram) -> bool:
        if self._last_kept is None or self._last_kept_histogram is None:
            return True
        elapsed = picture.seconds - self._last_kept.seconds
        if elapsed >= self._sampling.gap_seconds:
            return True
        return elapsed >= self._short_clip_seconds and difference(self._last_kept_histogram, seen) > MOVED

    def _repeat_until(self, seconds: float) -> None:
        """Keep the last frame again at intervals for as long as it stood."""
        last = self._last_kept
        if (
            last is None
            or self._last_kept_histogram is None
            or seconds - last.seconds > LONGEST_STILL_SECONDS
        ):
            return
        while seconds - last.seconds > REPEAT_SECONDS:
            last = Keyframe(last.seconds + REPEAT_SECONDS, last.jpeg)
            self._keep(last, self._last_kept_histogram)

    def _keep(self, frame: Keyframe, seen: Histogram) -> None:
        self._shot.hold(frame)
        self._last_kept = frame
        self._last_kept_histogram = seen

    def _count(self, frames: Iterator[Keyframe]) -> Iterator[Keyframe]:
        for frame in frames:
            if len(self._seconds) < MAX_FRAMES:
                self._seconds.append(frame.seconds)
                yield frame

    def _jpeg(self, picture: Picture) -> bytes:
        size = fitted(picture.width, picture.height, self._sampling.short_side)
        encoded = io.BytesIO()
        Image.fromarray(picture.scaled(*size)).save(encoded, "JPEG", quality=self._sampling.quality)
        return encoded.getvalue()

    def _why_no_picture(self) -> str:
        damaged = self._decoder.damaged_packets
        if damaged:
            return f"no picture can be decoded: all {damaged} packets that were tried are damaged"
        return "no picture can be decoded: the film stream is empty, cut off, or all of it is hidden"


class _Shot:
    """Frames of the shot that is being read, until it is known which of them stay.

    At most 12 evenly spread where the shot has up to 30 s; of a longer one, frames 2.5 s apart, which
    can be given at once: what is held is bounded.
    """

    def __init__(self) -> None:
        self._held: list[Keyframe] = []
        self._start = 0.0
        self._is_long = False
        self._given: float | None = None
        self._cuts_seen = 0

    def hold(self, frame: Keyframe) -> None:
        self._held.append(frame)

    def settled(self, cuts: list[float]) -> Iterator[Keyframe]:
        """Frames of shots that ended, and of the running one if it is long."""
        for cut in cuts[self._cuts_seen :]:
            yield from self._end(cut)
        self._cuts_seen = len(cuts)
        if self._held and self._held[-1].seconds - self._start > SEGMENT_SECONDS:
            self._is_long = True
            yield from self._sparse(self._held)
            self._held = []

    def finish(self, cuts: list[float]) -> Iterator[Keyframe]:
        """All that is left."""
        yield from self.settled(cuts)
        yield from self._end(float("inf"))

    def _end(self, cut: float) -> Iterator[Keyframe]:
        inside = [frame for frame in self._held if frame.seconds < cut]
        self._held = self._held[len(inside) :]
        if self._is_long:
            yield from self._sparse(inside)
        else:
            yield from (inside[i] for i in thin([frame.seconds for frame in inside], SEGMENT_FRAMES))
        self._start, self._is_long, self._given = cut, False, None

    def _sparse(self, frames: list[Keyframe]) -> Iterator[Keyframe]:
        for frame in frames:
            if self._given is None or frame.seconds - self._given >= SPARSE_SECONDS:
                self._given = frame.seconds
                yield frame


def _histogram(picture: Picture) -> Histogram:
    return histogram(picture.scaled(THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT))


def _unlike(one: Picture, other: Picture) -> float:
    return difference(_histogram(one), _histogram(other))
