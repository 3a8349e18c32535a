"""Clips have the frames of their stretch, in the order of the media; what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.segments import cut_into_segments
from mediaindex.decode.worker import new_worker
from mediaindex.embed.inputs import picture
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.captioned_media import Caption, CaptionedClip, CaptionedMedia
from mediaindex.learn.features.clip_frames import ClipFrames, clip_frames, frames_within
from mediaindex.media import Segment
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.films import film, jpeg


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 6000), min_size=1, max_size=60, unique=True).map(sorted),
    st.integers(0, 6000),
    st.integers(0, 6000),
)
def test_a_stretch_has_its_own_frames(tenths: list[int], one: int, other: int) -> None:
    seconds = [tenth / 10 for tenth in tenths]
    start, stop = sorted((one / 10, other / 10))
    found = frames_within(seconds, start, stop, cut_into_segments([100.0, 200.0], seconds, 600.0))
    inside = [time for time in seconds if start <= time <= stop]
    assert len(found) == min(12, max(1, len(inside)))
    assert found == sorted(set(found))
    assert all(start <= seconds[i] <= stop for i in found) or not inside


def test_a_stretch_between_two_frames_has_the_one_of_its_shot() -> None:
    segments = (Segment(0.0, 2.0, 0, 1), Segment(2.0, 4.0, 1, 1))
    assert frames_within([0.0, 2.0], 1.8, 1.9, segments) == [0]
    assert frames_within([0.0, 2.0], 3.8, 3.9, segments) == [1]
    assert frames_within([0.0, 2.0], 1.8, 2.0, segments) == [1]


def media(path: Path, *stretches: tuple[float | None, float | None]) -> CaptionedMedia:
    clips = [CaptionedClip(start, end, (Caption("a thing", "test"),)) for start, end in stretches]
    return CaptionedMedia(path, path.name, "1-a", "a", "train", tuple(clips))


def read(*items: CaptionedMedia, jobs: int = 1) -> list[ClipFrames | SkippedInput]:
    return list(clip_frames(items, Decoding(Sampling(), jobs, new_worker)))


def colour_of(jpeg: bytes) -> str:
    vector = FakeEncoder().images([picture(jpeg)]).vectors[0]
    return list(COLOURS)[int(vector.argmax())]


def test_each_clip_of_a_film_has_the_frames_of_its_stretch(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", ("red", 3.0), ("blue", 3.0))
    (found,) = read(media(path, (None, None), (0.0, 2.5), (3.5, 6.0), (60.0, None)))
    assert isinstance(found, ClipFrames)
    assert len(found.jpegs) == len(found.seconds)
    colours = [{colour_of(found.jpegs[index]) for index in indices} for _clip, indices in found.clips]
    assert colours == [{"red", "blue"}, {"red"}, {"blue"}]
    assert [row.path for row in found.skipped] == [f"{path}@60"]
    for clip, indices in found.clips[1:]:
        times = [found.seconds[index] for index in indices]
        assert times == sorted(times)
        assert clip.start_seconds is not None
        assert clip.end_seconds is not None
        assert all(clip.start_seconds <= time <= clip.end_seconds for time in times)


def test_a_picture_is_one_frame(tmp_path: Path) -> None:
    (found,) = read(media(jpeg(tmp_path / "sky.jpg", "blue"), (None, None)))
    assert isinstance(found, ClipFrames)
    assert ([colour_of(one) for one in found.jpegs], found.seconds) == (["blue"], (0.0,))
    assert [indices for _clip, indices in found.clips] == [(0,)]


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_come_in_the_order_of_the_media(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "letter.jpg").write_text("text " * 100)
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 100)
    paths = [
        film(tmp_path / "long.mp4", ("red", 8.0)),
        tmp_path / "letter.jpg",
        jpeg(tmp_path / "sky.jpg", "blue"),
        tmp_path / "broken.mp4",
        film(tmp_path / "short.mp4", ("green", 1.0)),
    ]
    found = read(*(media(path, (None, None)) for path in paths), jobs=jobs)
    names = [Path(one.path).name if isinstance(one, SkippedInput) else one.media.name for one in found]
    assert names == [path.name for path in paths]
    assert [type(one) for one in found] == [ClipFrames, SkippedInput, ClipFrames, SkippedInput, ClipFrames]
