"""JPEGs of shown frames: written once, bounded, and removed with what they show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.errors import StoreError
from mediaindex.store import layout, thumbnails
from mediaindex.store.catalog.videos import EVICTED
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.library import Library
from mediaindex.store.thumbnails import thumbnail
from tests.support.jpegs import encoded
from tests.support.small_library import AddVideo, write_blob

ONE, TWO = encoded(16, 16), encoded(24, 16)


def test_a_thumbnail_is_written_once_and_its_showing_noted(tmp_path: Path) -> None:
    cache, folder = FrameCache(tmp_path / "frames"), tmp_path / "thumbnails"
    blob = write_blob(cache, [ONE, TWO], content="abcdef")
    path = thumbnail(cache, folder, blob, 1)
    assert path is not None
    assert path.read_bytes() == TWO
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    os.utime(path, (5, 5))
    cache.remove(blob)
    assert thumbnail(cache, folder, blob, 1) == path
    assert path.stat().st_mtime > 5


def test_a_frame_that_was_given_up_has_only_the_thumbnail_it_had(tmp_path: Path) -> None:
    cache, folder = FrameCache(tmp_path / "frames"), tmp_path / "thumbnails"
    blob = write_blob(cache, [ONE], content="abcdef")
    shown = thumbnail(cache, folder, blob, 0)
    cache.remove(blob)
    evicted = EVICTED + Path(blob).name
    assert thumbnail(cache, folder, evicted, 0) == shown
    assert thumbnail(cache, folder, evicted, 1) is None
    with pytest.raises(StoreError):
        thumbnail(cache, folder, blob, 1)


@pytest.mark.parametrize("harm", [b"", b"rotten", TWO[:-50]])
def test_what_is_no_picture_is_never_handed_out(tmp_path: Path, harm: bytes) -> None:
    cache, folder = FrameCache(tmp_path / "frames"), tmp_path / "thumbnails"
    blob = write_blob(cache, [ONE, harm], content="abcdef")
    with pytest.raises(StoreError, match="frame 1: its picture is damaged"):
        thumbnail(cache, folder, blob, 1)
    assert not folder.exists()
    shown = thumbnail(cache, folder, blob, 0)
    assert shown is not None
    shown.write_bytes(harm)
    assert thumbnail(cache, folder, blob, 0) == shown
    assert shown.read_bytes() == ONE, "written again from the cache"
    shown.write_bytes(harm)
    assert thumbnail(cache, folder, EVICTED + Path(blob).name, 0) is None


def test_the_thumbnails_of_a_root_are_removed_and_no_others(opened: Library, add_video: AddVideo) -> None:
    add_video("/private/a.mp4", seed=1)
    add_video("/videos/b.mp4", seed=2)
    folder = opened.root / layout.THUMBNAILS
    names = [name for name, _size in opened.frames.names()]
    assert all(thumbnail(opened.frames, folder, name, 0) for name in names)
    assert thumbnails.remove_below(opened, Path("/none")) == 0
    assert thumbnails.remove_below(opened, Path("/private")) == 1
    assert len(list(folder.iterdir())) == 1
    assert thumbnails.remove_below(opened, Path("/private")) == 0
    assert thumbnails.remove_below(opened, Path("/")) == 1


def test_what_was_shown_longest_ago_goes_first(tmp_path: Path) -> None:
    for age, name in enumerate("cab"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, age))
    thumbnails.trim(tmp_path, kept=3)
    assert len(list(tmp_path.iterdir())) == 3
    thumbnails.trim(tmp_path, kept=1)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    thumbnails.trim(tmp_path / "nowhere")
