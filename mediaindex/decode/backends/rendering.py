"""From a film's stored pictures to upright RGB of BT.709: what both decoders do alike.

FFmpeg scales; what it does not do by itself follows on the small picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from PIL import Image

from mediaindex.decode.backends.colour_conversion import UNSPECIFIED, is_bt709, to_bt709
from mediaindex.decode.container.orientation import UPRIGHT, Orientation, orientation_of
from mediaindex.decode.flattening import flattened

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Codes of ITU-T H.273 from which FFmpeg's swscale makes RGB: RGB itself, BT.709, unspecified, FCC,
# BT.470 BG, SMPTE 170M, SMPTE 240M, BT.2020 with non-constant luminance.
_KNOWN_MATRICES = frozenset({0, 1, 2, 4, 5, 6, 7, 9})


@dataclass(frozen=True, slots=True)
class Rendering:
    """How the pictures of a film are to be rendered.

    Attributes:
        matrix: code of H.273; one that swscale does not know is shown as BT.709, as players do: it is
            a wrong tag more often than not.
        primaries, transfer: codes of H.273.
        has_alpha: parts of a picture may be transparent.
    """

    orientation: Orientation = UPRIGHT
    matrix: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    has_alpha: bool = False

    @property
    def matrix_is_known(self) -> bool:
        """Whether swscale makes RGB of it unasked."""
        return self.matrix in _KNOWN_MATRICES

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of the format to scale into."""
        return "rgba" if self.has_alpha else "rgb24"

    @property
    def channels(self) -> int:
        """Bytes a pixel of that format has."""
        return 4 if self.has_alpha else 3

    def stored_size(self, width: int, height: int) -> tuple[int, int]:
        """Size to scale a stored picture to, of which the upright one has this size."""
        return (height, width) if self.orientation.is_sideways else (width, height)

    def filters(self, width: int, height: int) -> list[tuple[str, dict[str, str]]]:
        """Names and options of FFmpeg's filters that scale a stored picture; alpha comes premultiplied."""
        steps: list[tuple[str, dict[str, str]]] = []
        if not self.matrix_is_known:
            steps.append(("setparams", {"colorspace": "bt709"}))
        if self.has_alpha:
            # Or the colours that transparent pixels have would run into their neighbours.
            steps += [("format", {"pix_fmts": "gbrap"}), ("premultiply", {"inplace": "1"})]
        steps.append(("scale", {"width": str(width), "height": str(height), "flags": "area"}))
        steps.append(("format", {"pix_fmts": self.pixel_format}))
        return steps

    def rendered(self, pixels: NDArray[np.uint8], *, premultiplied: bool = True) -> NDArray[np.uint8]:
        """A scaled picture, (height, width, 3 or 4), as upright RGB, (height, width, 3)."""
        alpha = None
        if self.has_alpha:
            picture = _rgba(pixels, premultiplied=premultiplied)
            pixels, alpha = np.asarray(picture.convert("RGB")), picture.getchannel("A")
        if not is_bt709(self.primaries, self.transfer):
            pixels = to_bt709(pixels, self.primaries, self.transfer)
        if alpha is not None:
            pixels = np.asarray(flattened(Image.fromarray(pixels), alpha))
        return self.orientation.upright(pixels)


def rendering_of(
    frame: VideoFrame, *, opaque: bool = False, orientation: Orientation | None = None
) -> Rendering:
    """The rendering that a decoded frame asks for.

    Args:
        opaque: what looks like transparency is to be ignored.
        orientation: of the frame, where it is known; else it is looked for.
    """
    return Rendering(
        orientation=orientation_of(frame) if orientation is None else orientation,
        matrix=frame.colorspace,
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        has_alpha=not opaque and _has_alpha(frame.format.name),
    )


@cache
def _has_alpha(pixel_format: str) -> bool:
    pixels = VideoFormat(pixel_format)
    return pixels.has_palette or any(component.is_alpha for component in pixels.components)


def _rgba(pixels: NDArray[np.uint8], *, premultiplied: bool) -> Image.Image:
    mode = "RGBa" if premultiplied else "RGBA"
    height, width, _ = pixels.shape
    picture = Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1)
    return picture.convert("RGBA")
