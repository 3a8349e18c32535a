"""The values that walk the corridor, frozen and checked.

FileEvent → MediaInfo → SampledFrame, Cue, Segmentation → FrameEmbeddings → Candidates → Hits.
Times are seconds from the container's start time (what a player counts from), as floats.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mediaindex.errors import DecodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

SEGMENT_SECONDS = 30.0
SEGMENT_FRAMES = 12
# No honest film has more; the child keeps to these bounds, the parent does not rely on it.
MAX_FRAMES = 100_000
MAX_FRAME_SIDE = 4096
"""Pixels of the longer side of a sampled frame, at most."""
MAX_CUES = 200_000  # a film with sixty languages
MAX_CUE_CHARACTERS = 2000
# What Pillow raises of damaged headers and of damaged data; running out of memory is not among them.
_DAMAGED_PICTURE = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
)
_LARGEST_INTEGER = 2**63 - 1
"""SQLite holds no larger one."""


@dataclass(frozen=True, slots=True)
class FileEvent:
    """A file that was seen, or is gone, at an absolute path.

    Attributes:
        path: absolute, as the file system gives it (surrogate escapes for bytes that are no UTF-8).
        size: bytes.
        mtime_ns: modification time, nanoseconds since 1970, within 64 bits: a file system can name times
            that SQLite cannot hold (1601 for a zero of Windows, 2400 on ext4). Such a time is cut to the
            nearest that it holds.
    """

    path: Path
    size: int = 0
    mtime_ns: int = 0
    kind: Literal["present", "gone"] = "present"

    def __post_init__(self) -> None:
        if not self.path.is_absolute():
            raise ValueError(f"a FileEvent needs an absolute path, not {self.path}")

    @classmethod
    def of(cls, path: Path, status: os.stat_result) -> FileEvent:
        """The file at an absolute path, as `os.stat` describes it."""
        mtime_ns = max(-_LARGEST_INTEGER, min(status.st_mtime_ns, _LARGEST_INTEGER))
        return cls(path, size=status.st_size, mtime_ns=mtime_ns)


@dataclass(frozen=True, slots=True)
class UnreadablePath:
    """A folder, link or file that a scan could not read, or not all of, with the reason for a person."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class CloudPlaceholder:
    """The path of a film whose content lies in a cloud: opening it would fetch it."""

    path: Path


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a container, as its header states it.

    Attributes:
        channels, sample_rate: of sound, samples a second; None of other streams.
    """

    index: int
    kind: str
    codec: str
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False
    attached_picture: bool = False
    channels: int | None = None
    sample_rate: int | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What the headers and one decoded frame say of a file.

    Attributes:
        duration_seconds: None where neither header nor packets tell.
        width, height: pixels as displayed: pixel aspect and rotation applied.
        fps: frames a second as measured by frame times, None for a still.
        rotation: degrees, one of 0, 90, 180, 270.
        video_stream: container index of the film (never a cover or still beside it).
        recorded_at: ISO 8601, an instant with zone where known, else wall-clock without one.
        recorded_day: YYYY-MM-DD in the recording's own zone.
        latitude, longitude: degrees; altitude: metres.
        timecode: of the first frame, HH:MM:SS:FF, with `;` before FF where it drops frames.
        frame_rate: exact, as numerator/denominator; the standard rate nearest to the mean where it varies.
        variable_rate: whether the time from one frame to the next differs, as far as the start tells.
        film_start: exact seconds of the first frame from the container's start, as numerator/denominator.
        pixel_aspect: width by height of a stored pixel, as numerator/denominator.
        reel_name: of the tape or card, where the camera wrote one.
        tags: cleaned text, keys lower case.
    """

    duration_seconds: float | None
    width: int
    height: int
    fps: float | None
    codec: str
    rotation: int
    container: str
    video_stream: int
    streams: tuple[StreamInfo, ...] = ()
    recorded_at: str | None = None
    recorded_day: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    timecode: str | None = None
    camera: str | None = None
    title: str | None = None
    frame_rate: str | None = None
    variable_rate: bool | None = None
    film_start: str | None = None
    pixel_aspect: str | None = None
    reel_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rotation not in (0, 90, 180, 270):
            raise ValueError(f"rotation must be 0, 90, 180 or 270, not {self.rotation}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a picture is at least 1x1, not {self.width}x{self.height}")


