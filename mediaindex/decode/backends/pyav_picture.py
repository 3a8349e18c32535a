"""A frame that PyAV decoded as a Picture: upright, with square pixels, scaled when it is asked for."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from mediaindex.decode.backends.decoder import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, Picture
from mediaindex.decode.container.opening import display_size, quarter_turns

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PictureMaker:
    """Makes the pictures of one film; keeps a scaler for each size, which costs more to build than to use.

    Args:
        aspect: width by height of one pixel.
    """

    def __init__(self, aspect: Fraction) -> None:
        self._aspect = aspect
        self._stored = (0, 0, 0)
        self._display = (0, 0)
        self._thumbnailer = VideoReformatter()
        self._scalers: dict[tuple[int, int], VideoReformatter] = {}

    def picture(
        self, frame: VideoFrame, seconds: float, *, adjacent: bool, keyframe: bool = False
    ) -> Picture:
        """The frame as a picture at a time; nothing is scaled yet."""
        rotation = quarter_turns(frame.rotation)
        width, height = self._display_size(frame.width, frame.height, rotation)

        def scaled(to_width: int, to_height: int) -> NDArray[np.uint8]:
            size = (to_height, to_width) if rotation in (90, 270) else (to_width, to_height)
            scaler = self._scalers.setdefault(size, VideoReformatter())
            rgb = scaler.reformat(frame, *size, format="rgb24", interpolation="AREA", threads=1)
            return np.rot90(np.asarray(rgb.to_ndarray(), np.uint8), rotation // 90)

        def thumbnail() -> NDArray[np.uint8]:
            rgb = self._thumbnailer.reformat(
                frame, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, format="rgb24", interpolation="POINT", threads=1
            )
            return np.asarray(rgb.to_ndarray(), np.uint8)

        return Picture(
            seconds=seconds,
            width=width,
            height=height,
            keyframe=keyframe,
            adjacent=adjacent,
            scaled=scaled,
            thumbnail=thumbnail,
        )

    def _display_size(self, width: int, height: int, rotation: int) -> tuple[int, int]:
        """Size as displayed, computed again only when the film changes its size."""
        stored = width, height, rotation
        if stored != self._stored:
            self._stored = stored
            self._display = display_size(width, height, self._aspect, rotation)
        return self._display
