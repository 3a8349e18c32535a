"""A picture → pixels for a terminal that shows them: a PNG for kitty, sixels for others.

Made here rather than where they are drawn: the libraries are large, and one of them asks the terminal when it
is imported. This process has none.
"""

from __future__ import annotations

import io

from PIL.Image import Resampling

from mediaindex.media import decoded
from mediaindex_tui.finder.quadrants import fitted

QUICK = 1
"""Of zlib's levels: what goes through a local pipe need not be small."""


def png_of(jpeg: bytes, width: int, height: int) -> bytes:
    """A picture as PNG in the shape of so many pixels, with no more of them than it has.

    Raises:
        DecodeError: it is no JPEG, or damaged.
    """
    image = decoded(jpeg, enough=(width, height))
    share = min(1.0, max(image.width / width, image.height / height))
    size = max(1, round(width * share)), max(1, round(height * share))
    written = io.BytesIO()
    fitted(image, *size, aspect=height / width).save(written, "PNG", compress_level=QUICK)
    return written.getvalue()


def sixels_of(jpeg: bytes, width: int, height: int) -> bytes:
    """A picture as sixels, so many pixels large.

    Raises:
        DecodeError: it is no JPEG, or damaged.
        ImportError: the extra `pictures` is not installed.
    """
    from textual_image._sixel import image_to_sixels  # its public names draw, and ask for the terminal's size

    image = decoded(jpeg, enough=(width, height))
    whole = fitted(image, width, height, aspect=height / width, resampling=Resampling.BILINEAR)
    return image_to_sixels(whole).encode("ascii")