@dataclass(frozen=True, slots=True)
class NotAVideo:
    """A readable file without a film in it: skipped with its reason, not failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One sampled frame, upright and with square pixels, as JPEG."""

    seconds: float
    jpeg: bytes


def decoded(jpeg: bytes, *, short_side: int = MAX_FRAME_SIDE, enough: tuple[int, int] | None = None) -> Image:
    """The picture of a sampled frame, decoded in full; its size is looked at before.

    Args:
        short_side: pixels of the shorter side, at most; the longer one has `MAX_FRAME_SIDE` at most.
        enough: so many pixels are, width and height: an eighth, a quarter or a half of the sides is decoded
            where that has them, in a fraction of the time.

    Raises:
        DecodeError: it is no JPEG, is damaged, or is larger; a larger one costs no memory.
    """
    # By its own name: `Image.open` warns of large pictures before their size can be looked at.
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        image = JpegImageFile(io.BytesIO(jpeg))
        if max(image.size) > MAX_FRAME_SIDE or min(image.size) > short_side:
            raise DecodeError(f"its picture has {image.width}x{image.height} pixels, more than a frame has")
        if enough is not None:
            image.draft("RGB", enough)
        image.load()
    except _DAMAGED_PICTURE as error:
        raise DecodeError(f"its picture is damaged: {error}") from error
    return image


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle line.

    Attributes:
        source: the sidecar's file name, or "stream N" for an embedded one.
    """

    start_seconds: float
    end_seconds: float
    text: str
    source: str
    language: str | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far the decoder has read: a sign of life, and the bound of the hash reader.

    Attributes:
        bytes: from the file's start. seconds: of the film, as far as it was seen.
    """

    bytes: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When each frame of a film is shown; frames are counted from 0 in the order in which they are shown.

    Stamps are ticks from the container's start.

    Attributes:
        tick: seconds of a stamp.
        container_start: the container's clock at its start, seconds.
        first: stamp of frame 0; end: stamp at which the last frame stops being shown.
        count: how many frames there are.
        rate: frames a second; None where it varies.
        stamps: of every frame, ascending, where the rate varies; else empty.
    """

    tick: Fraction
    container_start: Fraction
    first: int
    end: int
    count: int
    rate: Fraction | None
    stamps: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1 or self.tick <= 0 or (self.rate is not None and self.rate <= 0):
            raise ValueError(f"frame times need a frame, a tick and a rate above 0: {self.count} frames")
        if self.rate is None and len(self.stamps) != self.count:
            raise ValueError(f"{len(self.stamps)} stamps of {self.count} frames")
        if any(after <= before for before, after in pairwise(self.stamps)):
            raise ValueError("frames are not in the order in which they are shown")


@dataclass(frozen=True, slots=True)
class Segment:
    """A shot-aligned stretch of at most 30 s with 1..12 frames; a longer one shows one picture, and has one.

    Attributes:
        first_frame, frame_count: the run of sampled frames inside, by ordinal.
    """

    start_seconds: float
    end_seconds: float
    first_frame: int
    frame_count: int

    def __post_init__(self) -> None:
        if not 1 <= self.frame_count <= SEGMENT_FRAMES:
            raise ValueError(f"a segment has 1..{SEGMENT_FRAMES} frames, not {self.frame_count}")
        if self.end_seconds < self.start_seconds:
            raise ValueError(f"a segment ends after its start: {self}")


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The last value of an extraction: cuts, segments and the duration that was seen.

    Attributes:
        damaged_packets: packets that the decoder could not read and went past.
    """

    duration_seconds: float
    cuts: tuple[float, ...]
    segments: tuple[Segment, ...]
    damaged_packets: int = 0


@dataclass(frozen=True, slots=True)
class FrameEmbeddings:
    """Image embeddings of B frames.

    Attributes:
        vectors: (B, D) float32, not normalised.
        evidence: (B, 256) float16 or None where the encoder has none.
        regions: (B, W) bytes, what a scorer of regions reads of each; None where the encoder has no scorer.
    """

    vectors: NDArray[np.float32]
    evidence: NDArray[np.float16] | None = None
    regions: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class QueryFeatures:
    """Text embeddings of B texts.

    Attributes:
        pooled: (B, D) float32, not normalised.
        tokens: (B, T, D) float32 with `mask` (B, T) bool, True = real token; None unless asked for.
    """

    pooled: NDArray[np.float32]
    tokens: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None
