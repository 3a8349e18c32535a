"""The values that walk the corridor, frozen and checked.

FileEvent → MediaInfo → SampledFrame, Cue, Segmentation → FrameEmbeddings → Candidates → Hits.
Times are seconds from the container's start time (what a player counts from), as floats.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEGMENT_SECONDS = 30.0
SEGMENT_FRAMES = 12
# No honest film has more; the child keeps to these bounds, the parent does not rely on it.
MAX_FRAMES = 100_000
MAX_CUES = 200_000  # a film with sixty languages
MAX_CUE_CHARACTERS = 2000
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
    """One stream of a container, as its header states it."""

    index: int
    kind: str
    codec: str
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False
    attached_picture: bool = False


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
    """How far the decoder has read: bytes from the file's start (bounds the hash reader)."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A shot-aligned stretch of at most 30 s with 1..12 frames.

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
    """

    vectors: NDArray[np.float32]
    evidence: NDArray[np.float16] | None = None


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
