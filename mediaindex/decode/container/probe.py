"""A file's MediaInfo: from its headers, its first packets and one decoded frame.

Runs inside the sandbox: the main process opens no media file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mediaindex.decode.container.film_start import read_start
from mediaindex.decode.container.opening import (
    codec_of,
    display_size,
    open_container,
    pixel_aspect,
    start_seconds,
)
from mediaindex.decode.container.orientation import UPRIGHT, orientation_of
from mediaindex.decode.container.refusals import is_picture, refuse_unreadable
from mediaindex.decode.container.tags import Recording, clean, clean_tags, read_recording
from mediaindex.media import MediaInfo, NotAVideo, StreamInfo

NO_PICTURE_STREAM = "no picture stream"
MAX_STREAMS = 64
# A declared rate that differs by less from the measured one is the exact figure.
RATE_TOLERANCE = 0.03


def probe(path: Path, *, max_pixels: int) -> MediaInfo | NotAVideo:
    """What the file is.

    Args:
        max_pixels: a film with larger pictures is refused before a decoder allocates them.

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
        start = read_start(container, films, max_pixels=max_pixels)
        film = start.film
        orientation = orientation_of(start.frame) if start.frame is not None else UPRIGHT
        width, height = display_size(*_coded_size(film, start.frame), pixel_aspect(film), orientation)
        tags = clean_tags(container.metadata)
        recording = read_recording(
            tags, [clean_tags(stream.metadata) for stream in (film, *_others(container, film))]
        )
        return _info(
            container,
            film,
            recording,
            tags,
            duration=_duration(container, film, path),
            size=(max(width, 1), max(height, 1)),
            fps=_rate(film, start.frame_seconds),
            rotation=orientation.rotation,
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


def _is_still(stream: VideoStream) -> bool:
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.still_image))


def _others(container: InputContainer, film: VideoStream) -> list[Stream]:
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
    median_rate = 1 / median(steps)
    mean_rate = len(steps) / sum(steps)
    for declared in (film.average_rate, film.guessed_rate, film.base_rate):
        for measured in (mean_rate, median_rate):
            if declared and abs(float(declared) / measured - 1) < RATE_TOLERANCE:
                return float(declared)
    return mean_rate


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
