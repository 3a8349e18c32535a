"""Which pictures become sampled frames, and how many at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.sampling import sampler
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.media import MediaInfo
from tests.support.media import (
    Clip,
    Pixels,
    collect,
    extract_here,
    flat,
    jpeg_pixels,
    moving,
    number_in,
    numbered,
    write_clip,
)

INFO = MediaInfo(1.0, 128, 96, 10.0, "h264", 0, "mp4", 0)


def test_short_shots_keep_frames_three_seconds_apart(tmp_path: Path) -> None:
    pictures = moving(250) + [flat(250, 250, 250)] * 250
    extraction = extract_here(write_clip(tmp_path / "two.mp4", pictures, Clip(gop=10)))
    assert extraction.outline.cuts == pytest.approx([25.0], abs=0.11)
    assert [segment.frame_count for segment in extraction.outline.segments] == [9, 9]
    assert extraction.frames[0].seconds == 0.0


def test_long_shots_have_a_frame_every_two_and_a_half_seconds(tmp_path: Path) -> None:
    pictures = [numbered(index // 10 % 256) for index in range(1000)]
    extraction = extract_here(write_clip(tmp_path / "long.mp4", pictures, Clip(gop=10)))
    assert len(extraction.outline.segments) == 4
    steps = [after - before for before, after in pairwise(extraction.seconds)]
    assert min(steps) >= 2.5
    assert max(steps) <= 3.1


def test_a_long_gop_of_which_the_sides_are_unlike_is_filled_at_equal_distances(tmp_path: Path) -> None:
    pictures = [flat(level, level, level) for level in range(0, 250, 2)]
    extraction = extract_here(write_clip(tmp_path / "rare.mp4", pictures, Clip(gop=100, b_frames=0)))
    steps = np.diff(extraction.seconds[:4])
    assert steps.max() - steps.min() <= 0.2
    assert steps.max() <= Sampling().gap_seconds + 0.2


def test_a_long_gop_is_filled_until_what_is_left_is_like_its_far_side(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "rare.mp4", moving(200), Clip(gop=100, b_frames=0))
    extraction = extract_here(path)
    assert extraction.seconds[:3] == pytest.approx([0.0, 3.4, 10.0], abs=0.21)
    numbers = [number_in(jpeg_pixels(frame.jpeg)) for frame in extraction.frames]
    assert numbers == [round(second * 10) for second in extraction.seconds]


def test_frames_of_a_very_short_clip_are_a_second_apart(tmp_path: Path) -> None:
    pictures = [flat(level, level, level) for level in range(100, 130, 2)]
    seconds = extract_here(write_clip(tmp_path / "short.mp4", pictures, Clip(gop=250))).seconds
    assert seconds == pytest.approx([0.0, 0.8], abs=0.11)
    blink = extract_here(write_clip(tmp_path / "blink.mp4", pictures[:8], Clip(gop=250))).seconds
    assert blink == [0.0]


def test_a_keyframe_that_the_encoder_put_where_the_scene_changes_begins_a_shot(tmp_path: Path) -> None:
    """Still scenes of which a later one is shorter than the first, as an encoder codes them unasked."""
    levels = [40] * 60 + [200] * 30 + [90] * 30
    with av.open(str(tmp_path / "scenes.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "250"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for level in levels:
            frame = av.VideoFrame.from_ndarray(flat(level, level, level), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert extract_here(tmp_path / "scenes.mp4").outline.cuts == pytest.approx([6.0, 9.0], abs=0.01)


def plain(picture: Pixels, width: int = 64, height: int = 36) -> Pixels:
    """The same picture, whatever its size should be."""
    assert (height, width) == picture.shape[:2]
    return picture


HOUR = 3600


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_a_picture_an_hour_is_a_frame_an_hour(tmp_path: Path, container: str) -> None:
    stamps = [HOUR * hour for hour in range(25)]
    pictures = [numbered(hour) for hour in range(25)]
    path = tmp_path / f"hourly.{container}"
    write_clip(path, pictures, Clip(rate=1, gop=1, stamps=stamps, b_frames=0))
    extraction = extract_here(path)
    assert extraction.seconds == stamps
    assert [number_in(jpeg_pixels(frame.jpeg)) for frame in extraction.frames] == list(range(25))
    outline = extraction.outline
    assert [segment.start_seconds for segment in outline.segments] == stamps
    assert outline.segments[-1].end_seconds == outline.duration_seconds == 24 * HOUR + 1


@pytest.mark.parametrize(("codec", "gop"), [("libx264", 250), ("libx264", 10), ("mjpeg", 1)])
def test_one_picture_for_long_is_a_few_frames(tmp_path: Path, codec: str, gop: int) -> None:
    path = write_clip(tmp_path / "song.mkv", [painting()] * 800, Clip(codec, rate=1, gop=gop))
    extraction = extract_here(path)
    assert len(extraction.frames) <= 4
    assert extraction.outline.segments[-1].end_seconds == 800.0
    assert all(a.end_seconds == b.start_seconds for a, b in pairwise(extraction.outline.segments))


def test_slides_have_frames_by_their_number_not_by_their_time(tmp_path: Path) -> None:
    slides = [painting(number // 120) for number in range(8 * 120)]
    extraction = extract_here(write_clip(tmp_path / "talk.mkv", slides, Clip(rate=1)))
    assert 8 <= len(extraction.frames) <= 24
    for start in range(0, 8 * 120, 120):
        (shown,) = (s for s in extraction.outline.segments if s.start_seconds <= start + 60 < s.end_seconds)
        assert start <= extraction.frames[shown.first_frame].seconds < start + 10


def test_a_film_that_moves_has_as_many_frames_after_a_still(tmp_path: Path) -> None:
    pictures = [numbered(1)] * 600 + moving(600)
    extraction = extract_here(write_clip(tmp_path / "late.mp4", pictures))
    moved = [seconds for seconds in extraction.seconds if seconds > 60.0]
    assert len(extraction.seconds) - len(moved) <= 2
    steps = [after - before for before, after in pairwise([60.0, *moved, 120.0])]
    assert max(steps) <= 3.1


def test_a_still_film_shows_that_it_is_being_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "still.mkv", [painting()] * 300, Clip(rate=1, gop=300))
    assert len(extract_here(path).positions) >= 300 / (2 * sampler.SIGN_OF_LIFE_SECONDS)


def painting(number: int = 0) -> Pixels:
    """A picture of many colours, another for each number."""
    tiles = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    return tiles.repeat(16, axis=0).repeat(16, axis=1)


class EndlessFilm:
    """A decoder whose film has a cut every second and does not end in this lifetime."""

    damaged_packets = 0
    end_seconds = 0.0

    def scan(self) -> Iterator[Picture]:
        while True:
            self.end_seconds += 1.0
            shade = 200 if int(self.end_seconds) % 2 else 20
            picture = np.full((36, 64, 3), shade, np.uint8)
            yield Picture(
                seconds=self.end_seconds,
                width=64,
                height=36,
                keyframe=True,
                adjacent=True,
                scaled=partial(plain, picture),
                thumbnail=partial(plain, picture),
            )

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> Iterator[Picture]:
        yield later


def test_a_film_without_an_end_gives_no_more_than_the_frames_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "MAX_FRAMES", 40)
    extraction = collect(sampler.FrameSampler(EndlessFilm(), INFO, Sampling()).run())
    assert len(extraction.frames) == 40
    assert len(extraction.outline.cuts) <= 60
