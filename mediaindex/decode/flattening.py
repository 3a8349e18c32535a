"""A picture with transparency, laid on the background that all such pictures have here."""

from __future__ import annotations

from PIL import Image

# Mid-grey: black letters and white ones stand out from it alike.
BACKGROUND = (128, 128, 128)


def flattened(colours: Image.Image, alpha: Image.Image) -> Image.Image:
    """A picture of any mode with its alpha channel of mode L, as RGB.

    Colours that are hidden under full transparency leave no trace.
    """
    return Image.composite(colours.convert("RGB"), Image.new("RGB", colours.size, BACKGROUND), alpha)
