"""A large library's first hours: names and headers, then one frame of each, then everything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.errors import DecodeError
from mediaindex.ingest import embedder, index_pass
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.progress import Progress, Report
from mediaindex.media import MediaInfo, SampledFrame, Segmentation
from mediaindex.search.answer import Question
from mediaindex.search.searcher import Searcher
from mediaindex.sources.scan import scan
from mediaindex.store.catalog.schema import extraction, indexed, location, video
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film
from tests.support.media import Clip, cut_off, flat, jpeg_pixels, moving, number_in, write_clip


class Stop(Exception):
    """The pass is broken off, as a kill would."""


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three films, red the newest; three are many here."""
    monkeypatch.setattr(index_pass, "MANY_FILES", 3)
    folder = tmp_path / "videos"
    for age, colour in enumerate(["red", "green", "blue"]):
        path = film(folder / f"{colour}.mp4", colour)
        os.utime(path, ns=(0, (1_000 - age) * 10**9))
    return folder


class Watched:
    """A corridor whose progress is written down, and which can be stopped at a stage."""

    def __init__(self, library: Library, *, stop_at: str | None = None) -> None:
        self.told: list[Progress] = []
        self._stop_at = stop_at
        self.ingest = Ingest(
            library,
            "fake",
            load=lambda name, _arithmetic, _digest: FakeEncoder(name=name),
            decoding=Decoding(Sampling(), 1, new_worker),
            progress=self._note,
        )

    def _note(self, progress: Progress) -> None:
        self.told.append(progress)
        if progress.stage == self._stop_at and progress.done:
            raise Stop

    def index(self, root: Path) -> Report:
        return self.ingest.index([root], scan([root]), looks_first=True)

    @property
    def stages(self) -> list[str]:
        return list(dict.fromkeys(progress.stage for progress in self.told))


def found(library: Library, text: str, *, channel: str = "both") -> list[str]:
    with library.read() as connection:
        space = spaces.active_space(connection)
    searcher = Searcher(library, space, FakeEncoder(name="fake"))
    answer = searcher.search(Question(text=text, channel=channel))  # type: ignore[arg-type]
    return [Path(hit.path).name for hit in answer.hits]


def count(library: Library, query: sa.Select[Any]) -> int:
    with library.read() as connection:
        return int(connection.execute(query).scalar_one())


def test_the_three_passes_end_where_one_would(opened: Library, videos: Path) -> None:
    watched = Watched(opened)
    report = watched.index(videos)
    assert watched.stages[:3] == ["reading headers", "first looks", "indexing"]
    assert (report.indexed, report.decoded, report.failed) == (3, 3, [])
    assert check(opened).problems == []
    assert count(opened, sa.select(sa.func.count()).where(video.c.hash.is_(None))) == 0
    assert count(opened, sa.select(sa.func.count()).where(extraction.c.first_look)) == 0
    again = Watched(opened)
    assert (again.index(videos).unchanged, again.stages) == (3, [])


