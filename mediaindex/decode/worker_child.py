"""What the decoder's child process does with a request: probe a file, sample its frames, or time them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import av.error
import av.logging

from mediaindex.decode.backends.decoder import Decoder, Demand
from mediaindex.decode.backends.ffmpeg import FfmpegDecoder
from mediaindex.decode.backends.pyav import PyavDecoder
from mediaindex.decode.container.local_time import load_zones
from mediaindex.decode.container.probe import probe
from mediaindex.decode.container.reading import patience_seconds
from mediaindex.decode.container.refusals import is_fault_of_disk
from mediaindex.decode.frame_times import frame_times
from mediaindex.decode.sampling.every_second import every_second
from mediaindex.decode.sampling.first_look import first_look
from mediaindex.decode.sampling.moment import moment
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.sampler import FrameSampler, demand
from mediaindex.decode.sandbox import wire
from mediaindex.errors import DecodeError, ProbeError
from mediaindex.media import MediaInfo

DECODERS: dict[str, Callable[[Path, MediaInfo, Demand], Decoder]] = {
    "auto": PyavDecoder,
    "pyav": PyavDecoder,
    "ffmpeg": FfmpegDecoder,
}
# While memory is not limited yet: later its share would be missing for a large picture.
load_zones()


def handle(request: Mapping[str, Any]) -> Iterator[wire.Message]:
    """The replies to one request.

    Raises:
        ProbeError, DecodeError: the file cannot be read.
    """
    av.logging.set_level(None)
    patience_seconds.set(float(request["patience_seconds"]))
    path = Path(str(request["path"]))
    try:
        if request["do"] == "probe":
            yield wire.pack(probe(path, max_pixels=request["max_pixels"]))
        elif request["do"] == "frame times":
            yield from map(wire.pack, frame_times(path, _info(request)))
        elif request["do"] == "first look":
            yield from map(wire.pack, first_look(path, *_info_and_sampling(request)))
        elif request["do"] == "moment":
            yield from map(wire.pack, moment(path, *_info_and_sampling(request), float(request["seconds"])))
        elif request["do"] == "every second":
            frames = every_second(path, *_info_and_sampling(request), request["last_second"])
            yield from map(wire.pack, frames)
        else:
            yield from map(wire.pack, _sampler(path, request).run())
    except MemoryError:
        raise  # FFmpeg's is one too: the sandbox names the remedy
    except (OSError, av.error.FFmpegError) as error:
        if is_fault_of_disk(error):
            raise ProbeError(f"the file cannot be read: {error.strerror}", transient=True) from error
        raise DecodeError(f"it cannot be decoded: {error.strerror}") from error


def _info(request: Mapping[str, Any]) -> MediaInfo:
    info = wire.unpack(request["info"], b"")
    assert isinstance(info, MediaInfo)
    return info


def _info_and_sampling(request: Mapping[str, Any]) -> tuple[MediaInfo, Sampling]:
    return _info(request), Sampling(**request["sampling"])


def _sampler(path: Path, request: Mapping[str, Any]) -> FrameSampler:
    info, sampling = _info_and_sampling(request)
    new_decoder = DECODERS[str(request["decoder"])]
    wanted = demand(sampling, info.duration_seconds, stop_seconds=request.get("stop_seconds"))
    decoder: Decoder = new_decoder(path, info, wanted)
    return FrameSampler(decoder, info, sampling)
