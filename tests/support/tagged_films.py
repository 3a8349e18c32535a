"""Films whose pixels are simple and whose tags are not: display matrices, colours, transparency."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.support.media import Pixels

# (a, b, c, d) of a display matrix: the pixel (p, q) is shown at (a p + c q, b p + d q).
EIGHT_MATRICES = {
    "as stored": (1, 0, 0, 1),
    "turned by 90": (0, 1, -1, 0),
    "turned by 180": (-1, 0, 0, -1),
    "turned by 270": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "flipped": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "transposed the other way": (0, -1, -1, 0),
}
RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 200, 20), (20, 20, 230), (240, 240, 240)


def display_matrix(a: float, b: float, c: float, d: float) -> tuple[int, ...]:
    """The nine numbers of a display matrix, those of its four as 16.16."""
    a, b, c, d = (round(value * 65536) for value in (a, b, c, d))
    return (a, b, 0, c, d, 0, 0, 0, 1 << 30)


def set_display_matrix(path: Path, matrix: tuple[int, ...]) -> Path:
    """Write the matrix over that of the only track of an MP4 or MOV file."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd")
    struct.pack_into(">9i", data, header + 44, *matrix)
    path.write_bytes(data)
    return path


def quarters(width: int = 128, height: int = 96) -> Pixels:
    """Red and green above blue and white."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = RED, GREEN
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = BLUE, WHITE
    return picture


def quarters_in(picture: Pixels) -> str:
    """The first letters of the colours that the four quarters of a picture have come to."""
    height, width = picture.shape[:2]
    names = {"R": RED, "G": GREEN, "B": BLUE, "W": WHITE}
    found = [
        picture[height * row // 4, width * column // 4].astype(int) for row in (1, 3) for column in (1, 3)
    ]
    return "".join(min(names, key=lambda name: int(np.abs(seen - names[name]).sum())) for seen in found)


@dataclass(frozen=True, slots=True)
class Coding:
    """How the pictures of a tagged film are stored.

    Attributes:
        matrix, transfer, primaries: codes of ITU-T H.273, 2 where nothing is stated.
        matrix_of_pixels: what the pixels are really stored by, `matrix` if None.
        color_range: 1 for limited, 2 for full.
    """

    codec: str = "ffv1"
    pixel_format: str = "yuv420p"
    matrix: int = 2
    transfer: int = 2
    primaries: int = 2
    color_range: int = 1
    matrix_of_pixels: int | None = None
    options: dict[str, str] = field(default_factory=dict)


def write_tagged(path: Path, picture: NDArray[np.uint8], coding: Coding, count: int = 3) -> Path:
    """A film that shows one picture, (height, width, 3 or 4)."""
    source_format = "rgba" if picture.shape[2] == 4 else "rgb24"
    pixels_matrix = coding.matrix if coding.matrix_of_pixels is None else coding.matrix_of_pixels
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coding.codec, rate=10, options=coding.options)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = coding.pixel_format
        codec = stream.codec_context
        codec.thread_count = 1
        codec.colorspace, codec.color_range = coding.matrix, coding.color_range
        codec.color_trc, codec.color_primaries = coding.transfer, coding.primaries
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=source_format)
            if coding.pixel_format != source_format:
                frame = frame.reformat(
                    format=coding.pixel_format,
                    dst_colorspace=None if pixels_matrix == 2 else pixels_matrix,
                    dst_color_range=coding.color_range,
                )
            frame.colorspace, frame.color_range = coding.matrix, coding.color_range
            frame.color_trc, frame.color_primaries = coding.transfer, coding.primaries
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
