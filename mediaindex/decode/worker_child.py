"""What the decoder's child process does with a request: probe a file, or sample its frames."""

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
from mediaindex.decode.container.refusals import is_fault_of_disk
from mediaindex.decode.sampling.first_look import first_look
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
    path = Path(str(request["path"]))
    try:
        if request["do"] == "probe":
            yield wire.pack(probe(path, max_pixels=request["max_pixels"]))
        elif request["do"] == "first look":
            yield from map(wire.pack, first_look(path, *_info_and_sampling(request)))
        else:
            yield from map(wire.pack, _sampler(path, request).run())
    except MemoryError:
        raise  # FFmpeg's is one too: the sandbox names the remedy
    except (OSError, av.error.FFmpegError) as error:
        if is_fault_of_disk(error):
            raise ProbeError(f"the file cannot be read: {error.strerror}", transient=True) from error
        raise DecodeError(f"it cannot be decoded: {error.strerror}") from error


def _info_and_sampling(request: Mapping[str, Any]) -> tuple[MediaInfo, Sampling]:
    info = wire.unpack(request["info"], b"")
    assert isinstance(info, MediaInfo)
    return info, Sampling(**request["sampling"])


def _sampler(path: Path, request: Mapping[str, Any]) -> FrameSampler:
    info, sampling = _info_and_sampling(request)
    new_decoder = DECODERS[str(request["decoder"])]
    decoder: Decoder = new_decoder(path, info, demand(sampling, info.duration_seconds))
    return FrameSampler(decoder, info, sampling)
