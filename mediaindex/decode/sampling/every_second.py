"""One frame a second of a film, counted as the protocols of the retrieval benchmarks count: by frame number.

With the frame rate rounded down to r, frame 0, r, 2r, … are those of the seconds 0, 1, 2, …. Every picture
before the last one is decoded. Runs inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mediaindex.decode.backends.picture_at import every_picture
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.sampler import jpeg
from mediaindex.decode.sampling.segments import cut_into_segments
from mediaindex.errors import DecodeError
from mediaindex.media import MAX_FRAMES, MediaInfo, Position, SampledFrame, Segmentation

# Where the container tells no rate.
_USUAL_RATE = 25.0


def every_second(
    path: Path, info: MediaInfo, sampling: Sampling, last_second: int | None
) -> Iterator[SampledFrame | Position | Segmentation]:
    """The frames of the seconds 0 to `last_second`, that one included, and a segmentation without cuts.

    Args:
        last_second: None for the film's end.

    Raises:
        DecodeError: no picture can be decoded.
    """
    rate = max(1, int(info.fps or _USUAL_RATE))
    most = MAX_FRAMES if last_second is None else min(MAX_FRAMES, last_second + 1)
    seconds: list[float] = []
    for number, picture in enumerate(every_picture(path, info, max_pixels=sampling.max_pixels)):
        if number % rate:
            continue
        seconds.append(max(picture.seconds, 0.0))
        yield SampledFrame(seconds[-1], jpeg(picture, sampling))
        if len(seconds) == most:
            break
    if not seconds:
        raise DecodeError("no picture can be decoded")
    yield Segmentation(seconds[-1], (), tuple(cut_into_segments([], seconds, seconds[-1])))
