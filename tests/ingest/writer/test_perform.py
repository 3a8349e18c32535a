"""The writer carries out every kind of request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.embed.encoder import Arithmetic, Encoder
from mediaindex.errors import EncoderUnavailable
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.writer import perform, queue
from mediaindex.ingest.writer.perform import Writer, WriterSettings
from mediaindex.ingest.writer.requests import (
    CheckRequest,
    CompactRequest,
    ConfirmRequest,
    ForgetRequest,
    IndexRequest,
    Json,
    Outcome,
    Request,
    RetryRequest,
    TidyRequest,
    UseRequest,
)
from mediaindex.sources.rules import Rules
from mediaindex.store.catalog import locations, sources
from mediaindex.store.catalog.database import CLEAN, get_meta
from mediaindex.store.library import Library
from mediaindex.store.vectors import spaces
from tests.support.corridor import jpeg
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film
from tests.support.small_library import frame_count


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    film(tmp_path / "videos" / "red.mp4", "red")
    film(tmp_path / "videos" / "blue.mp4", "blue")
    return tmp_path / "videos"


def load(name: str, _arithmetic: Arithmetic | None, _digest: str | None = None) -> Encoder:
    if name == "nothing":
        raise EncoderUnavailable("the encoder nothing is not here")
    return FakeEncoder(name=name)


def new_writer(library: Library, *, encoder: str | None = None, **options: Any) -> Writer:
    settings = WriterSettings(
        rules=Rules(),
        decoding=Decoding(Sampling(), 1, new_worker),
        encoder=encoder,
        default_encoder="fake",
        load_encoder=load,
        exact_limit_mib=4096,
        cache_limit_mib=0,
    )
    return Writer(library, settings, **options)


def done(writer: Writer, request: Request, progress: Callable[[Json], None] = lambda _: None) -> Outcome:
    with writer.library.lock():
        outcome = writer.perform(request, progress)
    assert outcome.error is None
    return outcome


def hidden(library: Library) -> set[str]:
    with library.read() as connection:
        places = locations.locations_below(connection, [Path("/")])
    return {path.name for path, place in places.items() if place.forgotten_at is not None}


def test_indexing_what_the_user_names_makes_it_a_source(opened: Library, videos: Path) -> None:
    progress: list[Json] = []
    outcome = done(new_writer(opened), IndexRequest((videos,)), progress.append)
    assert (outcome.exit_code, outcome.result["indexed"]) == (0, 2)
    assert "broke" not in outcome.result
    assert {step["stage"] for step in progress} >= {"indexing"}
    with opened.read() as connection:
        assert [source.path for source in sources.all_sources(connection)] == [videos]
        space = spaces.active_space(connection)
        assert space is not None
        assert (space.encoder, get_meta(connection, CLEAN)) == ("fake", "1")


def test_the_segments_of_a_library_of_before_get_their_hubs_from_the_next_index(
    opened: Library, videos: Path
) -> None:
    done(new_writer(opened), IndexRequest((videos / "red.mp4",)))
    with opened.read() as connection:
        space = spaces.active_space(connection)
    assert space is not None
    banks = [opened.matrix(space).load().hubs]
    opened.bank(space).remove()
    for hubs in opened.root.glob("matrix/*.hubs"):
        hubs.unlink()
    banks.append(opened.matrix(space).load().hubs)
    unchanged = done(new_writer(opened), IndexRequest((videos / "red.mp4",)))
    assert unchanged.result["decoded"] == 0
    banks.append(opened.matrix(space).load().hubs)
    done(new_writer(opened), IndexRequest((videos,)))
    banks.append(opened.matrix(space).load().hubs)
    assert [None if hubs is None else len(hubs.values) for hubs in banks] == [1, None, 1, 2]


def test_a_broken_file_is_an_exit_code(opened: Library, videos: Path) -> None:
    (videos / "torn.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5000))
    outcome = done(new_writer(opened), IndexRequest((videos,)))
    assert (outcome.exit_code, len(outcome.result["failed"])) == (5, 1)


def test_an_automatic_pass_adds_no_source_and_leaves_changing_files_alone(
    opened: Library, videos: Path
) -> None:
    with opened.write() as connection:
        sources.add_source(connection, videos)
    writer = new_writer(opened, changing_paths=lambda: frozenset([videos / "red.mp4"]))
    outcome = done(writer, IndexRequest((videos / "red.mp4", videos / "blue.mp4"), automatic=True))
    assert (outcome.result["videos"], outcome.result["indexed"]) == (1, 1)
    with opened.read() as connection:
        assert [source.path for source in sources.all_sources(connection)] == [videos]


def test_forgetting_shows_what_it_would_do_hides_and_undoes(opened: Library, videos: Path) -> None:
    writer, path = new_writer(opened), videos / "red.mp4"
    done(writer, IndexRequest((videos,)))
    assert done(writer, ForgetRequest((path,), dry_run=True)).result["forgotten"] == [str(path)]
    assert hidden(opened) == set()
    done(writer, ForgetRequest((path,), at=5.0))
    assert hidden(opened) == {"red.mp4"}
    assert done(writer, ForgetRequest((), at=6.0, undo=True)).result["restored"] == []
    assert done(writer, ForgetRequest((), at=5.0, undo=True)).result["restored"] == [str(path)]
    assert hidden(opened) == set()
    assert done(writer, ForgetRequest((path,), now=True)).result["videos"] == 1
    with opened.read() as connection:
        tombstone = locations.location_at(connection, path)
    assert tombstone is not None
    assert tombstone.content is None


def test_what_was_forgotten_long_ago_is_removed(opened: Library, videos: Path) -> None:
    writer = new_writer(opened)
    done(writer, IndexRequest((videos,)))
    assert done(writer, TidyRequest(30 * 86_400.0)).result == {"removed": 0}
    done(writer, ForgetRequest((videos / "red.mp4",), at=5.0))
    assert done(writer, TidyRequest(30 * 86_400.0)).result == {"removed": 1}


def test_a_retry_reads_failed_files_again(opened: Library, videos: Path) -> None:
    writer = new_writer(opened)
    assert done(writer, RetryRequest()).result["retried"] == 0
    whole = (videos / "red.mp4").read_bytes()
    (videos / "red.mp4").write_bytes(b"")
    done(writer, IndexRequest((videos,)))
    (videos / "red.mp4").write_bytes(whole)
    outcome = done(writer, RetryRequest())
    assert (outcome.result["retried"], outcome.result["indexed"], outcome.exit_code) == (1, 1, 0)


def test_another_encoder_serves_and_is_kept(opened: Library, videos: Path) -> None:
    writer = new_writer(opened)
    done(writer, IndexRequest((videos,), confirm=False))
    outcome = done(writer, UseRequest("another"))
    assert (outcome.result["encoder"], outcome.result["indexed"]) == ("another", 2)
    assert outcome.result["decode_again"] == 0
    done(new_writer(opened), IndexRequest((film(videos / "green.mp4", "green"),)))
    with opened.read() as connection:
        serving = spaces.active_space(connection)
    assert serving is not None
    assert serving.encoder == "another", "nobody set one, so the one that serves goes on"


def test_a_set_encoder_takes_the_place_of_the_one_that_serves(opened: Library, videos: Path) -> None:
    done(new_writer(opened), IndexRequest((videos,)))
    done(new_writer(opened, encoder="another"), IndexRequest((videos,)))
    with opened.read() as connection:
        serving = spaces.active_space(connection)
    assert serving is not None
    assert serving.encoder == "another"


def test_a_check_names_what_is_lost_and_repairs_it(opened: Library, videos: Path) -> None:
    writer = new_writer(opened)
    done(writer, IndexRequest((videos,)))
    sound = done(writer, CheckRequest())
    assert (sound.exit_code, sound.result["problems"], sound.result["videos"]) == (0, [], 2)
    lost = next(name for name, _size in opened.frames.names())
    opened.frames.remove(lost)
    found = done(writer, CheckRequest())
    assert (found.exit_code, len(found.result["problems"]), found.result["repaired"]) == (6, 1, False)
    mended = done(writer, CheckRequest(repair=True))
    assert (mended.exit_code, mended.result["repaired"]) == (0, True)
    assert mended.result["decode_again"] == 1


def test_compacting_and_confirming_need_no_encoder(opened: Library) -> None:
    writer = new_writer(opened, encoder="nothing")
    assert set(done(writer, CompactRequest()).result) >= {"postponed"}
    assert done(writer, ConfirmRequest(())).exit_code == 0


def test_an_error_leaves_the_writer_ready_for_the_next_request(opened: Library, videos: Path) -> None:
    writer = new_writer(opened)
    with pytest.raises(EncoderUnavailable):
        done(writer, UseRequest("nothing"))
    assert writer.depth == 0
    assert done(writer, IndexRequest((videos,), encoder="fake")).result["indexed"] == 2


def test_what_a_kill_left_is_recovered_before_anything_but_a_check(opened: Library) -> None:
    with opened.frames.new_blob() as blob:
        blob.add(jpeg("red"))
        leftover = blob.finish(content="0" * 32)
    opened.frames.settle(leftover)
    writer = new_writer(opened)
    done(writer, CheckRequest())
    assert frame_count(opened.frames, leftover) == 1
    with opened.read() as connection:
        assert get_meta(connection, CLEAN) != "1", "or the next writer would not look for it"
    done(writer, TidyRequest(1.0))
    assert frame_count(opened.frames, leftover) is None


def test_requests_of_others_are_carried_out_between_two_files(
    opened: Library, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform, "ATTEND_SECONDS", 0.0)
    depths: list[int] = []
    writer: Writer = new_writer(opened, between_files=lambda: depths.append(writer.depth))
    queue.submit(opened, CheckRequest())
    done(writer, IndexRequest((videos,)))
    assert not queue.waiting(opened)
    assert 1 in depths
    assert set(depths) <= {1, 2}, "between the blobs of the check, too, where there are any by then"
    assert writer.released() == []
