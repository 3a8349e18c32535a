from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.errors import MediaError
from mediaindex.sources.content_hash import (
    CHUNK_BYTES,
    SAMPLE_BYTES,
    SAMPLES,
    HashReader,
    _samples,
    full_hash,
    partial_hash,
)
from tests.support.waiting import WAIT_SECONDS

KIB = 1024


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_small_file_is_hashed_whole(tmp_path: Path) -> None:
    content = os.urandom(SAMPLES * SAMPLE_BYTES)
    expected = hashlib.blake2b(content, digest_size=16).hexdigest()
    assert partial_hash(write(tmp_path / "a", content)) == expected


def test_an_empty_file_has_both_hashes(tmp_path: Path) -> None:
    path = write(tmp_path / "empty", b"")
    assert partial_hash(path) == hashlib.blake2b(digest_size=16).hexdigest()
    assert full_hash(path) == hashlib.sha256().hexdigest()


def test_a_large_file_is_sampled_at_start_quarters_and_end(tmp_path: Path) -> None:
    content = os.urandom(1000 * KIB + 3)
    last = len(content) - SAMPLE_BYTES
    samples = b"".join(content[o : o + SAMPLE_BYTES] for o in (0, last // 4, last // 2, 3 * last // 4, last))
    expected = hashlib.blake2b(samples, digest_size=16).hexdigest()
    assert partial_hash(write(tmp_path / "a", content)) == expected


def test_an_edit_between_the_samples_escapes_only_the_partial_hash(tmp_path: Path) -> None:
    content = bytearray(2000 * KIB)
    first = write(tmp_path / "first", bytes(content))
    content[100 * KIB] = 1
    forged = write(tmp_path / "forged", bytes(content))
    assert partial_hash(first) == partial_hash(forged)
    assert full_hash(first) != full_hash(forged)


@given(st.integers(min_value=0, max_value=2**50))
def test_samples_are_in_order_inside_the_file_and_cover_both_ends(size: int) -> None:
    samples = list(_samples(size))
    ends = [offset + length for offset, length in samples]
    assert samples[0][0] == 0
    assert ends[-1] == size
    assert all(end <= start for end, (start, _length) in zip(ends, samples[1:], strict=False))
    assert sum(length for _offset, length in samples) <= SAMPLES * SAMPLE_BYTES


@pytest.mark.parametrize("make", [partial_hash, full_hash])
def test_what_cannot_be_read_is_a_media_error(tmp_path: Path, make: object) -> None:
    assert callable(make)
    with pytest.raises(MediaError, match="cannot be read: No such file") as missing:
        make(tmp_path / "missing")
    assert missing.value.transient
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match="not a regular file"):
        make(tmp_path / "pipe")
    with pytest.raises(MediaError, match="not a regular file"):
        make(tmp_path)


def test_a_file_that_shrinks_while_it_is_sampled_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a", bytes(1000 * KIB))
    real_pread = os.pread

    def pread_then_truncate(descriptor: int, length: int, offset: int) -> bytes:
        sample = real_pread(descriptor, length, offset)
        os.truncate(path, 10)
        return sample

    monkeypatch.setattr(os, "pread", pread_then_truncate)
    with pytest.raises(MediaError, match="became shorter") as shrunk:
        partial_hash(path)
    assert shrunk.value.transient


def test_a_file_that_changes_size_while_it_is_hashed_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a", bytes(3 * CHUNK_BYTES))

    def truncate() -> bool:
        os.truncate(path, CHUNK_BYTES)
        return False

    with pytest.raises(MediaError, match="changed its size"):
        full_hash(path, cancelled=truncate)


def test_full_hash_can_be_cancelled(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cancelled") as cancelled:
        full_hash(write(tmp_path / "a", b"abc"), cancelled=lambda: True)
    assert cancelled.value.transient


class Reads:
    """Counts what passes through `os.readv`, and lets a test wait for an amount."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total = 0
        self.changed = threading.Condition()
        self.real = os.readv
        monkeypatch.setattr(os, "readv", self._readv)

    def _readv(self, descriptor: int, buffers: list[memoryview]) -> int:
        count = self.real(descriptor, buffers)
        with self.changed:
            self.total += count
            self.changed.notify_all()
        return count

    def wait_for(self, total: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.total >= total, timeout=WAIT_SECONDS)


def test_the_reader_stays_within_its_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(8 * CHUNK_BYTES)
    path = write(tmp_path / "a", content)
    reads = Reads(monkeypatch)
    with HashReader(path, lead_bytes=2 * CHUNK_BYTES) as reader:
        reads.wait_for(2 * CHUNK_BYTES)
        reader.advance(3 * CHUNK_BYTES)
        reads.wait_for(5 * CHUNK_BYTES)
        reader.advance(1)  # a position never goes back
        assert not reader._within_lead(5 * CHUNK_BYTES)
        assert reads.total == 5 * CHUNK_BYTES
        assert reader.result() == hashlib.sha256(content).hexdigest()


def test_leaving_the_reader_ends_its_thread(tmp_path: Path) -> None:
    path = write(tmp_path / "a", bytes(4 * CHUNK_BYTES))
    with HashReader(path, lead_bytes=CHUNK_BYTES) as reader:
        pass
    with pytest.raises(MediaError, match="cancelled"):
        reader.result()


def test_the_reader_reports_what_it_could_not_read(tmp_path: Path) -> None:
    with HashReader(tmp_path / "missing") as reader, pytest.raises(MediaError, match="cannot be read"):
        reader.result()


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(0, 3 * CHUNK_BYTES),
    steps=st.lists(st.integers(0, 4 * CHUNK_BYTES), max_size=5),
    data=st.data(),
)
def test_the_reader_equals_the_full_hash_whatever_the_decoder_does(
    tmp_path_factory: pytest.TempPathFactory, size: int, steps: list[int], data: st.DataObject
) -> None:
    seed = data.draw(st.binary(min_size=1, max_size=16))
    path = write(tmp_path_factory.mktemp("hash") / "a", (seed * (size // len(seed) + 1))[:size])
    with HashReader(path, lead_bytes=CHUNK_BYTES) as reader:
        for step in steps:
            reader.advance(step)
        assert reader.result() == full_hash(path)
