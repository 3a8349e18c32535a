"""The frame cache stays within its limit, and gives up what is least needed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.errors import StoreError
from mediaindex.store.catalog import videos as video_rows
from mediaindex.store.catalog.schema import extraction
from mediaindex.store.commit import Embedded, put, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance import eviction
from mediaindex.store.maintenance.check import check
from mediaindex.store.maintenance.eviction import EvictionResult, keep_within
from mediaindex.store.thumbnails import thumbnail
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, frame_count, make_space


@pytest.fixture
def videos(opened: Library, space: Space, add_video: AddVideo, tmp_path: Path) -> list[Embedded]:
    """Five indexed videos of equal size; the second and third are not there now."""
    made = []
    for number in range(5):
        path = tmp_path / f"{number}.mp4"
        if number not in (1, 2):
            path.touch()
        made.append(add_video(str(path), seed=number))
    put(opened, space, made)
    return made


def frame_files(library: Library) -> dict[int, str]:
    with library.read() as connection:
        rows = connection.execute(sa.select(extraction.c.id, extraction.c.frame_file))
        return {row.id: row.frame_file for row in rows}


def room_for(library: Library, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit of one unit that so many blobs fit into."""
    (size,) = {size for _name, size in library.frames.names()}
    monkeypatch.setattr(eviction, "MIB", count * size)
    return 1


def test_no_limit_and_a_limit_that_is_kept(opened: Library, videos: list[Embedded]) -> None:
    assert keep_within(opened, 0) == EvictionResult(0, 0)
    assert keep_within(opened, 1) == EvictionResult(0, 0)


def test_the_oldest_go_first_and_those_that_are_not_there_last(
    opened: Library, videos: list[Embedded], space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = frame_files(opened)
    ids = [item.extraction_id for item in videos]
    done = keep_within(opened, room_for(opened, 3, monkeypatch))
    assert done.videos == 2
    after = frame_files(opened)
    assert [number for number in ids if after[number] != before[number]] == [ids[0], ids[3]]
    assert all(
        frame_count(opened.frames, before[number]) == (None if number in (ids[0], ids[3]) else 3)
        for number in ids
    )
    keep_within(opened, room_for(opened, 1, monkeypatch))
    after = frame_files(opened)
    assert [number for number in ids if after[number] == before[number]] == [ids[2]]
    sweep(opened)
    assert check(opened).problems == []
    assert len(opened.vectors(space).read()) == 15, "all are found as before"
    with opened.read() as connection:
        assert video_rows.without_frames(connection) == set(), "nothing decodes them again by itself"
        assert spaces.missing_vectors(connection, space.id) == []


def test_frames_that_another_space_waits_for_stay(
    opened: Library, videos: list[Embedded], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_space(opened, digest="two")
    put(opened, other, videos[:1])
    assert keep_within(opened, room_for(opened, 1, monkeypatch)).videos == 1
    with opened.read() as connection:
        assert len(spaces.missing_vectors(connection, other.id)) == 4


def test_another_encoder_needs_the_frames_again(
    opened: Library, videos: list[Embedded], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_within(opened, room_for(opened, 3, monkeypatch))
    other = make_space(opened, digest="two")
    with opened.read() as connection:
        lacking = spaces.missing_vectors(connection, other.id)
    assert len(lacking) == 3
    with opened.write() as connection:
        spaces.switch_space(connection, other.id)
    with opened.read() as connection:
        assert video_rows.without_frames(connection) == {videos[0].video_id, videos[3].video_id}


def test_nothing_goes_while_a_backup_copies(
    opened: Library, videos: list[Embedded], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = room_for(opened, 1, monkeypatch)
    with opened.keeping():
        assert keep_within(opened, limit) == EvictionResult(0, 0)
    assert keep_within(opened, limit).videos == 4


def test_a_thumbnail_that_was_shown_stays(
    opened: Library, videos: list[Embedded], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, folder = videos[0].extraction_id, opened.root / "thumbnails"
    blob = frame_files(opened)[first]
    (picture,) = opened.frames.read(blob, [1])
    shown = thumbnail(opened.frames, folder, blob, 1)
    assert shown is not None
    keep_within(opened, room_for(opened, 1, monkeypatch))
    gone = frame_files(opened)[first]
    assert gone.startswith(video_rows.EVICTED)
    assert thumbnail(opened.frames, folder, gone, 1) == shown
    assert shown.read_bytes() == picture
    assert thumbnail(opened.frames, folder, gone, 2) is None
    with pytest.raises(StoreError):
        thumbnail(opened.frames, folder, "no/such.mif", 2)


def test_without_a_space_all_frames_are_waited_for(
    opened: Library, add_video: AddVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_video("/videos/a.mp4")
    monkeypatch.setattr(eviction, "MIB", 1)
    assert keep_within(opened, 1) == EvictionResult(0, 0)
