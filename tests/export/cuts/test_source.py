"""A film's shape, sound and first timecode, as editors have them."""

from __future__ import annotations

from fractions import Fraction

from mediaindex.export.cuts.source import Shape, Sound, shape_of, sounds_of
from mediaindex.export.cuts.timecode import TimecodeBase
from mediaindex.media import MediaInfo, StreamInfo
from tests.support.plain_cuts import plain_source

NTSC = Fraction(30000, 1001)


def info(width: int, height: int, rotation: int = 0, aspect: str | None = None) -> MediaInfo:
    return MediaInfo(1.0, width, height, 25.0, "h264", rotation, "mov", 0, pixel_aspect=aspect)


def test_the_shape_is_upright_and_its_pixels_are_as_stored() -> None:
    assert shape_of(info(1920, 1080)) == Shape(1920, 1080)
    assert shape_of(info(512, 288, aspect="16/9")) == Shape(288, 288, Fraction(16, 9))
    assert shape_of(info(288, 512, 90, "16/9")) == Shape(288, 288, Fraction(9, 16), 90)
    assert shape_of(info(720, 540, aspect="8/9")) == Shape(720, 480, Fraction(8, 9))
    assert shape_of(info(1080, 1920, 270, "1")) == Shape(1080, 1920, Fraction(1), 270)


def test_sound_tracks_and_what_an_older_library_does_not_know() -> None:
    streams = (
        StreamInfo(0, "video", "h264"),
        StreamInfo(1, "audio", "aac", channels=6, sample_rate=44_100),
        StreamInfo(2, "audio", "aac"),
    )
    assert sounds_of(streams) == (Sound(6, 44_100), Sound(2, 48_000))
    source = plain_source(sounds=sounds_of(streams))
    assert (source.channels, source.sample_rate) == (8, 44_100)
    assert plain_source(sounds=()).channels == 0
    assert sounds_of((StreamInfo(0, "audio", "aac", channels=10**9),))[0].channels == 64


def test_the_first_frame_is_counted_by_timecode() -> None:
    source = plain_source(rate=NTSC, start_timecode="00:01:00;02")
    assert (source.base, source.start) == (TimecodeBase(30, drop=True), 1800)
    assert source.start_at(2 * NTSC) == 3600
    assert plain_source(rate=25, start_timecode="10:20:30:00").start == 930_750
    assert plain_source().start == 0


def test_a_timecode_that_no_film_of_this_rate_has_counts_from_zero() -> None:
    assert plain_source(rate=25, start_timecode="01:00:00:29").start == 0
    assert plain_source(rate=25, start_timecode="01:00:00;00").base == TimecodeBase(25)


def test_name_and_length() -> None:
    source = plain_source("C:\\films\\a.mov", rate=Fraction("12.5"), count=10)
    assert (source.name, source.rate, source.length) == ("a.mov", Fraction(25), 20)