def test_first_looks_do_not_count_as_indexed(
    opened: Library, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where so many become visible that they are committed before all are seen."""
    monkeypatch.setattr(embedder, "VIDEOS_A_COMMIT", 1)
    for number in range(9):  # a batch of frames and one more
        film(videos / f"{number}.mp4", ("white", 1.0 + number / 5))
    assert Watched(opened).index(videos).indexed == 12


def test_words_find_what_only_its_headers_are_known_of(opened: Library, videos: Path) -> None:
    with pytest.raises(Stop):
        Watched(opened, stop_at="first looks").index(videos)
    assert found(opened, "green", channel="words") == ["green.mp4"]
    assert check(opened).problems == []


def test_one_frame_is_found_before_the_rest_is_decoded(opened: Library, videos: Path) -> None:
    watched = Watched(opened, stop_at="indexing")
    with pytest.raises(Stop):
        watched.index(videos)
    assert found(opened, "blue", channel="pictures")[0] == "blue.mp4"
    assert count(opened, sa.select(sa.func.count()).where(extraction.c.first_look)) >= 2
    outlook = watched.told[-1].outlook
    assert outlook is not None
    assert outlook.searchable == 1.0


def test_a_broken_off_first_pass_goes_on(opened: Library, videos: Path) -> None:
    with pytest.raises(Stop):
        Watched(opened, stop_at="indexing").index(videos)
    report = Watched(opened).index(videos)
    assert report.failed == []
    assert count(opened, sa.select(sa.func.count()).select_from(video)) == 3
    assert count(opened, sa.select(sa.func.count()).where(video.c.hash.is_(None))) == 0
    assert check(opened).problems == []


def test_a_file_renamed_before_its_turn_keeps_its_row(opened: Library, videos: Path) -> None:
    with pytest.raises(Stop):
        Watched(opened, stop_at="first looks").index(videos)
    (videos / "green.mp4").rename(videos / "meadow.mp4")
    report = Watched(opened).index(videos)
    assert report.moved == 1
    assert count(opened, sa.select(sa.func.count()).select_from(location)) == 3
    assert count(opened, sa.select(sa.func.count()).select_from(video)) == 3
    assert found(opened, "meadow", channel="words") == ["meadow.mp4"]


def test_a_copy_of_what_is_unread_is_one_video_in_the_end(opened: Library, videos: Path) -> None:
    (videos / "again.mp4").write_bytes((videos / "red.mp4").read_bytes())
    with pytest.raises(Stop):
        Watched(opened, stop_at="first looks").index(videos)
    Watched(opened).index(videos)
    assert count(opened, sa.select(sa.func.count()).select_from(video)) == 3
    assert count(opened, sa.select(sa.func.count()).select_from(location)) == 4
    assert check(opened).problems == []


def test_a_broken_file_fails_once_and_the_others_go_on(opened: Library, videos: Path) -> None:
    (videos / "torn.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5000))
    report = Watched(opened).index(videos)
    assert [Path(row["path"]).name for row in report.failed] == ["torn.mp4"]
    assert report.indexed == 3


@pytest.mark.slow
def test_a_changed_file_shows_its_old_content_until_the_new_is_decoded(opened: Library, videos: Path) -> None:
    Watched(opened).index(videos)
    for name, colour in (("red", "white"), ("green", "black"), ("blue", "yellow")):
        film(videos / f"{name}.mp4", colour)
    with pytest.raises(Stop):
        Watched(opened, stop_at="first looks").index(videos)
    assert found(opened, "red", channel="pictures")[0] == "red.mp4"
    Watched(opened).index(videos)
    assert found(opened, "white", channel="pictures")[0] == "red.mp4"
    assert check(opened).problems == []


def look(path: Path) -> tuple[SampledFrame, Segmentation]:
    with new_worker() as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        frame, outline = worker.first_look(path, info, Sampling())
    assert isinstance(frame, SampledFrame)
    assert isinstance(outline, Segmentation)
    return frame, outline


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_a_first_look_is_a_picture_near_the_middle(tmp_path: Path, container: str) -> None:
    frame, outline = look(write_clip(tmp_path / f"clip.{container}", moving(100), Clip(gop=10)))
    assert 2.0 <= frame.seconds <= 7.0
    assert number_in(jpeg_pixels(frame.jpeg)) == round(frame.seconds * 10)
    assert len(outline.segments) == 1
    assert outline.segments[0].end_seconds == pytest.approx(10.0, abs=0.2)


def test_a_film_cut_off_before_its_middle_shows_its_start(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", moving(100), Clip(gop=10))
    frame, _outline = look(cut_off(path, 0.3))
    assert frame.seconds < 5.0


def test_a_film_without_a_picture_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", [flat(9, 9, 9)] * 30)
    with new_worker() as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        path.write_bytes(path.read_bytes()[:600] + bytes(3000))
        with pytest.raises(DecodeError):
            list(worker.first_look(path, info, Sampling()))


@pytest.mark.parametrize("stage", ["reading headers", "first looks", "indexing"])
def test_a_second_source_within_a_first_pass_costs_the_first_none_of_its_files(
    opened: Library, videos: Path, tmp_path: Path, stage: str
) -> None:
    """The inner pass looks first as well; one film lies in both sources."""
    late = tmp_path / "late"
    for colour in ("white", "black", "yellow"):
        film(late / f"{colour}.mp4", colour)
    (late / "red again.mp4").write_bytes((videos / "red.mp4").read_bytes())
    stages: list[str] = []
    inner: list[Report] = []

    def attend(corridor: Ingest) -> None:
        if not inner and stages.count(stage) > 1:
            inner.append(Report())
            inner[0] = corridor.index([late], scan([late]), looks_first=True)

    corridor = ingest(
        opened, progress=lambda told: stages.append(told.stage), attend=attend, new_worker=new_worker
    )
    outer = corridor.index([videos], scan([videos]), looks_first=True)
    assert (outer.failed, inner[0].failed) == ([], [])
    with opened.read() as connection:
        seen = sa.select(location.c.path).join(indexed, indexed.c.video_id == location.c.video_id)
        paths = connection.execute(seen).scalars().all()
    assert sorted(paths) == sorted([*videos.iterdir(), *late.iterdir()])
    assert count(opened, sa.select(sa.func.count()).select_from(video)) == 6
    assert count(opened, sa.select(sa.func.count()).where(video.c.hash.is_(None))) == 0
    assert count(opened, sa.select(sa.func.count()).where(extraction.c.first_look)) == 0
    assert check(opened).problems == []
    for root in (videos, late):
        again = Watched(opened).index(root)
        assert (again.unchanged, again.decoded) == (len(list(root.iterdir())), 0)
