"""Which pictures become sampled frames, and how many at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.sampling import sampler
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.media import MediaInfo
from tests.support.media import Clip, Pixels, collect, extract_here, flat, moving, numbered, write_clip

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


def plain(picture: Pixels, width: int = 64, height: int = 36) -> Pixels:
    """The same picture, whatever its size should be."""
    assert (height, width) == picture.shape[:2]
    return picture


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
