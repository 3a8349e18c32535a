"""TIFF files with several colours of 16 bits or floats, which Pillow reads wrongly or not at all.

FFmpeg's decoder reads them. Runs inside the sandbox.
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mediaindex.errors import ProbeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNREADABLE = "a TIFF that cannot be read here: save it as PNG"
_HEADER_BYTES = 8
UNSIGNED, FLOAT = 1, 3
# (bits, kind of number) of what FFmpeg reads rightly; it takes others for these.
_READABLE = {(16, UNSIGNED), (32, FLOAT)}
_COLOURED_FLOATS = ("gbrpf32", "gbrapf32", "rgbf32", "rgbaf32")


def read_deep_tiff(path: Path, *, max_pixels: int) -> NDArray[Any]:
    """Values of the first picture, (height, width, 3 or 4) uint16 or float32; a fourth one is alpha.

    Raises:
        ProbeError: it is damaged, too large, or of numbers that nothing here reads.
    """
    bits, kind = _numbers(path)
    if (bits, kind) not in _READABLE:
        raise ProbeError(f"a TIFF of {bits} bits a colour that cannot be read here: save it as PNG")
    codec = CodecContext.create("tiff", "r")
    assert isinstance(codec, VideoCodecContext)
    codec.thread_count = 1
    codec.options = {"max_pixels": str(max_pixels)}
    try:
        frames = codec.decode(Packet(path.read_bytes())) or codec.decode(None)
        return _values(frames[0])
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, EOFError, IndexError, ValueError) as error:
        raise ProbeError(UNREADABLE) from error


def _numbers(path: Path) -> tuple[int, int]:
    """Bits of a colour and what kind of number they are, by the first picture's tags."""
    try:
        with open(path, "rb") as file, warnings.catch_warnings(action="ignore"):
            tags = ImageFileDirectory_v2(file.read(_HEADER_BYTES))
            file.seek(tags.next)
            tags.load(file)
            return tags.get(258, (1,))[0], tags.get(339, (UNSIGNED,))[0]
    except (OSError, SyntaxError, TypeError, ValueError, IndexError, struct.error) as error:
        raise ProbeError(UNREADABLE) from error


def _values(frame: VideoFrame) -> NDArray[Any]:
    if frame.format.name.startswith(_COLOURED_FLOATS):
        return np.asarray(frame.to_ndarray(), np.float32)
    return np.asarray(frame.reformat(format="rgba64le", threads=1).to_ndarray(), np.uint16)
