"""A film as an editor knows it: its frames, their timecode, its shape and its sound."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mediaindex.export.cuts.clock import Clock
from mediaindex.export.cuts.grid import first_grid, point_of
from mediaindex.export.cuts.path_map import name_of
from mediaindex.export.cuts.timecode import TimecodeBase, is_drop_frame
from mediaindex.media import MediaInfo, StreamInfo

USUAL_CHANNELS = 2
MOST_CHANNELS = 64
USUAL_SAMPLE_RATE = 48_000
SIDEWAYS = (90, 270)


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound track."""

    channels: int
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The picture as it is shown upright, before wide or tall pixels are made square.

    Attributes:
        width, height: pixels. pixel_aspect: width by height of one.
        rotation: degrees by which it was turned for that.
    """

    width: int
    height: int
    pixel_aspect: Fraction = Fraction(1)
    rotation: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A film that is cut.

    Attributes:
        path: where it lies here. target: the path that an export writes.
        rate: the even rate at which an editor counts it, see `cuts.grid`; its points are its frames, unless
            the clock varies.
        start_timecode: of its first frame, None where it has none and is counted from zero.
        container_start: what its container's clock shows at the start, seconds.
        offline_volume: the name of the drive that is to be plugged in; None where the file is here.
        stream: the number of the film in its container.
    """

    path: Path
    target: str
    clock: Clock
    rate: Fraction
    start_timecode: str | None
    shape: Shape
    sounds: tuple[Sound, ...] = ()
    reel_name: str | None = None
    container_start: Fraction = Fraction(0)
    offline_volume: str | None = None
    stream: int = 0

    @property
    def name(self) -> str:
        """The name of its file, as the editor's machine has it."""
        return name_of(self.target)

    @property
    def base(self) -> TimecodeBase:
        """How its frames are counted."""
        drop = self.start_timecode is not None and is_drop_frame(self.start_timecode)
        return TimecodeBase.of(self.rate, drop=drop)

    @property
    def start(self) -> int:
        """The count of its first frame by timecode."""
        return self.start_at(self.rate)

    def start_at(self, rate: Fraction) -> int:
        """The count of its first frame, where it is counted at a rate that is a multiple of its own."""
        if self.start_timecode is None:
            return 0
        own = first_grid(self.clock)
        written = TimecodeBase.of(own, drop=is_drop_frame(self.start_timecode))
        try:
            return int(written.count(self.start_timecode) * rate / own)
        except ValueError:
            return 0  # no camera counts so, and nobody can find a frame by it

    @property
    def length(self) -> int:
        """How many points of its grid it lasts."""
        return point_of(self.clock, self.rate, self.clock.count)

    @property
    def channels(self) -> int:
        """Sound channels of all its tracks."""
        return sum(sound.channels for sound in self.sounds)

    @property
    def sample_rate(self) -> int:
        """Samples a second of its first sound track."""
        return self.sounds[0].sample_rate if self.sounds else USUAL_SAMPLE_RATE


def shape_of(info: MediaInfo) -> Shape:
    """The shape of a film, which is known as displayed: upright, and with square pixels."""
    aspect = Fraction(info.pixel_aspect or 1)
    width, height = info.width, info.height
    if info.rotation in SIDEWAYS:
        width, height = height, width
    width, height = (round(width / aspect), height) if aspect >= 1 else (width, round(height * aspect))
    if info.rotation in SIDEWAYS:
        width, height, aspect = height, width, 1 / aspect
    return Shape(max(width, 1), max(height, 1), aspect, info.rotation)


def sounds_of(streams: tuple[StreamInfo, ...]) -> tuple[Sound, ...]:
    """The sound tracks of a film; stereo where the library does not know, from before it noted channels."""
    return tuple(
        Sound(_bounded(stream.channels or USUAL_CHANNELS), stream.sample_rate or USUAL_SAMPLE_RATE)
        for stream in streams
        if stream.kind == "audio"
    )


def _bounded(channels: int) -> int:
    """No honest file has more: each becomes a track."""
    return max(1, min(channels, MOST_CHANNELS))
