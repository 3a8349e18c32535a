"""Captioned media → the frames of their clips: sampled as for the index, at most 12 a clip, or by a protocol.

Threads read ahead, each with a bounded child process for films and one for pictures; results come in the
order of the media.
"""

from __future__ import annotations

import itertools
import math
import queue
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from mediaindex.decode.sampling.segments import thin
from mediaindex.decode.still_image import ImageReader
from mediaindex.decode.worker import DecodeWorker
from mediaindex.errors import MediaError
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.captioned_media import CaptionedClip, CaptionedMedia
from mediaindex.learn.features.clip_protocol import ClipProtocol, evenly
from mediaindex.media import (
    SEGMENT_FRAMES,
    Cue,
    MediaInfo,
    NotAVideo,
    Position,
    SampledFrame,
    Segment,
    Segmentation,
)
from mediaindex.sources.filetypes import MEDIA_EXTENSIONS, extension_of

AHEAD_A_JOB = 2


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The frames of the clips of one media file.

    Attributes:
        jpegs: each frame once. seconds: the time of each.
        clips: each with the indices of its frames in `jpegs`, 1 to 12, or to what the protocol says.
        skipped: clips without a frame.
    """

    media: CaptionedMedia
    jpegs: tuple[bytes, ...]
    seconds: tuple[float, ...]
    clips: tuple[tuple[CaptionedClip, tuple[int, ...]], ...]
    skipped: tuple[SkippedInput, ...] = ()


def clip_frames(
    media: Sequence[CaptionedMedia], decoding: Decoding, protocol: ClipProtocol | None = None
) -> Iterator[ClipFrames | SkippedInput]:
    """The frames of each media file, in this order, or why it has none.

    Args:
        protocol: of a benchmark; None samples films as the index does.
    """
    readers = [_Reader(decoding, protocol) for _ in range(decoding.jobs)]
    free: queue.SimpleQueue[_Reader] = queue.SimpleQueue()
    for reader in readers:
        free.put(reader)

    def read(item: CaptionedMedia) -> ClipFrames | SkippedInput:
        reader = free.get()
        try:
            return reader.read(item)
        except MediaError as error:
            return SkippedInput(str(item.path), error.reason)
        finally:
            free.put(reader)

    pool = ThreadPoolExecutor(decoding.jobs, thread_name_prefix="clips")
    waiting: deque[Future[ClipFrames | SkippedInput]] = deque()
    unread = iter(media)
    try:
        while True:
            for item in itertools.islice(unread, AHEAD_A_JOB * decoding.jobs - len(waiting)):
                waiting.append(pool.submit(read, item))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        # A thread that waits for its child process goes on when that is killed.
        for reader in readers:
            reader.kill()
        pool.shutdown(cancel_futures=True)
        for reader in readers:
            reader.close()


class _Reader:
    """Two child processes, each started by its first file; used by one thread at a time."""

    def __init__(self, decoding: Decoding, protocol: ClipProtocol | None) -> None:
        self._protocol = protocol
        self._sampling = decoding.sampling
        self._films: DecodeWorker = decoding.new_worker()
        self._images = ImageReader()

    def read(self, media: CaptionedMedia) -> ClipFrames:
        """The frames of a film, or an image as one frame.

        Raises:
            MediaError: it is neither, or cannot be read.
        """
        film_by_name = extension_of(media.path.name) in MEDIA_EXTENSIONS
        image = None if film_by_name else self._images.read(media.path)
        if image is None:
            return self._film(media)
        clips = tuple((clip, (0,)) for clip in media.clips)
        return ClipFrames(media, (image,), (0.0,), clips)

    def _film(self, media: CaptionedMedia) -> ClipFrames:
        info = self._films.probe(media.path)
        if isinstance(info, NotAVideo):
            raise MediaError(f"it is neither a picture nor a film: {info.reason}")
        seconds: list[float] = []
        sizes: list[int] = []
        segmentation: Segmentation | None = None
        with tempfile.TemporaryFile() as spool:  # the frames of a long film are too many for memory
            for item in self._frames(media, info):
                if isinstance(item, SampledFrame):
                    seconds.append(item.seconds)
                    sizes.append(spool.write(item.jpeg))
                elif isinstance(item, Segmentation):
                    segmentation = item
            assert segmentation is not None
            if self._protocol is None:
                clips, skipped = _frames_of_clips(media, seconds, segmentation)
            else:
                clips, skipped = _frames_by_protocol(media, seconds, self._protocol.frames), []
            used = sorted({index for _clip, indices in clips for index in indices})
            jpegs = []
            for index in used:
                spool.seek(sum(sizes[:index]))
                jpegs.append(spool.read(sizes[index]))
        places = {index: place for place, index in enumerate(used)}
        placed = tuple((clip, tuple(places[index] for index in indices)) for clip, indices in clips)
        return ClipFrames(media, tuple(jpegs), tuple(seconds[i] for i in used), placed, tuple(skipped))

    def _frames(
        self, media: CaptionedMedia, info: MediaInfo
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        if self._protocol is None:
            return self._films.extract(media.path, info, self._sampling)
        ends = [clip.end_seconds for clip in media.clips]
        last = None if None in ends else math.ceil(max(end for end in ends if end is not None))
        return self._films.every_second(media.path, info, self._sampling, last)

    def kill(self) -> None:
        self._films.kill()
        self._images.kill()

    def close(self) -> None:
        self._films.close()
        self._images.close()


def _frames_of_clips(
    media: CaptionedMedia, seconds: Sequence[float], segmentation: Segmentation
) -> tuple[list[tuple[CaptionedClip, list[int]]], list[SkippedInput]]:
    """Each clip with the indices of its frames, and the clips that begin after the film's end."""
    clips, skipped = [], []
    end = segmentation.duration_seconds
    for clip in media.clips:
        start, stop = clip.start_seconds or 0.0, clip.end_seconds
        if start > end:
            skipped.append(SkippedInput(f"{media.path}@{start:g}", f"the film ends before, at {end:.1f} s"))
            continue
        stop = end if stop is None else min(stop, end)
        clips.append((clip, frames_within(seconds, start, stop, segmentation.segments)))
    return clips, skipped


