"""The first packets of a container: which stream is the film, its frame times, one frame of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mediaindex.decode.container.film_codec import bounded_codec
from mediaindex.decode.container.opening import codec_of
from mediaindex.decode.container.reading import packets
from mediaindex.decode.container.refusals import encrypted
from mediaindex.errors import ProbeError

# What is read and decoded at most: enough for a frame rate and a rotation.
MAX_PACKETS = 600
MAX_FILM_PACKETS = 120
MAX_BYTES = 8 << 20
MAX_DECODED_PACKETS = 60


@dataclass(frozen=True, slots=True)
class FilmStart:
    """How a film begins.

    Attributes:
        film: the stream of the container's that is the film.
        frame_times: ascending seconds of its first frames, by the container's clock.
        frame: the first frame, None where none can be decoded.
    """

    film: VideoStream
    frame_times: tuple[Fraction, ...]
    frame: VideoFrame | None


def read_start(container: InputContainer, films: Sequence[VideoStream], *, max_pixels: int) -> FilmStart:
    """The start of the film among video streams: the one with most frames.

    Args:
        max_pixels: a larger film is refused before a decoder allocates its pictures.

    Raises:
        ProbeError: the film is encrypted, too large, or of a codec that is not read here.
    """
    by_stream = _first_packets(container, films)
    film = max(films, key=lambda s: (s.frames if _all_counted(films) else len(by_stream[s.index]), -s.index))
    film_packets = by_stream[film.index]
    if film_packets and film_packets[0].has_sidedata("encryption_info"):
        raise encrypted()
    _refuse_unplayable(film, max_pixels)
    tick = film.time_base or Fraction(1, av.time_base)
    stamps = sorted(packet.pts for packet in film_packets if packet.pts is not None)
    times = tuple(stamp * tick for stamp in stamps)
    return FilmStart(film, times, _first_frame(film, film_packets, max_pixels))


def _first_packets(
    container: InputContainer, films: Sequence[VideoStream]
) -> dict[int, list[Packet[Stream]]]:
    by_stream: dict[int, list[Packet[Stream]]] = defaultdict(list)
    count = size_bytes = 0
    try:
        for packet in packets(container, films):
            by_stream[packet.stream_index].append(packet)
            count, size_bytes = count + 1, size_bytes + packet.size
            enough = max(map(len, by_stream.values())) >= MAX_FILM_PACKETS
            if enough or count >= MAX_PACKETS or size_bytes >= MAX_BYTES:
                break
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        pass  # a damaged or cut off file: what came before counts
    return by_stream


def _all_counted(films: Sequence[VideoStream]) -> bool:
    """Whether every header tells how many frames it has; Matroska's never do."""
    return all(stream.frames for stream in films)


def _refuse_unplayable(film: VideoStream, max_pixels: int) -> None:
    if codec_of(film) is None:
        raise ProbeError("no decoder here reads its pictures: convert it, or index its proxy")
    codec = film.codec_context
    if codec.width * codec.height > max_pixels:
        raise ProbeError(
            f"{codec.width}x{codec.height} pixels are over the limit of {max_pixels}: index a smaller copy"
        )


def _first_frame(film: VideoStream, packets: Sequence[Packet[Stream]], max_pixels: int) -> VideoFrame | None:
    codec = bounded_codec(film, max_pixels)
    if packets and packets[0].is_keyframe:
        # At once, where a decoder that sorts pictures would first decode several more.
        if frames := _decoded(codec, packets[0]) or _decoded(codec, None):
            return frames[0]
        codec.flush_buffers()
    for packet in [*packets[:MAX_DECODED_PACKETS], None]:
        if frames := _decoded(codec, packet):
            return frames[0]
    return None


def _decoded(codec: VideoCodecContext, packet: Packet[Stream] | None) -> list[VideoFrame]:
    try:
        return codec.decode(packet)
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, EOFError):
        return []
