"""A file's MediaInfo: its headers, a look at its first packets, and one decoded frame.

Runs inside the sandbox: no file is opened here in the main process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mediaindex.decode.container.opening import (
    codec_of,
    display_size,
    open_container,
    pixel_aspect,
    quarter_turns,
    start_seconds,
)
from mediaindex.decode.container.refusals import (
    encrypted,
    is_picture,
    refuse_unreadable,
)
from mediaindex.decode.container.tags import (
    Recording,
    clean,
    clean_tags,
    read_recording,
)
from mediaindex.errors import ProbeError
from mediaindex.media import (
    MediaInfo,
    NotAVideo,
    StreamInfo,
)

NO_PICTURE_STREAM = "no picture stream"
MAX_STREAMS = 64

# How far the look at the first packets goes: enough for a rate and a rotation, little to read.
LOOK_PACKETS = 600
LOOK_FILM_PACKETS = 120
LOOK_BYTES = 8 << 20
LOOK_DECODES = 60
RATE_TOLERANCE = 0.03


def probe(path: Path, *, max_pixels: int) -> MediaInfo | NotAVideo:
    """What the file is.

    Args:
        max_pixels: a film with more pixels a picture is refused before a decoder allocates them.

    Raises:
        ProbeError: no demuxer takes it, it is encrypted, camera raw or too large, with the remedy.
    """
    refuse_unreadable(path)
    if is_picture(path):
        return NotAVideo("a picture, not a video")
    with open_container(path) as container:
        films = [stream for stream in container.streams.video if not _is_still(stream)]
        if not films:
            return NotAVideo(NO_PICTURE_STREAM)
        look = _Look(container, films, max_pixels)
        film = look.film
        rotation = quarter_turns(look.frame.rotation) if look.frame is not None else 0
        width, height = display_size(*_coded_size(film, look.frame), pixel_aspect(film), rotation)
        tags = clean_tags(container.metadata)
        recording = read_recording(
            tags, [clean_tags(stream.metadata) for stream in (film, *_but(container, film))]
        )
        return _info(
            container,
            film,
            recording,
            tags,
            duration=_duration(container, film, path),
            size=(max(width, 1), max(height, 1)),
            fps=_rate(film, look.seconds),
            rotation=rotation,
        )


def _info(
    container: InputContainer,
    film: VideoStream,
    recording: Recording,
    tags: Mapping[str, str],
    *,
    duration: float | None,
    size: tuple[int, int],
    fps: float | None,
    rotation: int,
) -> MediaInfo:
    place = recording.place
    return MediaInfo(
        duration_seconds=duration,
        width=size[0],
        height=size[1],
        fps=fps,
        codec=film.codec_context.codec.canonical_name,
        rotation=rotation,
        container=container.format.name,
        video_stream=film.index,
        streams=tuple(_stream_info(stream) for stream in list(container.streams)[:MAX_STREAMS]),
        recorded_at=recording.recorded_at,
        recorded_day=recording.recorded_day,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        altitude=place.altitude if place else None,
        timecode=recording.timecode,
        camera=recording.camera,
        title=recording.title,
        tags=tags,
    )


@dataclass(slots=True)
class _Look:
    """The first packets of a container: which stream is the film, its frame times, one frame of it."""

    container: InputContainer
    films: Sequence[VideoStream]
    max_pixels: int
    seconds: list[float] = field(default_factory=list)
    frame: VideoFrame | None = None
    film: VideoStream = field(init=False)

    def __post_init__(self) -> None:
        packets = self._first_packets()
        self.film = max(
            self.films,
            key=lambda s: (s.frames if _all_counted(self.films) else len(packets[s.index]), -s.index),
        )
        if any(packet.has_sidedata("encryption_info") for packet in packets[self.film.index][:1]):
            raise encrypted()
        self._refuse_unplayable()
        times = (p.pts * p.time_base for p in packets[self.film.index] if p.pts is not None and p.time_base)
        self.seconds = [float(time) for time in sorted(times)]
        self.frame = self._first_frame(packets[self.film.index])

    def _first_packets(self) -> dict[int, list[Packet[Stream]]]:
        packets: dict[int, list[Packet[Stream]]] = defaultdict(list)
        read = size = 0
        try:
            for packet in self.container.demux(self.films):
                packets[packet.stream_index].append(packet)
                read, size = read + 1, size + packet.size
                enough = max(map(len, packets.values())) >= LOOK_FILM_PACKETS
                if enough or read >= LOOK_PACKETS or size >= LOOK_BYTES:
                    break
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            pass  # a damaged or cut off file: what came before counts
        return packets

    def _refuse_unplayable(self) -> None:
        if codec_of(self.film) is None:
            raise ProbeError("no decoder here reads its pictures: convert it, or index its proxy")
        codec = self.film.codec_context
        if codec.width * codec.height > self.max_pixels:
            raise ProbeError(
                f"{codec.width}x{codec.height} pixels are over the limit of {self.max_pixels}: "
                "index a smaller copy"
            )

    def _first_frame(self, packets: Sequence[Packet[Stream]]) -> VideoFrame | None:
        codec = self.film.codec_context
        codec.thread_count = 1
        codec.options = {**codec.options, "max_pixels": str(self.max_pixels)}
        for packet in packets[:LOOK_DECODES]:
            try:
                frames = codec.decode(packet)
            except av.error.MemoryError:
                raise
            except av.error.FFmpegError:
                continue
            if frames:
                return frames[0]
        try:
            frames = codec.decode(None)
        except (av.error.FFmpegError, EOFError):
            return None
        return frames[0] if frames else None


def _is_still(stream: VideoStream) -> bool:
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.still_image))


def _all_counted(films: Sequence[VideoStream]) -> bool:
    """Whether every header tells how many frames it has; Matroska's never do."""
    return all(stream.frames for stream in films)