def _frames_by_protocol(
    media: CaptionedMedia, seconds: Sequence[float], limit: int
) -> list[tuple[CaptionedClip, list[int]]]:
    """Each clip with the indices of its frames; frame n of a film is that of its second n."""
    clips = []
    for clip in media.clips:
        first = math.floor(clip.start_seconds or 0.0)
        stop = len(seconds) if clip.end_seconds is None else math.ceil(clip.end_seconds) + 1
        inside = range(len(seconds))[first:stop] or range(len(seconds))[-1:]
        clips.append((clip, [inside[place] for place in evenly(len(inside), limit)]))
    return clips


def frames_within(
    seconds: Sequence[float], start: float, stop: float, segments: Sequence[Segment]
) -> list[int]:
    """Indices of at most 12 frames of a stretch, evenly spread, at least one.

    For a stretch without a frame it is the frame of the segment around the stretch's middle that is nearest
    to the middle: the nearest frame of all may show another shot.

    Args:
        seconds: ascending times of a film's frames. segments: of the film; each frame is in one of them.
    """
    inside = [index for index, time in enumerate(seconds) if start <= time <= stop]
    if inside:
        return [inside[index] for index in thin(inside, SEGMENT_FRAMES)]
    middle = (start + stop) / 2
    around = min(segments, key=lambda s: max(s.start_seconds - middle, middle - s.end_seconds, 0.0))
    frames = range(around.first_frame, around.first_frame + around.frame_count)
    return [min(frames, key=lambda index: abs(seconds[index] - middle))]
