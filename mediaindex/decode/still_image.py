"""A query image, opened in a bounded child process like every other file that nobody vouches for.

This module holds both sides: `read_image` asks, `handle` answers inside the child.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import DecodeError, DecoderDied, ProbeError
from mediaindex.media import MAX_FRAME_SIDE, decoded

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 64_000_000
SHORT_SIDE = 384


def read_image(path: Path) -> bytes | None:
    """An image as an upright RGB JPEG of short side 384 at most; None where it is no image.

    Raises:
        MediaError: it is an image and cannot be read.
    """
    reader = ImageReader()
    try:
        return reader.read(path)
    finally:
        reader.close()


class ImageReader:
    """Reads images in one child process, which starts with the first; thread-confined but for `kill`."""

    def __init__(self) -> None:
        self._sandbox = Sandbox(__name__, Limits())

    def read(self, path: Path) -> bytes | None:
        """As `read_image`."""
        replies = list(
            self._sandbox.ask({"path": str(path.absolute())})
        )  # to the end, or the child is killed
        picture = next((body for header, body in replies if header["kind"] == "picture"), None)
        if picture is not None:
            _prove(picture)
        return picture

    def kill(self) -> None:
        """End the child process at once and for good, from any thread."""
        self._sandbox.kill()

    def close(self) -> None:
        """End the child process."""
        self._sandbox.close()


def handle(request: dict[str, object]) -> Iterator[wire.Message]:
    """Answer one request inside the child: a picture, or nothing where the file is no image.

    Raises:
        ProbeError: the image is damaged or too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(str(request["path"]), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ProbeError(f"{image.width}x{image.height} pixels are too many; scale the image down")
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError:
        return
    except (OSError, ValueError, SyntaxError) as error:
        raise ProbeError(f"the image cannot be read: {error}") from error
    scale = min(SHORT_SIDE / min(upright.size), MAX_FRAME_SIDE / max(upright.size))
    if scale < 1:
        upright = upright.resize([max(round(side * scale), 1) for side in upright.size])
    encoded = io.BytesIO()
    upright.save(encoded, "JPEG", quality=95)
    yield {"kind": "picture"}, encoded.getvalue()


def _prove(jpeg: bytes) -> None:
    """Decode what the child sent once, within bounds.

    Raises:
        DecoderDied: it is no picture.
    """
    try:
        decoded(jpeg, short_side=SHORT_SIDE)
    except DecodeError as error:
        raise DecoderDied(f"the decoder sent nonsense: {error.reason}") from error
