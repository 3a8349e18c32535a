"""The choices for the frame cache: which decoder, and how large, good and close together its frames are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

DecoderName = Literal["auto", "pyav", "ffmpeg"]
"""What reads a film; "auto" is for the program to choose."""
DECODERS: tuple[DecoderName, ...] = get_args(DecoderName)

MAX_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True)
class Sampling:
    """The policy of the frame cache.

    Attributes:
        short_side: pixels; smaller pictures keep their size.
        quality: of the JPEGs, 1..95.
        gap_seconds: frames that fill a gap between keyframes are at most this far apart, twice as far where
            nothing tells that something else is seen in between.
        max_pixels: a larger picture is not decoded.
    """

    short_side: int = 384
    quality: int = 85
    gap_seconds: float = 3.4
    max_pixels: int = MAX_PIXELS
