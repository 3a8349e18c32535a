"""The seam between sampling and a decoder: pictures in playing order, each scaled on demand.

A third decoder is one new module with a `Decoder` in it and one line in `worker_child.DECODERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mediaindex.media import MAX_FRAME_SIDE, Cue, Position

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL_WIDTH = 64
THUMBNAIL_HEIGHT = 36


@dataclass(frozen=True, slots=True)
class Demand:
    """How densely a decoder should go through a film, and how large its pictures may be.

    Attributes:
        gap_seconds: a longer stretch without a keyframe is decoded.
        keyframe_seconds: keyframes nearer to each other than this may be left out.
        intra_seconds: the same for films in which every picture is a keyframe.
        short_side: pixels; no picture is asked for larger than this.
        max_pixels: the decoder refuses larger pictures.
        stop_seconds: where the film is read no further, None for its end.
    """

    gap_seconds: float
    keyframe_seconds: float
    intra_seconds: float
    short_side: int
    max_pixels: int
    stop_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What packets tell of the pictures between two keyframes that were not decoded.

    Attributes:
        seconds, sizes: times and bytes of the packets that are not keyframes, as they are stored.
        keyframe_bytes: size of the keyframe before them.
        is_regular: the keyframe after them came where the encoder would have put it in any case.
        is_early: it came sooner than that, where the encoder saw the scene change.
    """

    seconds: tuple[float, ...]
    sizes: tuple[int, ...]
    keyframe_bytes: int
    is_regular: bool
    is_early: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture.

    Attributes:
        seconds: from the container's start.
        width, height: as displayed: upright, square pixels.
        keyframe: the codec calls it one, in a film that has other pictures between keyframes.
        adjacent: it directly follows the picture given before; none was left out.
        fills: it is one of those that divide a gap between keyframes evenly.
        left_out: what lies before it, where it is a keyframe and the packets tell something of it.
        scaled: (width, height) → (height, width, 3) uint8 RGB, upright, area-averaged.
        thumbnail: (36, 64, 3) uint8 RGB of nearest pixels, quick to make, to compare pictures by.
    """

    seconds: float
    width: int
    height: int
    keyframe: bool
    adjacent: bool
    scaled: Callable[[int, int], NDArray[np.uint8]]
    thumbnail: Callable[[], NDArray[np.uint8]]
    fills: bool = False
    left_out: LeftOut | None = None


class Decoder(Protocol):
    """Reads one film once."""

    @property
    def damaged_packets(self) -> int:
        """Packets so far that could not be read and were left out."""
        ...

    @property
    def end_seconds(self) -> float:
        """Where the last picture read so far stops being shown."""
        ...

    def scan(self) -> Iterator[Picture | Cue | Position]:
        """Pictures in ascending time, and in between the cues and file positions as they are read.

        Raises:
            ProbeError: the file can no longer be opened. DecodeError: the decoder cannot go on.
        """
        ...

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> Iterator[Picture]:
        """Pictures between two that `scan` gave one after the other, around their largest change.

        Call it only while `later` is the last one given. The last picture is `later` itself, with
        `adjacent` set for its new predecessor; the caller may stop earlier.

        Args:
            difference: how unlike two pictures are, for decoders that search instead of decoding all.
        """
        ...


def fitted(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Size of a picture whose short side is at most `short_side`, and its long one within reason."""
    scale = min(1.0, short_side / min(width, height), MAX_FRAME_SIDE / max(width, height))
    return max(round(width * scale), 1), max(round(height * scale), 1)
