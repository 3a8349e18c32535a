"""Reconciling a scan with the catalog: what needs decoding, and what is only elsewhere."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.ingest.reconcile.reconciler import Reconciler
from mediaindex.media import FileEvent
from mediaindex.sources.content_hash import full_hash, partial_hash
from mediaindex.store import forgetting
from mediaindex.store.catalog import failures, locations, volumes
from mediaindex.store.catalog import videos as video_rows
from mediaindex.store.catalog.schema import location, volume
from mediaindex.store.library import Library, open_library
from tests.support.reconciling import DECODER, CatalogPass, automatic, event, learn, written

HOUR, MONTH = 3600.0, 30 * 86_400.0
"""A month ahead is what a wrong clock left that was put right."""


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


def classify(reconciler: CatalogPass, found: FileEvent) -> DecodeTask | None:
    return reconciler.task(found)


def scanned(opened: Library, root: Path, *, decoder: str = DECODER, redecode: bool = False) -> CatalogPass:
    """A finished pass over a folder; its work stands in `work`."""
    reconciler = CatalogPass(opened, [root], decoder=decoder, redecode=redecode)
    for path in sorted(root.rglob("*")):
        if path.is_file():
            classify(reconciler, event(path))
    reconciler.finish()
    return reconciler


def work(opened: Library, root: Path, *, redecode: bool = False) -> list[str]:
    reconciler = CatalogPass(opened, [root], decoder=DECODER, redecode=redecode)
    found = [classify(reconciler, event(path)) for path in sorted(root.rglob("*")) if path.is_file()]
    reconciler.finish()
    return [item.event.path.name for item in found if item is not None]


def places(opened: Library) -> dict[str, tuple[int | None, bool, bool]]:
    """name → (newest content, confirmed, missing)."""
    with opened.read() as connection:
        return {
            row.path.name: (row.next_video_id or row.video_id, row.confirmed, row.missing_since is not None)
            for row in connection.execute(location.select())
        }


def test_a_new_file_is_work_once(opened: Library, videos: Path) -> None:
    path = written(videos / "a.mp4", b"a")
    reconciler = CatalogPass(opened, [videos], decoder=DECODER)
    first = classify(reconciler, event(path))
    assert isinstance(first, DecodeTask)
    assert (first.event.path, first.partial_hash, first.root) == (path, partial_hash(path), videos)
    assert classify(reconciler, event(path)) is None


def test_files_that_look_the_same_wait_for_the_first(opened: Library, videos: Path) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        written(videos / name, b"same")
    reconciler = CatalogPass(opened, [videos], decoder=DECODER)
    found = [classify(reconciler, event(path)) for path in sorted(videos.iterdir())]
    first = found[0]
    assert first is not None
    assert found[1:] == [None, None]
    assert [item.event.path.name for item in reconciler.settled(first)] == ["a.mp4", "b.mp4", "c.mp4"]
    assert reconciler.settled(first) == [first]


def test_a_known_file_is_unchanged(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    reconciler = scanned(opened, videos)
    assert (reconciler.findings.unchanged, reconciler.on_the_way) == (1, {})
    assert places(opened) == {"a.mp4": (video, True, False)}


def test_a_touched_file_is_believed_and_to_be_confirmed(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    os.utime(videos / "a.mp4", (1, 1))
    assert scanned(opened, videos).findings.unchanged == 1
    assert places(opened) == {"a.mp4": (video, False, False)}


def test_a_move_and_a_copy(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    (videos / "a.mp4").rename(videos / "b.mp4")
    assert scanned(opened, videos).findings.moved == 1
    assert places(opened) == {"b.mp4": (video, False, False)}
    shutil.copy(videos / "b.mp4", videos / "c.mp4")
    findings = scanned(opened, videos).findings
    assert (findings.unchanged, findings.copies, findings.moved) == (1, 1, 0)
    assert places(opened) == {"b.mp4": (video, False, False), "c.mp4": (video, False, False)}


def test_a_copy_needs_no_second_transaction(opened: Library, videos: Path, tmp_path: Path) -> None:
    """A volume that no file of this pass was on before is recorded before the copy is."""
    learn(opened, written(videos / "a.mp4", b"a"))
    written(tmp_path / "else" / "b.mp4", b"a")
    with opened.write() as connection:
        connection.execute(volume.update().values(uid="uuid:another"))
    findings = scanned(opened, tmp_path / "else").findings
    assert (findings.copies, findings.moved) == (1, 0)


def test_two_files_that_change_places(opened: Library, videos: Path) -> None:
    first = learn(opened, written(videos / "a.mp4", b"first"))
    second = learn(opened, written(videos / "b.mp4", b"second"))
    (videos / "a.mp4").rename(videos / "c")
    (videos / "b.mp4").rename(videos / "a.mp4")
    (videos / "c").rename(videos / "b.mp4")
    reconciler = scanned(opened, videos)
    assert reconciler.on_the_way == {}
    assert {name: row[0] for name, row in places(opened).items()} == {"a.mp4": second, "b.mp4": first}


def test_a_file_moved_over_another(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"first"))
    learn(opened, written(videos / "b.mp4", b"second"))
    (videos / "a.mp4").replace(videos / "b.mp4")
    findings = scanned(opened, videos).findings
    assert findings.moved == 1
    assert places(opened) == {"b.mp4": (video, False, False)}


def test_new_content_at_a_known_path_is_work(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    written(videos / "a.mp4", b"something else")
    assert work(opened, videos) == ["a.mp4"]
    assert places(opened) == {"a.mp4": (video, True, False)}  # it answers until the new one is there


def test_a_deleted_file_is_missing_until_it_is_back(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    kept = (videos / "a.mp4").rename(videos.parent / "kept")
    assert scanned(opened, videos).findings.offline == 0
    assert places(opened) == {"a.mp4": (video, True, True)}
    kept.rename(videos / "a.mp4")
    assert scanned(opened, videos).findings.unchanged == 1
    assert places(opened) == {"a.mp4": (video, True, False)}


def test_an_unplugged_drive_moves_nothing(opened: Library, videos: Path, tmp_path: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    with opened.write() as connection:
        connection.execute(volume.update().values(uid="uuid:unplugged"))
    shutil.copy(videos / "a.mp4", tmp_path / "copy.mp4")
    shutil.rmtree(videos)
    findings = scanned(opened, videos).findings
    assert (findings.offline, findings.moved) == (1, 0)
    reconciler = CatalogPass(opened, [tmp_path / "copy.mp4"], decoder=DECODER)
    assert classify(reconciler, event(tmp_path / "copy.mp4")) is None
    assert reconciler.findings.copies == 1
    assert places(opened)["a.mp4"] == (video, True, False)


def test_what_is_below_another_root_is_left_alone(opened: Library, videos: Path) -> None:
    learn(opened, written(videos / "one" / "a.mp4", b"a"))
    learn(opened, written(videos / "one more" / "b.mp4", b"b"))
    shutil.rmtree(videos / "one more")
    scanned(opened, videos / "one")
    assert places(opened)["b.mp4"][2] is False


def test_dead_files_stay_dead_until_they_or_the_decoder_change(opened: Library, videos: Path) -> None:
    path = written(videos / "a.mp4", b"a")
    seen = event(path)
    with opened.write() as connection:
        failures.set_failure(
            connection,
            failures.Failure(path, "probe", "dead", 1, None, "text", seen.size, seen.mtime_ns, DECODER),
        )
    assert work(opened, videos) == []
    assert [f.reason for f in scanned(opened, videos).findings.known_failures] == ["text"]
    assert scanned(opened, videos, decoder="two").on_the_way != {}
    os.utime(path, (1, 1))
    assert work(opened, videos) == ["a.mp4"]


def test_waiting_files_are_tried_again(opened: Library, videos: Path) -> None:
    path = written(videos / "a.mp4", b"a")
    seen = event(path)
    with opened.write() as connection:
        failures.set_failure(
            connection,
            failures.Failure(path, "read", "waiting", 1, 1.0, "I/O", seen.size, seen.mtime_ns, DECODER),
        )
    assert work(opened, videos) == ["a.mp4"]


def failed(opened: Library, path: Path, *, state: str, next_at: float | None, stage: str = "decode") -> None:
    seen = event(path)
    with opened.write() as connection:
        record = failures.Failure(path, stage, state, 2, next_at, "text", seen.size, seen.mtime_ns, DECODER)
        failures.set_failure(connection, record)


@pytest.mark.parametrize(
    ("state", "stage", "waits", "by_itself", "on_demand"),
    [
        ("waiting", "decode", -HOUR, True, True),
        ("waiting", "decode", HOUR, False, True),
        ("waiting", "decode", MONTH, True, True),
        ("dead", "decode", None, False, False),
        ("dead", "read", None, False, True),
    ],
)
def test_who_tries_a_failed_file_again(
    opened: Library,
    videos: Path,
    state: str,
    stage: str,
    waits: float | None,
    by_itself: bool,
    on_demand: bool,
) -> None:
    path = written(videos / "a.mp4", b"a")
    next_at = None if waits is None else time.time() + waits
    failed(opened, path, state=state, next_at=next_at, stage=stage)
    assert (automatic(opened, videos).on_the_way != {}) is by_itself
    assert (scanned(opened, videos).on_the_way != {}) is on_demand
    # Other bytes, or a newer decoder, are another matter.
    os.utime(path, (1, 1))
    assert automatic(opened, videos).on_the_way != {}


def test_a_file_that_cannot_be_opened_waits_with_its_reason(opened: Library, videos: Path) -> None:
    gone = FileEvent(videos / "gone.mp4", 10, 1)
    gone.path.symlink_to("nowhere")
    reconciler = CatalogPass(opened, [videos], decoder=DECODER, automatic=True)
    assert classify(reconciler, gone) is None
    with opened.read() as connection:
        record = failures.failures(connection)[gone.path]
        assert (record.stage, record.state, record.attempts) == ("read", "waiting", 1)
        assert record.next_at is not None
        assert failures.due_failures(connection, record.next_at) == [gone.path]
        assert failures.due_failures(connection, record.next_at - 1.0) == []
        assert failures.due_failures(connection, record.next_at - MONTH) == [gone.path]
        assert failures.next_due(connection) == record.next_at
    reconciler.finish()
    assert gone.path in reconciler.seen


def test_what_is_due_and_not_to_be_seen_waits_on(opened: Library, videos: Path, tmp_path: Path) -> None:
    """Else the loop that asks what is due would ask for ever."""
    passed_over = written(videos / "a.mp4", b"a")
    failed(opened, passed_over, state="waiting", next_at=1.0)
    deleted = written(videos / "b.mp4", b"b")
    failed(opened, deleted, state="waiting", next_at=1.0)
    unplugged = written(tmp_path / "usb" / "c.mp4", b"c")
    failed(opened, unplugged, state="waiting", next_at=1.0)
    with opened.write() as connection:
        volumes.ensure_volume(connection, uid="uuid:unplugged", label=None, mount_point=tmp_path / "usb")
    deleted.unlink()
    shutil.rmtree(tmp_path / "usb")
    CatalogPass(opened, [passed_over, deleted, unplugged], decoder=DECODER, automatic=True).finish()
    with opened.read() as connection:
        assert set(failures.failures(connection)) == {passed_over, unplugged}
        assert failures.due_failures(connection, time.time()) == []


def test_an_automatic_pass_leaves_forgotten_places_alone(opened: Library, videos: Path) -> None:
    video = learn(opened, written(videos / "a.mp4", b"a"))
    with opened.write() as connection:
        forgetting.forget(connection, [videos], at=1.0)
        connection.execute(location.update().values(missing_since=1.0))
    written(videos / "a.mp4", b"something else")
    assert automatic(opened, videos).findings.forgotten == 1
    with opened.read() as connection:
        (row,) = locations.locations_below(connection, [videos]).values()
        assert (row.forgotten_at, row.missing_since, row.content) == (1.0, None, video)


def test_a_pass_that_the_user_asked_for_takes_them_back(opened: Library, videos: Path) -> None:
    learn(opened, written(videos / "a.mp4", b"a"))
    buried = written(videos / "b.mp4", b"b")
    learn(opened, buried)
    with opened.write() as connection:
        forgetting.forget(connection, [videos / "a.mp4"], at=1.0)
        forgetting.forget_now(connection, [buried], at=2.0)
    reconciler = scanned(opened, videos)
    assert (reconciler.findings.unchanged, reconciler.findings.forgotten) == (1, 0)
    (waiting,) = reconciler.on_the_way.values()
    assert [item.event.path for item in waiting] == [buried]
    with opened.read() as connection:
        assert not locations.anything_hidden(connection)


@pytest.mark.parametrize(("by_itself", "stays_hidden"), [(True, True), (False, False)])
def test_a_forgotten_file_that_moves_stays_forgotten_until_it_is_asked_for(
    opened: Library, videos: Path, by_itself: bool, stays_hidden: bool
) -> None:
    learn(opened, written(videos / "a.mp4", b"a"))
    with opened.write() as connection:
        forgetting.forget(connection, [videos], at=1.0)
    (videos / "a.mp4").rename(videos / "b.mp4")
    reconciler = automatic(opened, videos) if by_itself else scanned(opened, videos)
    assert reconciler.findings.moved == 1
    with opened.read() as connection:
        assert locations.is_hidden(connection, videos / "b.mp4") is stays_hidden


def test_a_copy_of_a_forgotten_file_is_a_new_place(opened: Library, videos: Path) -> None:
    learn(opened, written(videos / "a.mp4", b"a"))
    with opened.write() as connection:
        forgetting.forget(connection, [videos], at=1.0)
    shutil.copy(videos / "a.mp4", videos / "b.mp4")
    assert automatic(opened, videos).findings.copies == 1
    with opened.read() as connection:
        shown = [
            path.name
            for path in (videos / "a.mp4", videos / "b.mp4")
            if not locations.is_hidden(connection, path)
        ]
    assert shown == ["b.mp4"]


def test_a_change_is_a_small_pass_with_the_words_of_its_root(opened: Library, videos: Path) -> None:
    changed = written(videos / "trip" / "day" / "a.mp4", b"a")
    reconciler = CatalogPass(opened, [changed.parent], decoder=DECODER, sources=[videos], automatic=True)
    work = classify(reconciler, event(changed))
    assert work is not None
    assert work.root == videos


def test_redecoding_takes_what_is_known(opened: Library, videos: Path) -> None:
    learn(opened, written(videos / "a.mp4", b"a"))
    assert work(opened, videos, redecode=True) == ["a.mp4"]


def test_lost_frames_are_work(opened: Library, videos: Path) -> None:
    learn(opened, written(videos / "a.mp4", b"a"))
    with opened.write() as connection:
        video_rows.mark_frames_lost(connection, [1])
    assert work(opened, videos) == ["a.mp4"]


def test_a_file_that_cannot_be_read_is_named(opened: Library, videos: Path) -> None:
    reconciler = CatalogPass(opened, [videos], decoder=DECODER)
    gone = FileEvent(videos / "gone.mp4", 10, 1)
    gone.path.symlink_to("nowhere")
    assert classify(reconciler, gone) is None
    ((path, reason),) = reconciler.findings.unreadable
    assert path == gone.path
    assert reason


def test_the_root_of_a_path(opened: Library, videos: Path) -> None:
    roots = [videos, videos / "inner", videos / "film.mp4"]
    reconciler = Reconciler(opened, roots, decoder=DECODER)
    assert reconciler.root_of(videos / "a.mp4") == videos
    assert reconciler.root_of(videos / "inner" / "a.mp4") == videos / "inner"
    assert reconciler.root_of(videos / "film.mp4") == videos
    assert reconciler.root_of(Path("/else/a.mp4")) == Path("/else")


NAMES = ["a", "b", "c", "d"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "move", "copy", "delete", "touch"]), *[st.sampled_from(NAMES)] * 2),
    max_size=8,
)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rounds=st.lists(STEPS, min_size=1, max_size=3))
def test_the_catalog_follows_whatever_a_person_does(
    rounds: list[list[tuple[str, str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After each pass, every file is known at its path with its own content."""
    root = tmp_path_factory.mktemp("person")
    folder = root / "videos"
    folder.mkdir()
    with open_library(root / "library", create=True) as opened:
        for number, steps in enumerate(rounds):
            for count, (step, name, other) in enumerate(steps):
                do(step, folder / name, folder / other, f"{number} {count}".encode())
            reconciler = CatalogPass(opened, [folder], decoder=DECODER)
            todo = [classify(reconciler, event(path)) for path in sorted(folder.iterdir())]
            for item in filter(None, todo):
                for copy in reconciler.settled(item):
                    learn(opened, copy.event.path)
            reconciler.finish()
            there = {name: row[0] for name, row in places(opened).items() if not row[2]}
            assert set(there) == {path.name for path in folder.iterdir()}
            with opened.read() as connection:
                for name, video in there.items():
                    assert video is not None
                    assert video_rows.identity_of(connection, video).hash == full_hash(folder / name)


def do(step: str, path: Path, other: Path, content: bytes) -> None:
    """One thing that a person does to files; nothing where there is no such file."""
    if step == "write":
        path.write_bytes(content)
    elif path.exists():
        match step:
            case "move":
                path.replace(other)
            case "copy" if path != other:
                shutil.copyfile(path, other)
            case "delete":
                path.unlink()
            case "touch":
                # A time of its own: equal path, size and mtime are believed, whatever the bytes.
                moment = int.from_bytes(content)
                os.utime(path, (moment, moment))
