"""Cached frames become visible vectors: in batches of videos, with an encoder that is loaded when needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mediaindex.embed.encoder import Arithmetic, Encoder, arithmetic_of, preprocessing_in
from mediaindex.ingest import embedder as embedder_module
from mediaindex.ingest.embedder import Embedder, VisibleVideos
from mediaindex.store import forgetting
from mediaindex.store.catalog import videos
from mediaindex.store.commit import sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Unembedded
from tests.support.corridor import record
from tests.support.fake_encoder import FakeEncoder


class Loading:
    """Gives the fake encoder, and counts how often."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.arithmetics: list[Arithmetic | None] = []

    def __call__(self, name: str, arithmetic: Arithmetic | None, digest: str | None) -> Encoder:
        self.names.append(name)
        self.arithmetics.append(arithmetic)
        encoder = FakeEncoder(name=name)
        preprocessing = preprocessing_in(encoder.spec.preprocessing, arithmetic or "bfloat16")
        encoder.spec = replace(encoder.spec, preprocessing=preprocessing)
        return encoder


def new_embedder(library: Library, load: Loading, *, encoder: str = "fake") -> Embedder:
    return Embedder(library, encoder, load=load)


def visible(library: Library) -> int:
    with library.read() as connection:
        return sum(len(spaces.owned(connection, space.id)) for space in spaces.all_spaces(connection))


def serving(library: Library) -> str | None:
    with library.read() as connection:
        space = spaces.active_space(connection)
    return None if space is None else space.encoder


