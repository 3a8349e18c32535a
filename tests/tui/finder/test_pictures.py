"""Pictures of the frame cache for the screen: those that may be shown, and nothing that is too much."""

from __future__ import annotations

from pathlib import Path

from mediaindex.store.catalog.schema import source
from mediaindex.store.library import open_library
from mediaindex_tui.finder.pictures import Kept
from mediaindex_tui.messages import Moment, Picture, Wanted, WantPictures
from tests.support.finders import AtDesk, of


def pictures(desk: AtDesk, *wanted: Wanted) -> list[Picture]:
    return of(desk.ask(WantPictures(wanted)), Picture)


def flag(desk: AtDesk) -> Moment:
    return desk.full("red").moments[0]


def test_each_picture_comes_as_it_was_wanted(desk: AtDesk) -> None:
    moment = flag(desk)
    wanted = [Wanted(moment.video_id, seconds, 4, 2) for seconds in (1.0, 5.0, 9.0)]
    shown = pictures(desk, *wanted)
    assert [picture.wanted for picture in shown] == wanted
    colours = [tuple(picture.cells[4:7]) for picture in shown]
    assert [max(range(3), key=colour.__getitem__) for colour in colours] == [0, min(2, 0), 2]
    assert min(colours[1]) > 200


def test_a_picture_may_be_a_jpeg_or_half_blocks(desk: AtDesk) -> None:
    moment = flag(desk)
    jpeg, half = pictures(
        desk,
        Wanted(moment.video_id, 1.0, 4, 2, "jpeg"),
        Wanted(moment.video_id, 1.0, 4, 2, "half"),
    )
    assert jpeg.cells.startswith(b"\xff\xd8")
    assert len(half.cells) == 7 * 4 * 2


def test_pictures_come_before_any_encoder(cold: AtDesk) -> None:
    (picture,) = pictures(cold, Wanted(1, 1.0, 4, 2))
    assert picture.cells


def test_what_is_not_there_is_empty(desk: AtDesk) -> None:
    moment = flag(desk)
    for wanted in (
        Wanted(10**6, 1.0, 4, 2),
        Wanted(moment.video_id, 1.0, 0, 2),
        Wanted(moment.video_id, 1.0, 10**6, 10**6),
    ):
        assert pictures(desk, wanted) == [Picture(wanted, b"")]


def test_frames_that_were_evicted_are_empty(desk: AtDesk, library: Path) -> None:
    moment = flag(desk)
    for blob in (library / "frames").rglob("*.mif"):
        blob.unlink()
    assert pictures(desk, Wanted(moment.video_id, 1.0, 4, 2))[0].cells == b""


def test_films_without_thumbnails_are_not_shown(desk: AtDesk, library: Path) -> None:
    moment = flag(desk)
    with open_library(library) as opened, opened.write() as connection:
        connection.execute(source.update().values(thumbnails="none"))
    assert pictures(desk, Wanted(moment.video_id, 1.0, 4, 2))[0].cells == b""


def test_what_was_longest_not_used_goes_first() -> None:
    kept = Kept(3, 100)
    for name in "abc":
        kept.put(name, name.encode())
    assert kept.get("a") == b"a"
    kept.put("d", b"d")
    assert [kept.get(name) for name in "abcd"] == [b"a", None, b"c", b"d"]
    kept.put("large", b"x" * 99)
    assert [kept.get(name) for name in "acd"] == [None, None, b"d"]
    kept.put("d", b"")
    assert kept.get("large") is not None
