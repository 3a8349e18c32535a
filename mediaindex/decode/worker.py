"""A film → its sampled frames, cuts and segments, decoded in a bounded child process.

A `DecodeWorker` owns the child process, in which `decode/sampling/sampler.py` applies the policy that
`Sampling` states. This module opens no media file and imports no module that could.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from mediaindex.decode.sampling.policy import DECODERS, MAX_PIXELS, Sampling
from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import MEMORY_MIB, REPLY_SECONDS, REQUEST_SECONDS, Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import DecodeError, DecoderDied, UsageError
from mediaindex.media import (
    MAX_CUES,
    MAX_FRAMES,
    Cue,
    FrameTimes,
    MediaInfo,
    NotAVideo,
    Position,
    SampledFrame,
    Segmentation,
    decoded,
)

# Raise the first number when a change here may read what could not be read before.
DECODER_VERSION = f"2 av-{version('av')}"
HANDLER = "mediaindex.decode.worker_child"
# A film has been seen to its end where so little is left of its stated length.
END_SECONDS = 15.0
# On top of an hour for any file: far more than a sound film takes.
SECONDS_A_MIB = 60.0


class DecodeWorker:
    """Probes and decodes in one bounded child process of its own; thread-confined but for `kill`."""

    def __init__(self, sandbox: Sandbox, *, decoder: str, max_pixels: int) -> None:
        self._sandbox = sandbox
        self._decoder = decoder
        self._max_pixels = max_pixels

    def probe(self, path: Path) -> MediaInfo | NotAVideo:
        """What the file is.

        Raises:
            ProbeError: its headers cannot be read. DecoderDied: reading it killed the child.
        """
        request = self._request("probe", path, max_pixels=self._max_pixels)
        values = [_unpacked(message) for message in self._sandbox.ask(request)]
        match values:
            case [MediaInfo() | NotAVideo() as probed]:
                return probed
            case _:
                raise DecoderDied("the decoder sent nonsense instead of a probe")

    def extract(
        self, path: Path, info: MediaInfo, sampling: Sampling
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """The sampled frames in ascending time, cues, positions in the file, and one Segmentation last.

        Raises:
            DecodeError: no picture can be decoded. DecoderDied: decoding killed the child.
        """
        given = _Given()
        try:
            yield from given.news(self._sampled("extract", path, info, sampling))
        except DecoderDied:
            if info.duration_seconds is None or given.seen_seconds < info.duration_seconds - END_SECONDS:
                raise
            # It died of what lies behind the film: once more, no further than the film's stated end.
            end = info.duration_seconds
            yield from given.news(self._sampled("extract", path, info, sampling, stop_seconds=end))

    def first_look(
        self, path: Path, info: MediaInfo, sampling: Sampling
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """One frame near the middle and a Segmentation of one segment, for the price of a seek.

        Raises:
            DecodeError: neither middle nor start gives a frame. DecoderDied: decoding killed the child.
        """
        return self._sampled("first look", path, info, sampling)

    def moment(
        self, path: Path, info: MediaInfo, sampling: Sampling, seconds: float
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """The frame that is seen at a time and a Segmentation of one segment; decoded from a keyframe on.

        Raises:
            DecodeError: no frame can be decoded there. DecoderDied: decoding killed the child.
        """
        return self._sampled("moment", path, info, sampling, seconds=seconds)

    def every_second(
        self, path: Path, info: MediaInfo, sampling: Sampling, last_second: int | None
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """One frame a second and a Segmentation without cuts; all of the film is decoded for them.

        Args:
            last_second: the last one with a frame; None for the film's end.

        Raises:
            DecodeError: no picture can be decoded. DecoderDied: decoding killed the child.
        """
        return self._sampled("every second", path, info, sampling, last_second=last_second)

    def frame_times(self, path: Path, info: MediaInfo) -> FrameTimes:
        """When each frame of a film is shown; nothing is decoded.

        Raises:
            DecodeError: no packet of the film tells. DecoderDied: reading it killed the child.
        """
        request = self._request("frame times", path, info=wire.pack(info)[0])
        values = map(_unpacked, self._sandbox.ask(request, extra_seconds=_seconds_by_size(path)))
        match [value for value in values if not isinstance(value, Position)]:
            case [FrameTimes() as times]:
                return times
            case _:
                raise DecoderDied("the decoder sent nonsense instead of the times of frames")

    def _request(self, action: str, path: Path, **details: object) -> dict[str, object]:
        patience = self._sandbox.limits.patience_seconds
        return {"do": action, "path": _wire_path(path), "patience_seconds": patience, **details}

    def _sampled(
        self, action: str, path: Path, info: MediaInfo, sampling: Sampling, **details: object
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        request = self._request(
            action,
            path,
            decoder=self._decoder,
            info=wire.pack(info)[0],
            sampling=asdict(sampling),
            **details,
        )
        segmentation: Segmentation | None = None
        counts: Counter[type] = Counter()
        for message in self._sandbox.ask(request, extra_seconds=_seconds_by_size(path)):
            value = _unpacked(message)
            if isinstance(value, MediaInfo | NotAVideo | FrameTimes) or segmentation is not None:
                raise DecoderDied("the decoder sent nonsense instead of frames")
            counts[type(value)] += 1
            if counts[SampledFrame] > MAX_FRAMES or counts[Cue] > MAX_CUES:
                raise DecoderDied("the decoder sent more frames or subtitles than any film has")
            if isinstance(value, SampledFrame):
                _prove_picture(value, sampling)
            if isinstance(value, Segmentation):
                segmentation = _matching(value, counts[SampledFrame])
            else:
                yield value
        if segmentation is None:
            raise DecoderDied("the decoder ended without an outline")
        yield segmentation

    def close(self) -> None:
        """End the child process."""
        self._sandbox.close()

    def kill(self) -> None:
        """End the child process at once and for good, from any thread."""
        self._sandbox.kill()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None where none runs."""
        return self._sandbox.pid

    def __enter__(self) -> DecodeWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Given:
    """What an extraction has given so far, where it is begun a second time.

    Attributes:
        seen_seconds: how far the film was seen.
    """

    def __init__(self) -> None:
        self.seen_seconds = 0.0
        self._frames: list[float] = []
        self._cues = 0

    def news(
        self, extraction: Iterable[SampledFrame | Cue | Position | Segmentation]
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        """The values of an extraction but for the frames and cues that an earlier one gave.

        Raises:
            DecoderDied: it has other frames than the earlier one.
        """
        earlier_frames, earlier_cues = self._frames[::-1], self._cues
        for value in extraction:
            if isinstance(value, SampledFrame | Position):
                self.seen_seconds = max(self.seen_seconds, value.seconds)
            if isinstance(value, SampledFrame) and earlier_frames:
                if earlier_frames.pop() != value.seconds:
                    raise DecoderDied("the decoder gave other frames when it was asked again")
                continue
            if isinstance(value, Cue) and earlier_cues:
                earlier_cues -= 1
                continue
            if isinstance(value, SampledFrame):
                self._frames.append(value.seconds)
            self._cues += isinstance(value, Cue)
            yield value


def new_worker(
    *,
    decoder: str = "auto",
    memory_mib: int = MEMORY_MIB,
    reply_seconds: float = REPLY_SECONDS,
    request_seconds: float = REQUEST_SECONDS,
    max_pixels: int = MAX_PIXELS,
) -> DecodeWorker:
    """A worker whose child starts with its first file.

    Args:
        decoder: `pyav`, `ffmpeg` (a binary on this machine), or `auto`, which is `pyav`.
        memory_mib: address space of the child above its libraries; 4K needs 512.
        reply_seconds: time without a reply after which the child is killed.
        request_seconds: time that the smallest file may take; a larger one has `SECONDS_A_MIB` more.
    """
    if decoder not in DECODERS:
        raise UsageError(f"unknown decoder {decoder!r}: one of {', '.join(DECODERS)}")
    limits = Limits(memory_mib=memory_mib, reply_seconds=reply_seconds, request_seconds=request_seconds)
    return DecodeWorker(Sandbox(HANDLER, limits), decoder=decoder, max_pixels=max_pixels)


def _unpacked(message: wire.Message) -> wire.Value:
    try:
        return wire.unpack(*message)
    except wire.WireError as error:
        raise DecoderDied(f"the decoder sent nonsense: {error}") from error


def _prove_picture(frame: SampledFrame, sampling: Sampling) -> None:
    """Decode a frame once before anything keeps it: else it would break every later reader."""
    try:
        decoded(frame.jpeg, short_side=sampling.short_side)
    except DecodeError as error:
        raise DecoderDied(f"the decoder sent nonsense: {error.reason}") from error


def _matching(segmentation: Segmentation, frames: int) -> Segmentation:
    """The segmentation, once it is checked that its segments hold each of the frames once and in order."""
    expected = 0
    for segment in segmentation.segments:
        if segment.first_frame != expected:
            raise DecoderDied("the decoder sent nonsense: its segments do not fit its frames")
        expected += segment.frame_count
    if expected != frames or not frames:
        raise DecoderDied("the decoder sent nonsense: its segments do not fit its frames")
    return segmentation


def _seconds_by_size(path: Path) -> float:
    try:
        return SECONDS_A_MIB * path.stat().st_size / 2**20
    except OSError:
        return 0.0  # the file is gone, which the child reports


def _wire_path(path: Path) -> str:
    """The path for a child that runs in UTF-8 mode whatever the locale here."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")