def completed(embedder: Embedder, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Complete the space; how many of the videos that were queued for this became visible."""
    visible = VisibleVideos()
    with embedder.counting(visible):
        embedder.complete(lambda: None, progress)
    return visible.count


def test_a_video_counts_for_the_work_that_queued_it(opened: Library, tmp_path: Path) -> None:
    """A pass within a pass may embed and commit what the outer one queued."""
    embedder = new_embedder(opened, Loading())
    outer, inner = VisibleVideos(), VisibleVideos()
    with embedder.counting(outer):
        embedder.add(record(opened, tmp_path / "a.mp4", "red"))
        embedder.add(record(opened, tmp_path / "b.mp4", "blue"))
        with embedder.counting(inner):
            embedder.add(record(opened, tmp_path / "c.mp4", "green"))
            embedder.drain(lambda: None)
    assert (outer.count, inner.count) == (2, 1)


def test_the_encoder_is_loaded_for_the_first_frame_and_only_once(opened: Library, tmp_path: Path) -> None:
    load = Loading()
    embedder = new_embedder(opened, load)
    assert not embedder.is_open
    assert not embedder.has_full_batch
    assert load.names == []
    for name in ("a.mp4", "b.mp4"):
        embedder.add(record(opened, tmp_path / name, "red"))
    assert load.names == ["fake"]


def test_vectors_of_a_space_are_made_alike_until_it_is_renewed(opened: Library, tmp_path: Path) -> None:
    """On a machine whose quickest arithmetic is bfloat16; the library is from one that had none."""
    record(opened, tmp_path / "a.mp4", "red")
    plain = FakeEncoder()
    first = Embedder(opened, "fake", load=lambda _name, _arithmetic, _digest: plain)
    assert completed(first) == 1
    load = Loading()
    later = new_embedder(opened, load)
    record(opened, tmp_path / "b.mp4", "red")
    assert completed(later) == 1
    assert (load.arithmetics, later.space.id) == (["float32"], first.space.id)
    later.use("fake")
    assert load.arithmetics[1:] == ["float32"]
    later.use("fake", renew=True)
    assert load.arithmetics[2:] == [None]
    assert completed(later) == 2
    assert later.space.id != first.space.id
    with opened.read() as connection:
        serving = spaces.active_space(connection)
    assert serving is not None
    assert (serving.id, arithmetic_of(serving.preprocessing)) == (later.space.id, "bfloat16")
    again = Loading()
    new_embedder(opened, again).use("fake")
    new_embedder(opened, again).use("fake", renew=True)
    assert again.arithmetics == ["bfloat16", "bfloat16"], "nothing is quicker"


def test_an_empty_library_needs_no_encoder(opened: Library) -> None:
    load = Loading()
    assert completed(new_embedder(opened, load)) == 0
    assert load.names == []


def test_what_is_embedded_is_committed_in_batches_of_videos(
    opened: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder_module, "VIDEOS_A_COMMIT", 2)
    embedder = new_embedder(opened, Loading())
    counts = []
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        embedder.add(record(opened, tmp_path / name, "red", "blue"))
        counts.append((embedder.step(partial=True), visible(opened)))
    assert counts == [(0, 0), (2, 2), (0, 2)]
    assert embedder.flush() == 1
    assert embedder.flush() == 0
    assert visible(opened) == 3


def test_vectors_and_time_end_a_batch_too(
    opened: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = new_embedder(opened, Loading())
    embedder.add(record(opened, tmp_path / "a.mp4", "red", "blue"))
    monkeypatch.setattr(embedder_module, "VECTORS_A_COMMIT", 2)
    assert embedder.step(partial=True) == 1
    embedder.add(record(opened, tmp_path / "b.mp4", "red"))
    monkeypatch.setattr(embedder_module, "SECONDS_A_COMMIT", -1.0)
    assert embedder.step(partial=True) == 1


def test_frames_wait_for_a_full_batch(opened: Library, tmp_path: Path) -> None:
    embedder = new_embedder(opened, Loading())
    embedder.add(record(opened, tmp_path / "a.mp4", *["red"] * 5))
    assert (embedder.has_full_batch, embedder.step(partial=False)) == (False, 0)
    assert embedder.batcher.waiting == 5
    assert not embedder.is_idle
    embedder.add(record(opened, tmp_path / "b.mp4", *["blue"] * 5))
    assert embedder.has_full_batch
    embedder.step(partial=False)
    assert embedder.batcher.waiting == 2


def test_draining_gives_others_a_turn_between_batches(opened: Library, tmp_path: Path) -> None:
    embedder = new_embedder(opened, Loading())
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        embedder.add(record(opened, tmp_path / name, *["red"] * 8))
    waiting: list[int] = []
    assert embedder.drain(lambda: waiting.append(embedder.batcher.waiting)) == 3
    assert waiting == [16, 8, 0]
    assert check(opened).problems == []


def test_a_space_serves_once_it_is_complete(opened: Library, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        record(opened, tmp_path / name, *["red"] * 8)
    load, progress = Loading(), list[tuple[int, int]]()
    embedder = new_embedder(opened, load)
    assert serving(opened) is None
    assert completed(embedder, lambda done, total: progress.append((done, total))) == 2
    assert progress == [(0, 2), (1, 2)]
    assert serving(opened) == "fake"
    again = Loading()
    assert completed(new_embedder(opened, again)) == 0
    assert again.names == []


def test_videos_whose_frames_are_lost_are_to_be_decoded_again(opened: Library, tmp_path: Path) -> None:
    lost = record(opened, tmp_path / "a.mp4", "red")
    record(opened, tmp_path / "b.mp4", "blue")
    opened.frames.remove(lost.frame_file)
    assert completed(new_embedder(opened, Loading())) == 1
    with opened.read() as connection:
        assert videos.without_frames(connection) == {lost.video_id}


def rot(library: Library, video: Unembedded) -> None:
    """Flip a bit of the first cached picture of a video."""
    path = library.frames.folder / video.frame_file
    content = bytearray(path.read_bytes())
    content[300] ^= 4
    path.write_bytes(content)


def test_a_rotten_picture_is_named_once_and_costs_its_video_alone(opened: Library, tmp_path: Path) -> None:
    rotten = record(opened, tmp_path / "a.mp4", *["red"] * 9)
    for name in ("b.mp4", "c.mp4"):
        record(opened, tmp_path / name, "blue")
    rot(opened, rotten)
    embedder = new_embedder(opened, Loading())
    assert completed(embedder) == 2
    assert serving(opened) == "fake"
    (row,) = embedder.take_failed()
    assert (row["path"], row["stage"]) == (str(tmp_path / "a.mp4"), "read")
    assert "frame 0 is damaged" in row["reason"]
    assert "decodes it again" in row["reason"]
    assert embedder.take_failed() == []
    with opened.read() as connection:
        assert videos.without_frames(connection) == {rotten.video_id}
    sweep(opened)
    assert check(opened).all_problems == [], "it waits at its place to be decoded"


def test_a_video_keeps_its_vectors_while_its_new_frames_are_lost(opened: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    record(opened, path, "red")
    embedder = new_embedder(opened, Loading())
    embedder.complete(lambda: None, lambda _done, _total: None)
    newer = record(opened, path, "red")
    rot(opened, newer)
    assert completed(embedder) == 0
    assert len(embedder.take_failed()) == 1
    assert visible(opened) == 1
    sweep(opened)
    assert check(opened).all_problems == []


def test_a_video_that_is_removed_while_it_waits_is_no_loss(opened: Library, tmp_path: Path) -> None:
    waiting = record(opened, tmp_path / "a.mp4", "red")
    embedder = new_embedder(opened, Loading())
    embedder.add(waiting)
    with opened.write() as connection:
        forgetting.forget_now(connection, [tmp_path], at=1.0)
    sweep(opened)
    assert embedder.drain(lambda: None) == 0
    assert embedder.take_failed() == []


def test_another_encoder_takes_what_waited_for_the_one_before(opened: Library, tmp_path: Path) -> None:
    load = Loading()
    embedder = new_embedder(opened, load)
    embedder.add(record(opened, tmp_path / "a.mp4", "red"))
    embedder.step(partial=True)
    embedder.add(record(opened, tmp_path / "b.mp4", "blue"))
    embedder.use("another")
    assert visible(opened) == 1, "what was embedded is kept"
    assert completed(embedder) == 2
    assert (embedder.encoder, load.names, serving(opened)) == ("another", ["fake", "another"], "another")


def test_tidying_needs_no_vectors(opened: Library, tmp_path: Path) -> None:
    embedder = new_embedder(opened, Loading())
    embedder.tidy()
    embedder.add(record(opened, tmp_path / "a.mp4", "red"))
    embedder.tidy()
    embedder.drain(lambda: None)
    embedder.tidy()
    assert check(opened).problems == []
