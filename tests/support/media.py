"""Tiny real clips, written with PyAV, whose pixels say which frame they are.

A frame carries its number in eight black or white columns of its upper edge, so that a test can read
back, through any decoder, scaling and JPEG, which frame it was given.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.stream
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.decode.sampling.policy import MAX_PIXELS, Sampling
from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import PATIENCE_SECONDS
from mediaindex.decode.worker_child import handle
from mediaindex.errors import ConfigError
from mediaindex.media import Cue, FrameTimes, MediaInfo, NotAVideo, Position, SampledFrame, Segmentation

Pixels = NDArray[np.uint8]
BITS = 8
BAND = 8


def numbered(number: int, width: int = 128, height: int = 96) -> Pixels:
    """A grey picture with `number` (0..255) in the columns of its upper edge, too small to be a cut."""
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    columns = np.repeat(np.array(bits, np.uint8) * 200 + 28, width // BITS)
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[: height // BAND, : len(columns)] = columns[None, :, None]
    return picture


def number_in(picture: Pixels) -> int:
    """The number that `numbered` drew, whatever the size it has come to."""
    band = picture[picture.shape[0] // BAND // 2].mean(axis=1)
    centres = [int((bit + 0.5) * len(band) / BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, centre in enumerate(centres) if band[centre] > 128)


def flat(*rgb: int, width: int = 128, height: int = 96) -> Pixels:
    """A picture of one colour."""
    return np.full((height, width, 3), rgb, np.uint8)


@dataclass(frozen=True, slots=True)
class Clip:
    """How a clip is written.

    Attributes:
        rate: frames a second.
        gop: frames from one keyframe to the next; encoders place no others.
        stamps: frame times in ticks of 1 / rate, where they are not 0, 1, 2 ...
    """

    codec: str = "libx264"
    rate: int = 10
    gop: int = 10
    aspect: Fraction | None = None
    rotation: int = 0
    stamps: Sequence[int] | None = None
    b_frames: int = 2
    tags: dict[str, str] = field(default_factory=dict)


DEFAULT_CLIP = Clip()


def write_clip(path: Path, pictures: Sequence[Pixels], clip: Clip = DEFAULT_CLIP) -> Path:
    """Write the pictures as a film."""
    return write_films(path, (pictures, clip))


def write_films(path: Path, *films: tuple[Sequence[Pixels], Clip]) -> Path:
    """Write several films as streams of one file, in this order."""
    with av.open(str(path), "w") as container:
        streams = []
        for pictures, clip in films:
            container.metadata.update(clip.tags)
            streams.append(_film_stream(container, pictures[0], clip))
        for stream, (pictures, clip) in zip(streams, films, strict=True):
            for index, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                frame = frame.reformat(format=stream.codec_context.pix_fmt)
                frame.pts = index if clip.stamps is None else clip.stamps[index]
                frame.time_base = Fraction(1, clip.rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def _film_stream(container: OutputContainer, picture: Pixels, clip: Clip) -> VideoStream:
    stream = container.add_stream(clip.codec, rate=clip.rate)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = {"mjpeg": "yuvj420p", "ffv1": "yuv420p", "gif": "rgb8"}.get(clip.codec, "yuv420p")
    if picture.shape[0] % 2 or picture.shape[1] % 2:
        stream.pix_fmt = "yuv444p"
    codec = stream.codec_context
    codec.gop_size = clip.gop
    codec.time_base = Fraction(1, clip.rate)
    codec.thread_count = 1
    if clip.codec == "libx264":
        codec.options = {"sc_threshold": "0", "preset": "veryfast", "bf": str(clip.b_frames)}
    if clip.aspect is not None:
        codec.sample_aspect_ratio = clip.aspect
    if clip.rotation:
        stream.set_display_rotation(clip.rotation)
    return stream


def write_sound(path: Path, seconds: float = 1.0, cover: Pixels | None = None) -> Path:
    """A file with sound and no film, perhaps with a cover picture."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000)
        picture = container.add_stream("mjpeg", rate=1) if cover is not None else None
        if picture is not None and cover is not None:
            assert isinstance(picture, VideoStream)
            picture.height, picture.width = cover.shape[:2]
            picture.pix_fmt = "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(cover, format="rgb24")))
            container.mux(picture.encode(None))
        for start in range(0, int(seconds * 8000), 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 8000
            frame.pts = start
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def jpeg_pixels(jpeg: bytes) -> Pixels:
    """The picture in a JPEG."""
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"))


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one extraction gave, sorted by kind."""

    frames: list[SampledFrame]
    cues: list[Cue]
    positions: list[Position]
    outline: Segmentation

    @property
    def seconds(self) -> list[float]:
        return [frame.seconds for frame in self.frames]


def collect(values: Iterable[SampledFrame | Cue | Position | Segmentation]) -> Extraction:
    """Take an extraction in, and check what holds for every one."""
    everything = list(values)
    frames = [value for value in everything if isinstance(value, SampledFrame)]
    outlines = [value for value in everything if isinstance(value, Segmentation)]
    assert everything[-1:] == outlines
    (outline,) = outlines
    seconds = [frame.seconds for frame in frames]
    assert seconds == sorted(set(seconds))
    assert sum(segment.frame_count for segment in outline.segments) == len(frames)
    return Extraction(
        frames,
        [value for value in everything if isinstance(value, Cue)],
        [value for value in everything if isinstance(value, Position)],
        outline,
    )


def cut_off(path: Path, share: float) -> Path:
    """The same file without its end."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def with_tail(path: Path, size: int, filled: bytes = b"") -> Path:
    """The same file with so many bytes behind its end: zeros, of which a disk stores nothing, or repeated."""
    with path.open("ab") as file:
        file.write(filled * (size // max(len(filled), 1)))
        file.truncate(path.stat().st_size if filled else file.tell() + size)
    return path


def moving(count: int, paint: Callable[[int], Pixels] | None = None) -> list[Pixels]:
    """`count` pictures of which each is another."""
    return [(paint or numbered)(index % 256) for index in range(count)]


def probe_here(path: Path) -> MediaInfo | NotAVideo:
    """What the child says of a file, said in this process."""
    (value,) = map(_sent, handle(probe_request(path)))
    assert isinstance(value, MediaInfo | NotAVideo)
    return value


def probe_request(path: Path) -> dict[str, object]:
    """A request to probe a file, as it arrives in the child."""
    return {
        "do": "probe",
        "path": str(path),
        "max_pixels": MAX_PIXELS,
        "patience_seconds": PATIENCE_SECONDS,
    }


def film(path: Path) -> MediaInfo:
    """The probe of a file that is a film."""
    info = probe_here(path)
    assert isinstance(info, MediaInfo)
    return info


def extract_here(path: Path, decoder: str = "pyav", sampling: Sampling | None = None) -> Extraction:
    """What the child extracts from a film, extracted in this process."""
    request = decode_request(path, "extract", decoder, sampling)
    return collect(_extracted(_sent(message)) for message in handle(request))


def decode_request(
    path: Path, action: str, decoder: str = "pyav", sampling: Sampling | None = None
) -> dict[str, object]:
    """A request about a film, as it arrives in the child."""
    return {
        "do": action,
        "path": str(path),
        "decoder": decoder,
        "info": json.loads(json.dumps(wire.pack(film(path))[0])),
        "sampling": asdict(sampling or Sampling()),
        "patience_seconds": PATIENCE_SECONDS,
    }


def _extracted(value: wire.Value) -> SampledFrame | Cue | Position | Segmentation:
    assert not isinstance(value, MediaInfo | NotAVideo | FrameTimes)
    return value


def _sent(message: wire.Message) -> wire.Value:
    return wire.unpack(*wire.receive(io.BytesIO(wire.frame(*message)).read))


def has_ffmpeg() -> bool:
    """Whether this machine has an ffmpeg binary."""
    try:
        ffmpeg_binary()
    except ConfigError:
        return False
    return True
