"""The three ways to read a file, by a real decoder in its own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker, new_worker
from mediaindex.errors import DecoderDied, MediaError
from mediaindex.ingest.pools.file_reading import (
    DecodedFile,
    ProbedFile,
    RefusedFile,
    extract,
    look_once,
    read_headers,
)
from mediaindex.sources.content_hash import full_hash
from mediaindex.store.library import Library
from tests.support.corridor import Troubled, task_of
from tests.support.films import film
from tests.support.media import Clip, flat, write_clip, write_sound
from tests.support.small_library import frame_count


@pytest.fixture(scope="module")
def worker() -> Iterator[DecodeWorker]:
    with new_worker() as started:
        yield started


def test_all_of_a_file_is_its_frames_in_the_cache_and_its_identity(
    worker: DecodeWorker, opened: Library, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", "red", "blue")
    result = extract(worker, opened.frames, task_of(opened, path), Sampling())
    assert isinstance(result, DecodedFile)
    assert result.identity.hash == full_hash(path)
    assert not result.is_first_look
    assert frame_count(opened.frames, result.frame_file) == len(result.seconds) >= 2
    assert list(result.seconds) == sorted(result.seconds)
    assert sum(segment.frame_count for segment in result.segmentation.segments) == len(result.seconds)
    assert result.frame_file in opened.frames.unsettled


def test_one_frame_is_a_first_look_without_a_full_hash(
    worker: DecodeWorker, opened: Library, tmp_path: Path
) -> None:
    task = task_of(opened, film(tmp_path / "a.mp4", "red"))
    result = look_once(worker, opened.frames, task, Sampling())
    assert isinstance(result, DecodedFile)
    assert result.is_first_look
    assert result.identity.partial_hash == task.partial_hash
    assert (frame_count(opened.frames, result.frame_file), len(result.seconds)) == (1, 1)


def test_the_headers_of_a_film_leave_nothing_in_the_cache(
    worker: DecodeWorker, opened: Library, tmp_path: Path
) -> None:
    result = read_headers(worker, opened.frames, task_of(opened, film(tmp_path / "a.mp4", "red")), Sampling())
    assert isinstance(result, ProbedFile)
    assert (result.info.width, result.info.height) == (64, 48)
    assert list(opened.frames.names()) == []


@pytest.mark.parametrize("reading", [extract, look_once, read_headers])
def test_a_file_without_a_film_is_refused(
    worker: DecodeWorker, opened: Library, tmp_path: Path, reading: object
) -> None:
    write_sound(tmp_path / "a.mp4")
    assert callable(reading)
    result = reading(worker, opened.frames, task_of(opened, tmp_path / "a.mp4"), Sampling())
    assert isinstance(result, RefusedFile)
    assert result.reason


class HeadersOnly(DecodeWorker):
    """A real worker that finds the headers of a film as they were before its frames were lost."""

    def __init__(self, whole: Path) -> None:
        started = new_worker()
        super().__init__(started._sandbox, decoder="pyav", max_pixels=started._max_pixels)
        self._whole = whole

    def probe(self, path: Path) -> object:  # type: ignore[override]
        return super().probe(self._whole)


def test_where_no_frame_is_had_cheaply_the_headers_are_all(opened: Library, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", [flat(9, 9, 9)] * 30, Clip())
    torn = tmp_path / "torn.mkv"
    torn.write_bytes(whole.read_bytes()[:600] + bytes(3000))
    with HeadersOnly(whole) as worker:
        result = look_once(worker, opened.frames, task_of(opened, torn), Sampling())
    assert isinstance(result, ProbedFile)
    assert list(opened.frames.names()) == []


def test_a_file_that_changes_while_it_is_read_leaves_no_frames(opened: Library, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", "red")
    task = task_of(opened, path)

    def grow(_worker: Troubled, changed: Path) -> None:
        with changed.open("ab") as file:
            file.write(b"\0\0\0\x08free")

    with Troubled(grow) as worker, pytest.raises(MediaError, match="changed while it was read") as refused:
        extract(worker, opened.frames, task, Sampling())
    assert refused.value.transient
    assert list(opened.frames.names()) == []


def test_a_decoder_that_dies_leaves_no_frames(opened: Library, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", "red")

    def die(_worker: Troubled, _path: Path) -> None:
        raise DecoderDied("killed")

    with Troubled(die) as worker, pytest.raises(DecoderDied):
        extract(worker, opened.frames, task_of(opened, path), Sampling())
    assert list(opened.frames.names()) == []
    assert not opened.frames.unsettled
