from __future__ import annotations

from mediaindex_tui.messages import Wanted
from mediaindex_tui.pictures import EMPTY_SECONDS, MOST_EMPTY, PictureCache

A, B, C = (Wanted(video, 1.0, 16, 5) for video in (1, 2, 3))


def test_the_one_longest_not_looked_at_goes_first() -> None:
    cache = PictureCache(largest_bytes=20)
    cache.put(A, b"a" * 10)
    cache.put(B, b"b" * 10)
    assert cache.get(A) == b"a" * 10
    cache.put(C, b"c" * 10)
    assert A in cache
    assert B not in cache
    assert cache.get(B) == b""


def test_the_last_stays_however_large() -> None:
    cache = PictureCache(largest_bytes=5)
    cache.put(A, b"a" * 10)
    assert cache.get(A)
    cache.put(A, b"a" * 4)
    assert cache.bytes == 4


def test_a_picture_that_is_not_there_is_asked_for_again_after_a_while() -> None:
    clock = [100.0]
    cache = PictureCache(now=lambda: clock[0])
    cache.put(A, b"")
    assert A in cache
    assert cache.get(A) == b""
    clock[0] += EMPTY_SECONDS
    assert A not in cache
    cache.put(A, b"a")
    assert A in cache


def test_pictures_that_are_not_there_take_no_more_room_than_others() -> None:
    cache = PictureCache()
    for video in range(MOST_EMPTY + 10):
        cache.put(Wanted(video, 1.0, 16, 5), b"")
    assert Wanted(9, 1.0, 16, 5) not in cache
    assert Wanted(10, 1.0, 16, 5) in cache


def test_nothing_is_left_after_another_library_came() -> None:
    cache = PictureCache()
    cache.put(A, b"a")
    cache.put(B, b"")
    cache.clear()
    assert A not in cache
    assert B not in cache
    assert cache.bytes == 0
