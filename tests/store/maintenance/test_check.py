"""A check names what does not agree; a repair leaves only what can be built again."""

from __future__ import annotations

import dataclasses
import os
import shutil

import numpy as np
import pytest
import sqlalchemy as sa

from mediaindex.store.catalog import locations, videos
from mediaindex.store.catalog.schema import location
from mediaindex.store.commit import Embedded, put, recover, settle, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check, repair
from mediaindex.store.mapped.segments import SEGMENT
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.reader import SpaceReader
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, embeddings, frame_count, visible, write_blob


@pytest.mark.parametrize("harm", ["manifest", "folder", "data", "rows", "numbers"])
def test_damaged_vectors_are_named_hidden_and_embeddable_again(
    opened: Library, space: Space, add_video: AddVideo, harm: str
) -> None:
    put(opened, space, [add_video("/videos/a.mp4", seed=1)])
    put(opened, space, [add_video("/videos/b.mp4", seed=2)])
    table = opened.root / "vectors" / f"space_{space.id}.lance"
    match harm:
        case "manifest":
            newest = max(table.glob("_versions/*.manifest"), key=lambda path: path.stat().st_mtime_ns)
            newest.write_bytes(b"")
        case "folder":
            shutil.rmtree(table)
        case "data":
            for path in (table / "data").iterdir():
                path.write_bytes(b"")
        case "rows":
            opened.vectors(space).delete([next(iter(visible(opened, space)))])
        case "numbers":
            rows = opened.vectors(space).read()
            opened.vectors(space).delete(list(visible(opened, space)))
            opened.vectors(space).add(dataclasses.replace(rows, vector=rows.vector * np.float16(0.5)))
    opened.forget_handles()
    findings = check(opened)
    assert findings.problems
    repair(opened, findings)
    with opened.read() as connection:
        missing = spaces.missing_vectors(connection, space.id)
    assert missing, "the frame cache has them, so they are embedded again"
    assert check(opened).problems == [f"vectors: {len(missing)} videos have none"]
    put(opened, space, [Embedded(item.video_id, item.extraction_id, embeddings(3, 7)) for item in missing])
    assert check(opened).problems == []


def test_lost_frames_are_found_and_leave_what_is_visible(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    ((name, _size),) = opened.frames.names()
    (opened.root / "frames" / name).write_bytes(b"MIFRAME1 and then nothing")
    findings = check(opened)
    assert findings.lost_frames == [item.extraction_id]
    with opened.write() as connection:
        videos.mark_frames_lost(connection, findings.lost_frames)
        assert videos.without_frames(connection) == {item.video_id}
    sweep(opened)
    assert check(opened).problems == []
    assert len(visible(opened, space)) == 1


def test_a_library_without_faults_has_no_problems_and_is_counted(three: Library) -> None:
    findings = check(three)
    assert findings.problems == []
    assert (findings.videos, findings.vectors, findings.frames) == (3, 9, 9)


def test_a_library_that_others_may_read_is_closed_by_a_repair(three: Library) -> None:
    three.root.chmod(0o755)
    (three.root / "frames").chmod(0o755)
    findings = check(three)
    assert [problem.split(": ")[1] for problem in findings.problems] == [
        "other users of this machine may read it"
    ]
    repair(three, findings)
    assert check(three).problems == []


def test_files_that_belong_to_no_video_are_found_and_removed(three: Library) -> None:
    stray = write_blob(three.frames, [b"one"], content="ffff")
    assert check(three).problems == [], "it is being written at this moment"
    three.frames.settle(stray)
    findings = check(three)
    assert findings.problems == ["frame cache: 1 files belong to no video"]
    repair(three, findings)
    assert frame_count(three.frames, stray) is None
    assert check(three).problems == []


def test_a_matrix_that_differs_is_built_anew(three: Library, space: Space) -> None:
    (vectors,) = (three.root / "matrix").glob("*.vectors")
    content = bytearray(vectors.read_bytes())
    content[0] ^= 1
    vectors.write_bytes(content)
    findings = check(three)
    assert findings.problems == ["matrix of numbers: it differs from the vectors"]
    repair(three, findings)
    assert check(three).problems == []
    assert len(three.matrix(space).load()) == 9


@pytest.mark.parametrize("name", ["id", "row", "around", "start", "frames", "around_norm", "likeness"])
def test_a_segment_table_that_differs_is_made_anew(three: Library, space: Space, name: str) -> None:
    (table,) = (three.root / "matrix").glob("*.segments")
    segments = np.fromfile(table, SEGMENT)
    segments[name][1] += 1
    segments.tofile(table)
    findings = check(three)
    assert findings.problems == ["matrix of numbers: it differs from the vectors"]
    repair(three, findings)
    assert check(three).problems == []
    assert len(three.matrix(space).load().segments) == len(segments)


def test_a_table_that_names_rows_which_are_not_there_is_left_alone_and_made_anew(
    three: Library, space: Space, add_video: AddVideo
) -> None:
    (table,) = (three.root / "matrix").glob("*.segments")
    segments = np.fromfile(table, SEGMENT)
    segments["row"][1] = 1 << 40
    segments.tofile(table)
    assert len(three.matrix(space).load()) == 0
    with three.read() as connection:
        reader = SpaceReader(three, space)
        assert {video for video in reader.snapshot(connection).video.tolist() if video > 0} == {1, 2, 3}
    assert check(three).problems == ["matrix of numbers: it differs from the vectors"]
    put(three, space, [add_video("/videos/more.mp4", seed=7)])
    settle(three)
    recover(three)
    assert len(three.matrix(space).load()) == 12
    assert check(three).problems == []


def test_what_is_removed_while_a_check_reads_is_no_loss(three: Library) -> None:
    def forget() -> None:
        with three.write() as connection:
            ids = connection.execute(sa.select(location.c.id)).scalars().all()
            locations.remove_locations(connection, ids)
        sweep(three)

    assert check(three, forget).problems == []
    assert check(three).all_problems == []


def test_what_is_committed_while_a_check_reads_is_no_fault(
    three: Library, space: Space, add_video: AddVideo
) -> None:
    more = iter(range(10, 20))

    def commit() -> None:
        number = next(more, None)
        if number is not None:
            put(three, space, [add_video(f"/videos/{number}.mp4", seed=number)])
            put(three, space, [add_video("/videos/1.mp4", seed=number)])

    assert check(three, commit).problems == []
    assert check(three).problems == []


def test_a_table_of_no_space_is_found_and_removed(three: Library) -> None:
    stray = three.root / "vectors" / "space_99.lance"
    stray.mkdir(mode=0o700)
    findings = check(three)
    assert findings.problems == ["vectors: 1 tables belong to no embedding space"]
    repair(three, findings)
    assert not stray.exists()
    assert check(three).problems == []


def test_vectors_that_no_row_names_are_collected_after_an_orderly_end_too(
    three: Library, space: Space
) -> None:
    settle(three)
    with three.write() as connection:
        connection.exec_driver_sql("DELETE FROM indexed WHERE video_id = 1")
    findings = check(three)
    assert "vectors of numbers: 1 writes belong to no video" in findings.problems
    repair(three, findings)
    assert len(three.vectors(space).generations()) == 2
    assert check(three).problems == ["vectors: 1 videos have none"]


def test_frames_that_cannot_be_read_now_are_named_and_not_lost(
    three: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "pread", refuse)
    findings = check(three)
    assert findings.lost_frames == []
    assert len(findings.problems) == 1
    assert "3 videos' frames cannot be read now" in findings.problems[0]
