"""Films of every kind that editors cut, whose frames show their number, and what is true of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from tests.support.media import Pixels, number_in, numbered

SAMPLE_RATE = 8000
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


@dataclass(frozen=True, slots=True)
class Film:
    """How a film is written.

    Attributes:
        timecode: of its first frame; the container keeps it in a track of its own.
        stamps: ticks of 1/600 s, where the rate varies.
    """

    name: str
    rate: Fraction
    timecode: str | None = None
    channels: int = 0
    rotation: int = 0
    count: int = 130
    stamps: tuple[int, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """A film that was written, and when each of its frames is shown, from the container's start."""

    path: Path
    film: Film
    times: tuple[Fraction, ...]
    end: Fraction

    def shown_at(self, seconds: Fraction) -> int:
        """The number of the frame that is seen at a time."""
        return bisect_right(self.times, seconds) - 1

    def time_of(self, frame: int) -> Fraction:
        """When a frame begins; of the count of frames, when the last one ends."""
        return self.times[frame] if frame < len(self.times) else self.end


def ntsc(rate: int) -> Fraction:
    """24000/1001 of 24, and so on."""
    return Fraction(1000 * rate, 1001)


def uneven(count: int) -> tuple[int, ...]:
    """Times of a phone's film: 30 frames a second, some of them late, some of them left out."""
    lengths = np.random.default_rng(7).choice([20, 20, 20, 23, 17, 40, 60], size=count)
    return tuple(int(stamp) for stamp in np.cumsum(lengths) - lengths[0])


FILMS = (
    Film("cinema.mp4", ntsc(24), channels=2),
    Film("twenty four.mkv", Fraction(24), channels=1),
    Film("pal.mov", Fraction(25), timecode="10:20:30:00", channels=6),
    Film("dropped.mov", ntsc(30), timecode="00:00:58;00", channels=1),
    Film("kept.mov", ntsc(30), timecode="01:00:00:00", channels=2),
    Film("upright.mp4", Fraction(50), rotation=90),
    Film("fast.mov", ntsc(60), timecode="01:08:59;00", channels=2),
    Film("late.ts", Fraction(25)),
    Film("phone.mp4", Fraction(600), stamps=uneven(130), channels=1),
    Film("screen.mkv", Fraction(600), stamps=uneven(130)),
)
"""Every rate of editors, with timecode and without, one that crosses a minute of drop-frame and so on."""
SPANS = ((0, 7), (41, 93), (118, 130))
"""The frames of three cuts: from the start, over the change of a minute, up to the end."""


def write_film(folder: Path, film: Film) -> Counted:
    """Write a film, and read back when its frames are shown."""
    path = folder / film.name
    with av.open(str(path), "w") as container:
        container.metadata.update(dict(film.tags))
        if film.timecode is not None:
            container.metadata["timecode"] = film.timecode
        pictures = _pictures(container, film)
        sound = _sound(container, film)
        if sound is not None:
            _write_sound(container, sound, film)
        _write_pictures(container, pictures, film)
    return counted(path, film)


def counted(path: Path, film: Film) -> Counted:
    """What is true of a film by decoding all of it."""
    with av.open(str(path)) as container:
        start = Fraction(container.start_time or 0, av.time_base)
        stream = container.streams.video[0]
        times: list[Fraction] = []
        for number, frame in enumerate(container.decode(stream)):
            assert number_in(pixels(frame)) == number
            assert frame.pts is not None
            assert stream.time_base is not None
            times.append(frame.pts * stream.time_base - start)
        assert len(times) == film.count
        last = Fraction(1, film.rate) if not film.stamps else times[-1] - times[-2]
        if not film.stamps:  # what the container rounds is meant to be even
            times = [times[0] + number / film.rate for number in range(film.count)]
    return Counted(path, film, tuple(times), times[-1] + last)


def pixels(frame: av.VideoFrame) -> Pixels:
    """The picture of a frame."""
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def numbers_in(path: Path) -> list[int]:
    """The numbers of the frames that a clip shows, in its order."""
    with av.open(str(path)) as container:
        return [number_in(pixels(frame)) for frame in container.decode(video=0)]


def _pictures(container: OutputContainer, film: Film) -> VideoStream:
    stream = container.add_stream("libx264", rate=film.rate if not film.stamps else 30)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    codec = stream.codec_context
    codec.time_base = Fraction(1, 600) if film.stamps else 1 / film.rate
    codec.gop_size = 30
    codec.thread_count = 1
    codec.options = {"preset": "veryfast", "bf": "2", "sc_threshold": "0"}
    if film.rotation:
        stream.set_display_rotation(film.rotation)
    return stream


def _sound(container: OutputContainer, film: Film) -> AudioStream | None:
    if not film.channels:
        return None
    stream = container.add_stream("pcm_s16le" if film.name.endswith("mov") else "aac", rate=SAMPLE_RATE)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = LAYOUTS[film.channels]
    return stream


def _write_sound(container: OutputContainer, stream: AudioStream, film: Film) -> None:
    seconds = film.stamps[-1] / 600 if film.stamps else film.count / film.rate
    planar = stream.codec_context.name == "aac"
    for start in range(0, int(seconds * SAMPLE_RATE), 1024):
        shape = (film.channels, 1024) if planar else (1, 1024 * film.channels)
        samples = np.zeros(shape, np.float32) if planar else np.zeros(shape, np.int16)
        layout = LAYOUTS[film.channels]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp" if planar else "s16", layout=layout)
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _write_pictures(container: OutputContainer, stream: VideoStream, film: Film) -> None:
    for number in range(film.count):
        frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24").reformat(format="yuv420p")
        frame.pts = film.stamps[number] if film.stamps else number
        frame.time_base = Fraction(1, 600) if film.stamps else 1 / film.rate
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def typed_cut(film: Counted, first: int, behind: int) -> str:
    """A cut of these frames as a person types it, to the microsecond."""
    start, end = (float(film.time_of(frame)) for frame in (first, behind))
    return f"{film.path}@{start:.6f}-{end:.6f}"


def typed_cuts(films: Sequence[Counted]) -> list[str]:
    """Three cuts of each film, as arguments of `export`."""
    return [argument for film in films for span in SPANS for argument in ("--cut", typed_cut(film, *span))]