def _but(container: InputContainer, film: VideoStream) -> list[Stream]:
    return [stream for stream in list(container.streams)[:MAX_STREAMS] if stream.index != film.index]


def _coded_size(film: VideoStream, frame: VideoFrame | None) -> tuple[int, int]:
    codec = film.codec_context
    return (frame.width, frame.height) if frame is not None else (codec.width, codec.height)


def _duration(container: InputContainer, film: VideoStream, path: Path) -> float | None:
    """Seconds by the container, else the film's header, else the end of its last packet."""
    if container.duration:
        return container.duration / av.time_base
    if film.duration and film.time_base:
        return float(film.duration * film.time_base)
    return _duration_by_packets(path, film.index)


def _duration_by_packets(path: Path, index: int) -> float | None:
    end = 0.0
    with open_container(path) as container:
        start = start_seconds(container)
        try:
            for packet in container.demux(container.streams[index]):
                if packet.pts is not None and packet.time_base:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start)
        except av.error.FFmpegError:
            pass  # as far as it can be read
    return end or None


def _rate(film: VideoStream, seconds: Sequence[float]) -> float | None:
    """Frames a second by frame times; a declared rate that agrees gives the exact figure.

    `average_rate` of an interlaced transport stream may count fields, twice the pictures there are.
    """
    if film.frames > 1 and film.duration and film.time_base and film.average_rate:
        return float(film.average_rate)
    steps = [after - before for before, after in pairwise(seconds) if after > before]
    if not steps:
        return None
    usual = 1 / median(steps)
    mean = len(steps) / sum(steps)
    for declared in (film.average_rate, film.guessed_rate, film.base_rate):
        for measured in (mean, usual):
            if declared and abs(float(declared) / measured - 1) < RATE_TOLERANCE:
                return float(declared)
    return mean


def _stream_info(stream: Stream) -> StreamInfo:
    tags = clean_tags(stream.metadata)
    codec = codec_of(stream)
    language = tags.get("language")
    return StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=codec.codec.canonical_name if codec is not None else "unknown",
        language=None if language in (None, "und") else clean(str(language), 16),
        title=tags.get("title"),
        default=bool(stream.disposition & Disposition.default),
        forced=bool(stream.disposition & Disposition.forced),
        attached_picture=bool(stream.disposition & Disposition.attached_pic),
    )
