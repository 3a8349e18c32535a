"""A frame that PyAV decoded as a Picture: upright, with square pixels, scaled when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av.error
import numpy as np
from av.filter.graph import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter

from mediaindex.decode.backends.decoder import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, Picture
from mediaindex.decode.backends.rendering import Rendering, rendering_of
from mediaindex.decode.container.opening import display_size
from mediaindex.decode.container.orientation import UPRIGHT, Orientation, orientation_of
from mediaindex.errors import DecodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Formats of bytes with one colour sample for four pixels.
_HALF_COLOUR = frozenset({"yuv420p", "yuvj420p"})


class PictureMaker:
    """Makes the pictures of one film; keeps a scaler for each size, which costs more to build than to use.

    Args:
        aspect: width by height of one pixel.
        opaque: what looks like transparency is to be ignored.
    """

    def __init__(self, aspect: Fraction, *, opaque: bool = False) -> None:
        self._aspect = aspect
        self._opaque = opaque
        self._orientation: Orientation | None = None
        self._stored = (0, 0, UPRIGHT)
        self._display = (0, 0)
        self._thumbnailer = VideoReformatter()
        self._scalers: dict[tuple[int, int], _Scaler] = {}

    def picture(
        self,
        frame: VideoFrame,
        seconds: float,
        *,
        adjacent: bool,
        keyframe: bool = False,
        fills: bool = False,
    ) -> Picture:
        """The frame as a picture at a time; nothing is scaled yet.

        Scaling raises DecodeError where FFmpeg cannot turn the frame into RGB.
        """
        if self._orientation is None or frame.key_frame:  # it cannot change between two keyframes
            self._orientation = orientation_of(frame)
        rendering = rendering_of(frame, opaque=self._opaque, orientation=self._orientation)
        width, height = self._display_size(frame.width, frame.height, rendering.orientation)

        def scaled(to_width: int, to_height: int) -> NDArray[np.uint8]:
            size = rendering.stored_size(to_width, to_height)
            with _explained(frame):
                if rendering.has_alpha:
                    pixels = _filtered(frame, rendering, size)
                else:
                    pixels = self._scalers.setdefault(size, _Scaler()).scaled(frame, rendering, size)
            return rendering.rendered(pixels)

        def thumbnail() -> NDArray[np.uint8]:
            size = rendering.stored_size(THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT)
            with _explained(frame):
                pixels = _scaled(self._thumbnailer, frame, rendering, size, "POINT")
            return rendering.rendered(pixels, premultiplied=False)

        return Picture(
            seconds=seconds,
            width=width,
            height=height,
            keyframe=keyframe,
            adjacent=adjacent,
            scaled=scaled,
            thumbnail=thumbnail,
            fills=fills,
        )

    def _display_size(self, width: int, height: int, orientation: Orientation) -> tuple[int, int]:
        """Size as displayed, computed again only when the film changes its size."""
        stored = width, height, orientation
        if stored != self._stored:
            self._stored = stored
            self._display = display_size(width, height, self._aspect, orientation)
        return self._display


class _Scaler:
    """Scales pictures to one size by the mean of areas.

    FFmpeg scales planes of bytes several times faster in their own format than on the way to RGB. Colour has
    half the resolution then, as in the JPEGs that the frame cache keeps.
    """

    def __init__(self) -> None:
        self._planes = VideoReformatter()
        self._rgb = VideoReformatter()

    def scaled(self, frame: VideoFrame, rendering: Rendering, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Pixels in the rendering's format."""
        if frame.format.name not in _HALF_COLOUR or (frame.width, frame.height) == size:
            return _scaled(self._rgb, frame, rendering, size, "AREA")
        small = self._planes.reformat(frame, *size, interpolation="AREA", threads=1)
        return _scaled(self._rgb, small, rendering, size, "AREA")


def _scaled(
    scaler: VideoReformatter,
    frame: VideoFrame,
    rendering: Rendering,
    size: tuple[int, int],
    interpolation: Literal["AREA", "POINT"],
) -> NDArray[np.uint8]:
    """Pixels in the rendering's format, alpha as it is."""
    scaled = scaler.reformat(
        frame,
        *size,
        format=rendering.pixel_format,
        src_colorspace=None if rendering.matrix_is_known else Colorspace.ITU709,
        interpolation=interpolation,
        threads=1,
    )
    return np.asarray(scaled.to_ndarray(), np.uint8)


def _filtered(frame: VideoFrame, rendering: Rendering, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Pixels in the rendering's format, alpha premultiplied: dearer than `_scaled`."""
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
    )
    steps = [graph.add(name, **options) for name, options in rendering.filters(*size)]
    graph.link_nodes(source, *steps, graph.add("buffersink")).configure()
    graph.push(frame)
    filtered = graph.pull()
    assert isinstance(filtered, VideoFrame)
    return np.asarray(filtered.to_ndarray(), np.uint8)


@contextmanager
def _explained(frame: VideoFrame) -> Iterator[None]:
    try:
        yield
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        raise DecodeError(
            f"its pictures ({frame.format.name}) cannot be turned into RGB here: convert it"
        ) from error
