"""The commit protocol: what is visible is whole, and nothing else stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from mediaindex.store.catalog import locations, videos
from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.catalog.schema import extraction, video
from mediaindex.store.commit import (
    Embedded,
    put,
    put_regions,
    recover,
    remove_unowned_regions,
    settle,
    sweep,
)
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import check
from mediaindex.store.mapped.region_files import region_file
from mediaindex.store.mapped.rows import new_generation, vector_rows
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.observed import listed_folders, statements
from tests.support.small_library import AddVideo, embeddings, frame_count, visible, write_blob


def test_a_committed_video_is_visible_with_all_its_vectors(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video(frames=3)
    assert visible(opened, space) == {}
    put(opened, space, [item])
    ((generation, (video_id, count)),) = visible(opened, space).items()
    assert (video_id, count) == (item.video_id, 3)
    rows = opened.vectors(space).read([generation])
    np.testing.assert_array_equal(rows.frame, [0, 1, 2])
    norms = np.linalg.norm(item.embeddings.vectors, axis=1)
    np.testing.assert_allclose(rows.norm, norms, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows.vector.astype(np.float32), axis=1), 1.0, atol=2e-3)
    np.testing.assert_array_equal(rows.evidence, item.embeddings.evidence)
    assert check(opened).problems == []


def test_a_second_write_replaces_the_first_and_the_sweep_removes_it(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    (old,) = visible(opened, space)
    put(opened, space, [item])
    (new,) = visible(opened, space)
    assert new != old
    assert opened.vectors(space).generations() == {old, new}
    assert sweep(opened) == 1
    assert opened.vectors(space).generations() == {new}
    assert check(opened).problems == []


def test_changed_content_takes_the_path_of_the_old_in_one_step(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    old, path = add_video("/videos/a.mp4", seed=1), "/videos/a.mp4"
    put(opened, space, [old])
    new = add_video(path, seed=2)
    assert [v for v, _n in visible(opened, space).values()] == [old.video_id], "old until new is complete"
    put(opened, space, [new])
    assert [v for v, _n in visible(opened, space).values()] == [new.video_id]
    with opened.read() as connection:
        assert connection.execute(sa.select(video.c.id)).scalars().all() == [new.video_id]


def test_rows_of_a_killed_add_are_found_by_recover(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    orphan = new_generation()
    opened.vectors(space).add(vector_rows(orphan, embeddings(5, 9)))
    leftover = opened.root / "vectors" / "space_1.lance" / "data" / ".tmp123"
    leftover.write_bytes(b"half")
    assert any("belong to no video" in line for line in check(opened).problems)
    recover(opened)
    assert orphan not in opened.vectors(space).generations()
    assert not leftover.exists()
    assert check(opened).problems == []


def test_blobs_that_no_row_names_are_removed_but_not_those_being_written(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    unsettled = write_blob(opened.frames, [b"on its way"], content="ab")
    stray = write_blob(opened.frames, [b"left over"], content="cd")
    opened.frames.settle(stray)
    recover(opened)
    assert frame_count(opened.frames, unsettled) == 1
    assert frame_count(opened.frames, stray) is None


def test_a_video_forgotten_while_it_was_embedded_leaves_no_vectors(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    with opened.write() as connection:
        places = locations.places_of_content(connection, item.video_id)
        assert locations.remove_locations(connection, [place.id for place in places]) == [item.video_id]
    put(opened, space, [item])
    assert visible(opened, space) == {}
    sweep(opened)
    assert opened.vectors(space).generations() == set()


def blobs(library: Library) -> set[str]:
    return {name for name, _size in library.frames.names()}


def forget_at(library: Library, path: str) -> None:
    with library.write() as connection:
        place = locations.location_at(connection, Path(path))
        assert place is not None
        locations.remove_locations(connection, [place.id])


def test_a_sweep_finds_by_rows_what_it_removes_and_lists_no_blobs(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    """Of a video that is gone, of a decoding that was replaced, and of frames that are lost."""
    items = [add_video(f"/videos/{name}.mp4", seed=n) for n, name in enumerate("abc")]
    put(opened, space, items)
    forget_at(opened, "/videos/a.mp4")
    with opened.write() as connection:
        videos.mark_frames_lost(connection, [items[1].extraction_id])
    new = add_video("/videos/c.mp4", seed=7)
    put(opened, space, [new])
    with listed_folders() as listed:
        sweep(opened)
        sweep(opened)
    assert [folder for folder in listed if "frames" in folder] == []
    assert blobs(opened) == {frame_file(opened, new.extraction_id)}
    assert check(opened).problems == []


def frame_file(library: Library, extraction_id: int) -> str:
    with library.read() as connection:
        named = sa.select(extraction.c.frame_file).where(extraction.c.id == extraction_id)
        return str(connection.execute(named).scalar_one())


def test_a_sweep_of_nothing_writes_nothing(opened: Library, space: Space, add_video: AddVideo) -> None:
    put(opened, space, [add_video()])
    sweep(opened)
    with statements(opened.engine) as run:
        assert sweep(opened) == 0
    assert all(text == "BEGIN" or text.startswith("SELECT") for text, _values in run)


def test_blobs_that_a_killed_sweep_left_go_with_the_next(
    library: Path, opened: Library, space: Space, add_video: AddVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(opened, space, [add_video()])
    settle(opened)
    forget_at(opened, "/videos/a.mp4")
    (left,) = blobs(opened)
    monkeypatch.setattr(FrameCache, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        sweep(opened)
    monkeypatch.undo()
    with open_library(library) as again, listed_folders() as listed:
        assert check(again).problems == [], "it is noted, and no fault"
        listed.clear()
        recover(again)
        assert [folder for folder in listed if "frames" in folder] == []
        assert left not in blobs(again)


def killed(_cache: FrameCache, _name: str) -> None:
    raise KeyboardInterrupt


def test_a_blob_that_cannot_be_removed_is_tried_again(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    (name,) = blobs(opened)
    forget_at(opened, "/videos/a.mp4")
    path = opened.frames.folder / name
    path.unlink()
    path.mkdir()
    sweep(opened)
    path.rmdir()
    path.touch()
    sweep(opened)
    assert blobs(opened) == set()


def test_a_name_that_leads_out_of_the_cache_removes_nothing(opened: Library, tmp_path: Path) -> None:
    """A catalog from somewhere else may hold any."""
    mine = tmp_path / "mine.mp4"
    mine.touch()
    with opened.write() as connection:
        videos.throw_away_blobs(connection, ["../../mine.mp4", str(mine), "ab/../../../mine.mp4", ".."])
    sweep(opened)
    assert mine.exists()
    with opened.read() as connection:
        assert videos.blobs_thrown_away(connection) == []


def test_recovery_measures_the_blobs_whose_size_is_not_known(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video(f"/videos/{n}.mp4", seed=n) for n in range(3)])
    absent = next(iter(blobs(opened)))
    opened.frames.remove(absent)
    with opened.read() as connection:
        assert videos.cached_bytes(connection) is None
    recover(opened)
    with opened.read() as connection:
        assert videos.cached_bytes(connection) == sum(size for _name, size in opened.frames.names()) > 0


def with_regions(item: Embedded, seed: int = 0) -> Embedded:
    rows = np.random.default_rng(seed).integers(1, 256, (len(item.embeddings.vectors), 6), dtype=np.uint8)
    return replace(item, embeddings=replace(item.embeddings, regions=rows))


def regions_of(library: Library, space: Space) -> dict[int, str]:
    """generation → the scorer whose evidence lies beside its vectors, on disk and by its row."""
    with library.read() as connection:
        noted = spaces.scorers(connection, space.id)
    found = set(library.regions(space).names())
    return {
        generation: scorer for generation, scorer in noted.items() if region_file(generation, scorer) in found
    }


def test_evidence_of_regions_comes_and_goes_with_the_vectors(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = with_regions(add_video(frames=3))
    put(opened, space, [item], scorer="a scorer")
    (generation,) = visible(opened, space)
    assert regions_of(opened, space) == {generation: "a scorer"}
    read = opened.regions(space).read("a scorer", [FrameSpan(generation, 0, 3)], 6)
    np.testing.assert_array_equal(read[0], item.embeddings.regions)
    put(opened, space, [item])
    sweep(opened)
    assert regions_of(opened, space) == {}
    assert list(opened.regions(space).names()) == []


def test_evidence_is_put_beside_vectors_that_are_there(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item, changed = add_video(frames=3), add_video("/videos/b.mp4", seed=2)
    put(opened, space, [item, changed])
    before = visible(opened, space)
    other_count = replace(changed, embeddings=embeddings(len(changed.embeddings.vectors) + 1, 3))
    gone = replace(with_regions(item), extraction_id=12345)
    wanted = [with_regions(item), with_regions(other_count), gone]
    assert put_regions(opened, space, wanted, scorer="a scorer") == 1
    assert list(regions_of(opened, space).values()) == ["a scorer"]
    assert visible(opened, space) == before
    assert put_regions(opened, space, [with_regions(item, 1)], scorer="a newer one") == 1
    assert list(regions_of(opened, space).values()) == ["a newer one"]
    assert remove_unowned_regions(opened) == 1
    assert check(opened).problems == []


def test_evidence_that_a_kill_left_without_a_row_is_removed(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [with_regions(add_video())], scorer="a scorer")
    opened.regions(space).write("a scorer", {1: np.ones((2, 6), np.uint8)})
    stray = opened.root / "regions" / "space_77"
    stray.mkdir()
    recover(opened)
    assert len(list(opened.regions(space).names())) == 1
    assert not stray.exists()
    assert check(opened).problems == []


def test_a_disk_that_fails_for_evidence_alone_costs_nothing_else(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    (opened.root / "regions").write_bytes(b"no folder")
    item = with_regions(add_video())
    put(opened, space, [item], scorer="a scorer")
    assert len(visible(opened, space)) == 1
    assert regions_of(opened, space) == {}
