"""How the pictures of a film are mirrored and turned to be upright, from the display matrix of a frame."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Nine numbers of 32 bits in the machine's byte order: FFmpeg's AV_FRAME_DATA_DISPLAYMATRIX.
_MATRIX = struct.Struct("=9i")
TOLERANCE_DEGREES = 1.0


@dataclass(frozen=True, slots=True)
class Orientation:
    """What makes a stored picture upright: first the mirror, then the turn.

    Attributes:
        mirrored: left and right are exchanged.
        rotation: degrees counter-clockwise: 0, 90, 180 or 270.
    """

    mirrored: bool = False
    rotation: int = 0

    @property
    def is_sideways(self) -> bool:
        """Whether the stored picture's width is the height of the upright one."""
        return self.rotation in (90, 270)

    def upright(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A stored picture, (height, width, channels), as it is to be seen."""
        return np.rot90(pixels[:, ::-1] if self.mirrored else pixels, self.rotation // 90)


UPRIGHT = Orientation()


def orientation_of(frame: VideoFrame) -> Orientation:
    """The orientation that a frame states."""
    try:
        # Not `frame.side_data`: the frame keeps that, which refers to the frame, and pictures of hundreds of
        # megabytes would wait for the garbage collector. PyAV's types do not know how one is made.
        stated = SideDataContainer(frame)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        matrix = stated[SideDataType.DISPLAYMATRIX]
    except KeyError:
        return UPRIGHT
    except ValueError:
        # PyAV 18 gives no side data at all where one kind (EXIF of Motion JPEG) is newer than it is itself.
        return Orientation(rotation=frame.rotation % 360) if frame.rotation % 90 == 0 else UPRIGHT
    return orientation_by_matrix(_MATRIX.unpack_from(bytes(matrix)))


def orientation_by_matrix(matrix: Sequence[int]) -> Orientation:
    """The orientation nearest to a display matrix; as stored where no camera writes such a matrix.

    Args:
        matrix: (a, b, u, c, d, v, x, y, w), which puts the pixel (p, q) at (a p + c q + x, b p + d q + y).
            Its scale is the container's business and its shift is ours to ignore.
    """
    a, b, _, c, d = matrix[:5]
    determinant = a * d - b * c
    if determinant == 0:
        return UPRIGHT  # garbage: nothing would be left of the picture
    mirrored = determinant < 0
    sign = -1 if mirrored else 1
    degrees = -math.degrees(math.atan2(sign * b, sign * a))
    rotation = 90 * round(degrees / 90)
    if abs(degrees - rotation) > TOLERANCE_DEGREES:
        return UPRIGHT
    return Orientation(mirrored, rotation % 360)
