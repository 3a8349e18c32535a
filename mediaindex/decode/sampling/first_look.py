"""The first look at a film: one picture near its middle for the price of a seek, before the film is decoded.

Runs inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mediaindex.decode.backends.pyav import PyavDecoder
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.sampler import demand, jpeg
from mediaindex.errors import DecodeError
from mediaindex.media import MediaInfo, SampledFrame, Segment, Segmentation


def first_look(path: Path, info: MediaInfo, sampling: Sampling) -> Iterator[SampledFrame | Segmentation]:
    """One sampled frame, and a segmentation of one segment that spans the film.

    Raises:
        DecodeError: neither its middle nor its start gives a picture; decoding the whole may.
    """
    decoder = PyavDecoder(path, info, demand(sampling, info.duration_seconds))
    picture = decoder.first_look()
    if picture is None:
        raise DecodeError("no picture was found at a first look")
    duration = max(info.duration_seconds or 0.0, picture.seconds)
    yield SampledFrame(picture.seconds, jpeg(picture, sampling))
    yield Segmentation(duration, (), (Segment(0.0, duration, 0, 1),))
