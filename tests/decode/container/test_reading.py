"""Reading on where nothing more is to be found."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from av.packet import Packet
from av.stream import Stream

from mediaindex.decode.container.opening import open_container
from mediaindex.decode.container.reading import (
    Search,
    packets,
    packets_from,
    patience_seconds,
)
from mediaindex.errors import ProbeError
from tests.support.media import Clip, moving, with_tail, write_clip
from tests.support.waiting import until

LONGER_THAN_ANY_SEARCH = 1 << 40


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    token = patience_seconds.set(1.0)
    yield
    patience_seconds.reset(token)


def seconds_of(packet: Packet[Stream]) -> float:
    assert packet.pts is not None
    assert packet.time_base is not None
    return float(packet.pts * packet.time_base)


@pytest.mark.parametrize(
    ("container", "codec"), [("mkv", "libx264"), ("avi", "mpeg4"), ("mpg", "mpeg2video")]
)
def test_a_search_without_an_end_is_stopped_and_what_came_before_is_given(
    tmp_path: Path, container: str, codec: str
) -> None:
    path = write_clip(tmp_path / f"film.{container}", moving(50), Clip(codec, rate=25))
    with_tail(path, LONGER_THAN_ANY_SEARCH)
    with open_container(path) as opened:
        found = [packet for packet in packets(opened, [opened.streams.video[0]]) if packet.size]
    assert 49 <= len(found) <= 50


def test_a_film_is_read_to_its_end(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", moving(50))
    with open_container(path) as opened:
        assert sum(packet.size > 0 for packet in packets(opened, [opened.streams.video[0]])) == 50


def test_whoever_takes_long_between_two_packets_gets_the_rest(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", moving(50))
    patience_seconds.set(0.2)
    with open_container(path) as opened:
        found = packets(opened, [opened.streams.video[0]])
        next(found)
        taken = time.monotonic()
        until(lambda: time.monotonic() > taken + 0.3)
        assert sum(packet.size > 0 for packet in found) == 49


@pytest.mark.parametrize("container", ["mkv", "mp4", "flv"])
def test_packets_from_a_time_begin_at_the_keyframe_before(tmp_path: Path, container: str) -> None:
    path = write_clip(tmp_path / f"film.{container}", moving(100), Clip(gop=20, b_frames=0))
    with open_container(path) as opened:
        first = next(packets_from(opened, opened.streams.video[0], 5.0))
        assert first.is_keyframe
        assert seconds_of(first) == pytest.approx(4.0, abs=0.2)
    with open_container(path) as opened:
        start = next(packets_from(opened, opened.streams.video[0], 0.0))
        assert seconds_of(start) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("container", ["mkv", "flv"])
def test_a_seek_into_nothing_is_stopped(tmp_path: Path, container: str) -> None:
    path = write_clip(tmp_path / f"film.{container}", moving(100), Clip(gop=20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with_tail(path, LONGER_THAN_ANY_SEARCH)
    with open_container(path) as opened:
        list(itertools.islice(packets_from(opened, opened.streams.video[0], 9.0), 3))


@pytest.mark.parametrize(("used", "is_vain"), [(0.0, False), (0.2, True)])
def test_only_a_search_that_costs_work_is_vain(used: float, *, is_vain: bool) -> None:
    spent = [0.0]
    search = Search(lambda: spent[0])
    spent[0] = used
    assert not search.is_vain  # there is time left
    patience_seconds.set(0.1)
    began = time.monotonic()
    until(lambda: time.monotonic() > began + 0.1)
    assert search.is_vain is is_vain


def test_a_disk_that_gives_nothing_is_no_end_of_a_film() -> None:
    spent = [0.0]
    search = Search(lambda: spent[0])
    with pytest.raises(ProbeError, match="the disk gave no data") as silent:
        search.refuse_silent_disk()
    assert silent.value.transient
    spent[0] = 0.2
    search.refuse_silent_disk()
