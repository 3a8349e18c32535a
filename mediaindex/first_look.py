"""One picture of a film near its middle, for the price of a seek: what is known before its turn comes.

Runs inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mediaindex.decoders.pyav import PyavDecoder
from mediaindex.errors import DecodeError
from mediaindex.frames import Sampling
from mediaindex.media import Keyframe, MediaInfo, Outline, Segment
from mediaindex.sampler import demand, jpeg


def first_look(path: Path, info: MediaInfo, sampling: Sampling) -> Iterator[Keyframe | Outline]:
    """The frame, and an outline of one segment that spans the film.

    Raises:
        DecodeError: there is no picture to be had this way; decoding the whole may find one.
    """
    decoder = PyavDecoder(path, info, demand(sampling, info.duration_seconds))
    picture = decoder.glance()
    if picture is None:
        raise DecodeError("no picture was found at a first look")
    duration = max(info.duration_seconds or 0.0, picture.seconds)
    yield Keyframe(picture.seconds, jpeg(picture, sampling))
    yield Outline(duration, (), (Segment(0.0, duration, 0, 1),))
