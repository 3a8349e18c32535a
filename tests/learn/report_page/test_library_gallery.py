"""Videos of a real library on a page: folders, pictures from the cache, and what has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.assembly.serving import serving_space
from mediaindex.learn.evaluation.library_queries import searchable_videos
from mediaindex.learn.report_page.answered import Moment
from mediaindex.learn.report_page.library_gallery import LibraryGallery
from mediaindex.media import decoded
from mediaindex.store.catalog import lookup, sources
from mediaindex.store.library import Library, open_library
from tests.support.commands import index_quietly
from tests.support.films import film

pytestmark = pytest.mark.usefixtures("kept_decoders")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    """Footage/red.mp4 (red, then blue) and Footage/old/green.mp4."""
    film(tmp_path / "Footage" / "red.mp4", "red", "blue")
    film(tmp_path / "Footage" / "old" / "green.mp4", "green")
    index_quietly(tmp_path / "library", tmp_path / "Footage")
    with open_library(tmp_path / "library") as library:
        yield library


def gallery_of(library: Library) -> tuple[LibraryGallery, dict[str, int]]:
    """The gallery, and the number of each item by the name of its file."""
    space = serving_space(library)
    assert space is not None
    with library.read() as connection:
        videos = searchable_videos(connection, space.id)
        names = {places[0].path.name: video for video, places in lookup.places(connection, videos).items()}
    return LibraryGallery(library, space, videos), {name: videos.index(v) for name, v in names.items()}


def colour(jpeg: bytes | None) -> tuple[int, ...]:
    """The brightest of red, green and blue in the middle of a picture."""
    assert jpeg is not None
    image = decoded(jpeg).convert("RGB")
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return tuple(value > 100 for value in pixel)


def test_a_moment_has_the_frame_of_its_time(shelf: Library) -> None:
    gallery, items = gallery_of(shelf)
    early, late = (gallery.picture(Moment(items["red.mp4"], seconds)) for seconds in (0.5, 3.5))
    assert (early.name, early.folder, early.seconds, early.lacks) == ("red.mp4", "Footage", 0.5, "")
    assert colour(early.jpeg) == (True, False, False)
    assert colour(late.jpeg) == (False, False, True)
    middle = gallery.picture(Moment(items["green.mp4"]))
    assert middle.folder == "Footage/old"
    assert middle.seconds is not None
    assert 0.0 <= middle.seconds <= 2.0
    assert gallery.parts(items["green.mp4"]) == {"folder": "Footage/old"}


def test_a_folder_without_thumbnails_shows_none(shelf: Library, tmp_path: Path) -> None:
    with shelf.write() as connection:
        sources.add_source(connection, tmp_path / "Footage" / "old", thumbnails="none")
    gallery, items = gallery_of(shelf)
    private = gallery.picture(Moment(items["green.mp4"], 1.0))
    assert (private.jpeg, private.lacks) == (None, "its folder keeps no thumbnails")
    assert gallery.picture(Moment(items["red.mp4"], 1.0)).jpeg is not None


def test_what_is_lost_is_said_and_stops_nothing(shelf: Library) -> None:
    gallery, items = gallery_of(shelf)
    for blob in (shelf.root / "frames").rglob("*"):
        if blob.is_file():
            blob.unlink()
    lost = gallery.picture(Moment(items["red.mp4"], 1.0))
    assert (lost.name, lost.jpeg, lost.lacks) == ("red.mp4", None, "its frames are not in the cache any more")
    space = serving_space(shelf)
    assert space is not None
    unknown = LibraryGallery(shelf, space, [10_000])
    assert unknown.picture(Moment(0)).lacks == "it is not in the library any more"
    assert unknown.parts(0) == {}
