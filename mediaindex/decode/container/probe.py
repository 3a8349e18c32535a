"""A file's MediaInfo: from its headers, its first packets and one decoded frame.

Runs inside the sandbox: the main process opens no media file.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mediaindex.decode.container.film_start import FilmStart, read_start
from mediaindex.decode.container.opening import (
    codec_of,
    display_size,
    open_container,
    pixel_aspect,
    start_seconds,
)
from mediaindex.decode.container.orientation import UPRIGHT, orientation_of
from mediaindex.decode.container.reading import packets
from mediaindex.decode.container.refusals import is_picture, refuse_unreadable
from mediaindex.decode.container.tags import Recording, clean, clean_tags, read_recording
from mediaindex.decode.frame_rate import FrameRate, first_frames_rate, shown_rate
from mediaindex.media import MediaInfo, NotAVideo, StreamInfo

NO_PICTURE_STREAM = "no picture stream"
MAX_STREAMS = 64
MAX_CHANNELS = 64
LARGEST_PART = 10**18
"""Of a fraction that a clock without sense may give."""


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
            start=start,
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
    start: FilmStart,
    rotation: int,
) -> MediaInfo:
    place = recording.place
    rate = _exact_rate(start)
    return MediaInfo(
        duration_seconds=duration,
        width=size[0],
        height=size[1],
        fps=_shown_rate(start),
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
        frame_rate=None if rate is None else str(rate.value),
        variable_rate=None if rate is None else rate.varies,
        film_start=_film_start(container, start),
        pixel_aspect=str(pixel_aspect(film)),
        reel_name=recording.reel_name,
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
            for packet in packets(container, [container.streams[index]]):
                if packet.pts is not None and packet.time_base:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start)
        except av.error.FFmpegError:
            pass  # as far as it can be read
    return end or None


def _shown_rate(start: FilmStart) -> float | None:
    """Frames a second as people are told, also the mean of a rate that varies.

    `average_rate` of an interlaced transport stream may count fields, twice the pictures there are.
    """
    average = _average_rate(start.film)
    if average is not None:
        return float(average)
    return shown_rate([*map(float, start.frame_times)], _declared(start.film))


def _exact_rate(start: FilmStart) -> FrameRate | None:
    film = start.film
    return first_frames_rate(
        start.frame_times,
        film.time_base or Fraction(1, av.time_base),
        declared=_declared(film),
        average=_average_rate(film),
        frames=film.frames,
    )


def _average_rate(film: VideoStream) -> Fraction | None:
    """The rate of the whole film, where its header counts the frames."""
    is_counted = film.frames > 1 and film.duration and film.time_base
    return film.average_rate if is_counted and film.average_rate else None


def _declared(film: VideoStream) -> list[Fraction | None]:
    return [film.average_rate, film.guessed_rate, film.base_rate]


def _film_start(container: InputContainer, start: FilmStart) -> str | None:
    """When the first frame is shown, seconds from the container's start; None where no packet tells."""
    if not start.frame_times:
        return None
    first = start.frame_times[0]
    if start.film.start_time is not None and start.film.time_base:
        first = start.film.start_time * start.film.time_base  # frames before an edit list's start are hidden
    begins = max(first - Fraction(container.start_time or 0, av.time_base), Fraction(0))
    return str(begins) if max(begins.numerator, begins.denominator) < LARGEST_PART else None


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
        channels=min(codec.channels, MAX_CHANNELS) if isinstance(codec, AudioCodecContext) else None,
        sample_rate=codec.sample_rate if isinstance(codec, AudioCodecContext) else None,
    )
