"""Files of evidence: whole or not there, read for a few frames, and as if absent where they are damaged."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.errors import NoSpace
from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.mapped.region_files import RegionFiles, region_file

SCORER, OTHER = "0123456789abcdef", "fedcba9876543210"
WIDTH = 6


@pytest.fixture
def files(tmp_path: Path) -> RegionFiles:
    return RegionFiles(tmp_path / "regions", 3)


def rows(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(1, 256, (count, WIDTH), dtype=np.uint8)


def test_the_frames_that_are_asked_for_are_read(files: RegionFiles) -> None:
    one, other = rows(7), rows(4, 1)
    files.write(SCORER, {1: one, 2**62 - 1: other})
    read = files.read(SCORER, [FrameSpan(1, 2, 3), FrameSpan(2**62 - 1, 0, 4), FrameSpan(9, 0, 2)], WIDTH)
    assert read.shape == (3, 4, WIDTH)
    assert np.array_equal(read[0, :3], one[2:5])
    assert np.array_equal(read[1], other)
    assert not read[0, 3:].any()
    assert not read[2].any()
    assert files.read(SCORER, [], WIDTH).shape == (0, 0, WIDTH)


def test_another_scorer_or_width_is_none(files: RegionFiles) -> None:
    files.write(SCORER, {1: rows(3)})
    assert not files.read(OTHER, [FrameSpan(1, 0, 3)], WIDTH).any()
    assert not files.read(SCORER, [FrameSpan(1, 0, 3)], WIDTH + 1).any()
    assert not files.read(SCORER, [FrameSpan(1, 2, 3)], WIDTH).any(), "it has no frame 3 and 4"


@pytest.mark.parametrize("content", [b"", b"MIREGN01", b"\0" * 40])
def test_a_file_that_is_none_is_as_if_it_were_not_there(files: RegionFiles, content: bytes) -> None:
    files.write(SCORER, {1: rows(3)})
    (files.folder / region_file(1, SCORER)).write_bytes(content)
    assert not files.read(SCORER, [FrameSpan(1, 0, 3)], WIDTH).any()
    assert not files.is_whole(1, SCORER, 3)


def test_a_flipped_bit_is_told(files: RegionFiles) -> None:
    files.write(SCORER, {1: rows(3)})
    assert files.is_whole(1, SCORER, 3)
    assert not files.is_whole(1, SCORER, 2)
    assert not files.is_whole(2, SCORER, 3)
    path = files.folder / region_file(1, SCORER)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert not files.is_whole(1, SCORER, 3)


def test_a_second_write_takes_the_place_of_the_first(files: RegionFiles) -> None:
    files.write(SCORER, {1: rows(3)})
    files.write(SCORER, {1: rows(3, 1)})
    assert np.array_equal(files.read(SCORER, [FrameSpan(1, 0, 3)], WIDTH)[0], rows(3, 1))
    assert list(files.names()) == [region_file(1, SCORER)]
    assert (files.folder / region_file(1, SCORER)).stat().st_mode & 0o777 == 0o600


def test_what_is_gone_is_removed_whoever_wrote_it(files: RegionFiles) -> None:
    files.write(SCORER, {1: rows(3), 2: rows(2)})
    files.write(OTHER, {1: rows(3)})
    files.remove([1, 77])
    assert list(files.names()) == [region_file(2, SCORER)]
    files.write(OTHER, {2: rows(2)})
    assert files.keep({region_file(2, OTHER)}) == 1
    assert list(files.names()) == [region_file(2, OTHER)]
    files.drop()
    assert list(files.names()) == []
    files.drop()


def test_a_disk_that_is_full_is_told_and_leaves_nothing(
    files: RegionFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpace, match="space_3: No space left on device"):
        files.write(SCORER, {1: rows(1)})
    assert list(files.names()) == []
