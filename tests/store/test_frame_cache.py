"""Blobs of cached frames: whole or not there, and damage that is named."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.errors import NoSpace, StoreError
from mediaindex.store.frame_cache import FrameCache, FramesLost
from tests.support.jpegs import encoded
from tests.support.small_library import frame_count, write_blob

SAME_FOLDER = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SAME_FOLDER
@given(jpegs=st.lists(st.binary(max_size=200), min_size=1, max_size=20), data=st.data())
def test_frames_come_back_as_they_were_written(
    tmp_path: Path, jpegs: list[bytes], data: st.DataObject
) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, jpegs, content="abcdef")
    assert list(cache.read(name)) == jpegs
    ordinal = data.draw(st.integers(0, len(jpegs) - 1))
    assert list(cache.read(name, [ordinal])) == [jpegs[ordinal]]
    assert frame_count(cache, name) == len(jpegs)
    assert write_blob(cache, jpegs, content="abcdef") != name


@pytest.mark.parametrize("harm", [b"", b"MIFRAME1", b"x" * 100, None])
def test_a_damaged_blob_is_an_error_that_names_it(tmp_path: Path, harm: bytes | None) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, [b"one", b"two"], content="abcdef")
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1] if harm is None else harm)
    assert frame_count(cache, name) is None
    with pytest.raises(StoreError, match="check --repair"):
        list(cache.read(name))


def test_a_blob_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    with cache.new_blob() as blob:
        blob.add(b"one")
        assert len(cache.unsettled) == 1
    assert list(cache.names()) == []
    assert not cache.unsettled


def test_a_frame_that_was_never_there_is_an_error(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, [b"one"], content="ab")
    with pytest.raises(StoreError):
        list(cache.read(name, [1]))
    cache.remove(name)
    cache.remove(name)
    with pytest.raises(StoreError):
        list(cache.read(name))


def test_a_blob_is_unsettled_until_a_row_names_it(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, [b"one"], content="abcdef")
    assert cache.unsettled == {name}
    assert (dict(cache.names()), cache.size(name)) == ({name: cache.size(name)}, cache.size(name))
    cache.settle(name)
    assert cache.unsettled == set()


@SAME_FOLDER
@given(jpegs=st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=5), data=st.data())
def test_no_flipped_bit_is_read(tmp_path: Path, jpegs: list[bytes], data: st.DataObject) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, jpegs, content="abcdef")
    cache.prove(name, len(jpegs))
    whole = bytearray((tmp_path / name).read_bytes())
    place, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    whole[place] ^= 1 << bit
    (tmp_path / name).write_bytes(whole)
    with pytest.raises(FramesLost, match="frame cache"):
        cache.prove(name, len(jpegs))
    with pytest.raises(FramesLost):
        list(cache.read(name))


def of_the_first_format(cache: FrameCache, *jpegs: bytes) -> str:
    """A blob without checksums."""
    starts = [8]
    for jpeg in jpegs:
        starts.append(starts[-1] + len(jpeg))
    table = struct.pack(f"<{len(starts)}QQ", *starts, len(jpegs))
    (cache.folder / "ab.mif").write_bytes(b"MIFRAME1" + b"".join(jpegs) + table)
    return "ab.mif"


def test_a_blob_without_checksums_is_read_and_proved_by_its_pictures(tmp_path: Path) -> None:
    cache, picture = FrameCache(tmp_path), encoded(16, 16)
    name = of_the_first_format(cache, picture, picture)
    assert list(cache.read(name)) == [picture, picture]
    cache.prove(name, 2)
    with pytest.raises(FramesLost, match="2 frames instead of 3"):
        cache.prove(name, 3)
    name = of_the_first_format(cache, picture, b"rotten" + picture[6:])
    assert frame_count(cache, name) == 2
    with pytest.raises(FramesLost, match="frame 1: its picture is damaged"):
        cache.prove(name, 2)


@pytest.mark.parametrize(("error", "is_lost"), [(5, True), (2, True), (13, False), (24, False), (116, False)])
def test_a_blob_that_cannot_be_read_now_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, is_lost: bool
) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, [b"one"], content="ab")

    def refuse(*_: object) -> bytes:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "pread", refuse)
    with pytest.raises(StoreError, match="frame cache") as caught:
        list(cache.read(name))
    assert isinstance(caught.value, FramesLost) == is_lost


def test_a_full_disk_is_no_space_and_leaves_nothing(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    with pytest.raises(NoSpace, match="free space"), cache.new_blob():
        raise OSError(28, "No space left on device")
    assert list(cache.names()) == []
    with pytest.raises(OSError, match="Input/output"), cache.new_blob():
        raise OSError(5, "Input/output error")
