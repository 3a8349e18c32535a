"""What the child process does with an image: the bounded half of `still_image`."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from mediaindex.decode.bit_depth import eight_bits
from mediaindex.decode.flattening import flattened
from mediaindex.decode.sandbox import wire
from mediaindex.errors import ProbeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 64_000_000
SHORT_SIDE = 384
TIFF_SIGNATURES = (b"II*\0", b"MM\0*")
# What Pillow raises over damaged files, which it does not say in one place.
DAMAGE = (
    EOFError,
    IndexError,
    KeyError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
# Tags of TIFF and their values.
BITS_PER_SAMPLE, PHOTOMETRIC, PLANAR_CONFIGURATION, SAMPLE_FORMAT = 258, 262, 284, 339
WHITE_IS_ZERO, PLANES_APART, UNSIGNED, SIGNED = 0, 2, 1, 2
# What Pillow gives as signed numbers of 32 bits, by kind and bits as stored.
_STORED_TYPES = {(UNSIGNED, 32): np.uint32, (SIGNED, 16): np.int16, (UNSIGNED, 16): np.uint16}


def handle(request: dict[str, object]) -> Iterator[wire.Message]:
    """Answer one request: a picture, or nothing where the file is no image.

    Raises:
        ProbeError: the image is damaged or too large.
    """
    path = Path(str(request["path"]))
    try:
        picture = _picture(path)
    except Image.DecompressionBombError as error:
        raise ProbeError("it has far too many pixels; scale the image down") from error
    except DAMAGE as error:
        raise ProbeError(f"the image cannot be read: {error}") from error
    if picture is None:
        return
    picture = _shrunk(picture)
    if "A" in picture.getbands():
        picture = flattened(picture, picture.getchannel("A"))
    encoded = io.BytesIO()
    picture.convert("RGB").save(encoded, "JPEG", quality=95)
    yield {"kind": "picture"}, encoded.getvalue()


def _picture(path: Path) -> Image.Image | None:
    """The image upright, of mode L, LA, RGB or RGBA; None where the file is no image."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ProbeError(f"{image.width}x{image.height} pixels are too many; scale the image down")
            if not _is_misread(image):
                ImageOps.exif_transpose(image, in_place=True)
                return _eight_bits_a_colour(image)
    except UnidentifiedImageError:
        if not _is_tiff(path):
            return None
    # FFmpeg is loaded for such files alone: that takes longer than reading an ordinary image.
    from mediaindex.decode.deep_tiff import read_deep_tiff

    return _of_values(read_deep_tiff(path, max_pixels=MAX_PIXELS))


def _is_tiff(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) in TIFF_SIGNATURES


def _is_misread(image: Image.Image) -> bool:
    """Whether Pillow takes the image for one of eight bits: a TIFF that keeps deep colours apart."""
    if not isinstance(image, TiffImageFile):
        return False
    bits = image.tag_v2.get(BITS_PER_SAMPLE, (1,))
    return image.tag_v2.get(PLANAR_CONFIGURATION) == PLANES_APART and len(bits) > 1 and bits[0] > 8


def _eight_bits_a_colour(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        return _of_grey_values(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    image.load()
    return image if image.mode == mode else image.convert(mode)


def _of_grey_values(image: Image.Image) -> Image.Image:
    """An image of mode I;16, I or F, which Pillow itself would cut off at 255."""
    values, tags = np.asarray(image), image.tag_v2 if isinstance(image, TiffImageFile) else {}
    stored = tags.get(SAMPLE_FORMAT, (SIGNED,))[0], tags.get(BITS_PER_SAMPLE, (32,))[0]
    if image.mode == "I" and stored in _STORED_TYPES:
        values = values.astype(_STORED_TYPES[stored])
    levels = eight_bits(values)
    grey = Image.fromarray(255 - levels if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else levels)
    clear = image.info.get("transparency")  # of a PNG: the value that is transparent
    if clear is None:
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))))


def _of_values(values: NDArray[Any]) -> Image.Image:
    """An image of (height, width, 3 or 4) values of any depth."""
    levels = eight_bits(values[..., :3])
    if values.shape[2] == 4:
        levels = np.dstack([levels, eight_bits(values[..., 3])])
    return Image.fromarray(levels)


def _shrunk(picture: Image.Image) -> Image.Image:
    """The picture with a short side of `SHORT_SIDE` at most; before more copies are made of it."""
    scale = SHORT_SIDE / min(picture.size)
    if scale >= 1:
        return picture
    return picture.resize((round(picture.width * scale), round(picture.height * scale)))
