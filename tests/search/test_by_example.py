"""The vector of an example: a moment that is indexed, an image, a video that is not indexed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.decode.sampling.policy import MAX_PIXELS, Sampling
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.decode.worker import HANDLER, DecodeWorker, new_worker
from mediaindex.errors import MediaError, QueryError
from mediaindex.media import Cue, FrameEmbeddings, MediaInfo, Position, SampledFrame, Segmentation
from mediaindex.search.by_example import (
    FileReading,
    example_at,
    place_and_time,
    vector_of_file,
    vector_of_indexed,
)
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.films import film, jpeg
from tests.support.media import write_sound


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    film(folder / "videos" / "flag.mp4", ("red", 3.0), ("white", 3.0), ("blue", 3.0))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


def searcher(library: Library) -> Searcher:
    with library.read() as connection:
        space = spaces.active_space(connection)
    return Searcher(library, space, FakeEncoder())


def of_file(path: Path, seconds: float | None = None) -> NDArray[np.float32]:
    return vector_of_file(path, seconds, encoder=FakeEncoder(), new_worker=new_worker, sampling=Sampling())


def colour_of(vector: NDArray[np.float32] | None) -> str:
    assert vector is not None
    return list(COLOURS)[int(vector.argmax())]


def test_the_vector_of_a_moment_is_that_of_its_frame(opened: Library, prepared: Path) -> None:
    with opened.read() as connection:
        flag = lookup.video_at(connection, prepared / "videos" / "flag.mp4")
    assert flag is not None
    for seconds, colour in ((0.5, "red"), (4.5, "white"), (99.0, "blue")):
        found = vector_of_indexed(opened, searcher(opened).reader, flag, seconds)
        assert found is not None
        assert list(COLOURS)[int(found.argmax())] == colour
    assert vector_of_indexed(opened, searcher(opened).reader, 10**6, None) is None


def test_an_example_is_what_is_indexed_else_the_file(opened: Library, prepared: Path, tmp_path: Path) -> None:
    reader = searcher(opened).reader
    reading = FileReading(FakeEncoder, new_worker, Sampling())
    flag = prepared / "videos" / "flag.mp4"
    indexed = example_at(opened, reader, flag, 4.5, name=flag, reading=reading)
    assert (colour_of(indexed.vector), indexed.moment) == ("white", (1, 4.5))
    picture = jpeg(tmp_path / "a.jpg", "green")
    looked_at = example_at(opened, reader, picture, None, name=picture, reading=reading)
    assert (colour_of(looked_at.vector), looked_at.moment) == ("green", None)
    for nothing, reason in ((tmp_path, "is a folder"), (tmp_path / "gone.mp4", "does not exist")):
        with pytest.raises(QueryError, match=reason):
            example_at(opened, reader, nothing, None, name=nothing, reading=reading)


def test_a_place_may_have_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd@2").touch()
    assert place_and_time("a.mp4@19.5") == (tmp_path / "a.mp4", 19.5)
    assert place_and_time("/b/a.mp4") == (Path("/b/a.mp4"), None)
    assert place_and_time("odd@2") == (tmp_path / "odd@2", None)
    assert place_and_time("odd@2@3") == (tmp_path / "odd@2", 3.0)
    for wrong in ("", "@3", "a@x", "a@-1", "a@nan", "a@inf", "a@"):
        with pytest.raises(QueryError, match=r"empty|no time"):
            place_and_time(wrong)


def test_a_library_without_a_space_has_no_vector(opened: Library) -> None:
    assert vector_of_indexed(opened, Searcher(opened, None, None).reader, 1, None) is None


def test_a_whole_video_is_the_mean_of_its_frames(opened: Library, prepared: Path) -> None:
    with opened.read() as connection:
        flag = lookup.video_at(connection, prepared / "videos" / "flag.mp4")
    assert flag is not None
    whole = vector_of_indexed(opened, searcher(opened).reader, flag, None)
    assert whole is not None
    assert np.linalg.norm(whole) == pytest.approx(1.0, abs=1e-5)
    strongest = {list(COLOURS)[place] for place in np.argsort(-whole)[:3]}
    assert strongest == {"red", "white", "blue"}
    np.testing.assert_allclose(whole, of_file(prepared / "videos" / "flag.mp4"), atol=1e-2)


def test_an_image_is_embedded_as_it_is(tmp_path: Path) -> None:
    found = of_file(jpeg(tmp_path / "sky.jpg", "blue"))
    assert colour_of(found) == "blue"
    assert np.linalg.norm(found) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("seconds", "colour"), [(0.5, "red"), (4.5, "white"), (99.0, "blue")])
def test_a_time_picks_the_nearest_frame_of_a_file(prepared: Path, seconds: float, colour: str) -> None:
    assert colour_of(of_file(prepared / "videos" / "flag.mp4", seconds)) == colour


class CountingEncoder(FakeEncoder):
    """Notes how many frames each of its batches has, and how many were given and not embedded by then."""

    def __init__(self, worker: CountingWorker) -> None:
        super().__init__()
        self._worker = worker
        self.batches: list[int] = []
        self.held: list[int] = []

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        self.held.append(self._worker.given - sum(self.batches))
        self.batches.append(len(pictures))
        return super().images(pictures)


class CountingWorker(DecodeWorker):
    """Notes how many frames its film gave."""

    given = 0

    def extract(
        self, path: Path, info: MediaInfo, sampling: Sampling
    ) -> Iterator[SampledFrame | Cue | Position | Segmentation]:
        for item in super().extract(path, info, sampling):
            self.given += isinstance(item, SampledFrame)
            yield item


def test_a_long_film_is_held_in_one_batch_at_a_time(tmp_path: Path) -> None:
    path = film(tmp_path / "long.mp4", *[("red", 4.0), ("blue", 4.0)] * 15)
    worker = CountingWorker(Sandbox(HANDLER, Limits()), decoder="auto", max_pixels=MAX_PIXELS)
    encoder = CountingEncoder(worker)
    found = vector_of_file(path, None, encoder=encoder, new_worker=lambda: worker, sampling=Sampling())
    assert sum(encoder.batches) == worker.given > 3 * encoder.spec.batch
    assert max(encoder.held) <= encoder.spec.batch
    assert {list(COLOURS)[place] for place in np.argsort(-found)[:2]} == {"red", "blue"}


def test_a_moment_embeds_one_frame_and_decodes_no_whole_film(prepared: Path) -> None:
    worker = CountingWorker(Sandbox(HANDLER, Limits()), decoder="auto", max_pixels=MAX_PIXELS)
    encoder = CountingEncoder(worker)
    path = prepared / "videos" / "flag.mp4"
    vector_of_file(path, 4.5, encoder=encoder, new_worker=lambda: worker, sampling=Sampling())
    assert (encoder.batches, worker.given) == ([1], 0)


def test_an_example_that_shows_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="does not exist"):
        of_file(tmp_path / "gone.jpg")
    with pytest.raises(QueryError, match="neither an image nor a video"):
        of_file(write_sound(tmp_path / "song.mp4"))
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(jpeg(tmp_path / "whole.jpg", "red").read_bytes()[:200])
    with pytest.raises(MediaError):
        of_file(cut)
