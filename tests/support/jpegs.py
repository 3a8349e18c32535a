"""Small JPEGs that are hard to compress, and the same with a false size in their header."""

from __future__ import annotations

import io

from PIL import Image


def encoded(width: int, height: int, *, form: str = "JPEG") -> bytes:
    """A picture of noise."""
    file = io.BytesIO()
    Image.effect_noise((width, height), 64).convert("RGB").save(file, form)
    return file.getvalue()


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """The JPEG, its header telling another size."""
    start = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:start] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[start + 4 :]
