"""One moment of a film: the picture that is seen at a time, for the price of what lies between keyframes.

Runs inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.backends.picture_at import pictures_until
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.sampler import SIGN_OF_LIFE_SECONDS, jpeg
from mediaindex.errors import DecodeError
from mediaindex.media import MediaInfo, Position, SampledFrame, Segment, Segmentation


def moment(
    path: Path, info: MediaInfo, sampling: Sampling, seconds: float
) -> Iterator[SampledFrame | Position | Segmentation]:
    """The frame that is seen at a time, else the one nearest to it, and a segmentation of one segment.

    Raises:
        DecodeError: no picture can be decoded there; decoding the whole may find one.
    """
    shown: Picture | None = None
    position, told_seconds = Position(0), 0.0
    for item in pictures_until(path, info, seconds, max_pixels=sampling.max_pixels):
        if isinstance(item, Position):
            yield (position := item)
            continue
        if shown is None or item.seconds <= seconds:
            shown = item
        if item.seconds - told_seconds >= SIGN_OF_LIFE_SECONDS:
            told_seconds = item.seconds
            yield position
    if shown is None:
        raise DecodeError("no picture was found at this time")
    start = max(shown.seconds, 0.0)
    yield SampledFrame(start, jpeg(shown, sampling))
    yield Segmentation(start, (), (Segment(start, start, 0, 1),))
