from __future__ import annotations

from mediaindex_tui.messages import Wanted
from mediaindex_tui.pictures import EMPTY_SECONDS, MOST_EMPTY, PictureShelf

A, B, C = (Wanted(video, 1.0, 16, 5) for video in (1, 2, 3))


def test_the_one_longest_not_looked_at_goes_first() -> None:
    shelf = PictureShelf(largest_bytes=20)
    shelf.put(A, b"a" * 10)
    shelf.put(B, b"b" * 10)
    assert shelf.get(A) == b"a" * 10
    shelf.put(C, b"c" * 10)
    assert A in shelf
    assert B not in shelf
    assert shelf.get(B) == b""


def test_the_last_stays_however_large() -> None:
    shelf = PictureShelf(largest_bytes=5)
    shelf.put(A, b"a" * 10)
    assert shelf.get(A)
    shelf.put(A, b"a" * 4)
    assert shelf.bytes == 4


def test_a_picture_that_is_not_there_is_asked_for_again_after_a_while() -> None:
    clock = [100.0]
    shelf = PictureShelf(now=lambda: clock[0])
    shelf.put(A, b"")
    assert A in shelf
    assert shelf.get(A) == b""
    clock[0] += EMPTY_SECONDS
    assert A not in shelf
    shelf.put(A, b"a")
    assert A in shelf


def test_pictures_that_are_not_there_take_no_more_room_than_others() -> None:
    shelf = PictureShelf()
    for video in range(MOST_EMPTY + 10):
        shelf.put(Wanted(video, 1.0, 16, 5), b"")
    assert Wanted(9, 1.0, 16, 5) not in shelf
    assert Wanted(10, 1.0, 16, 5) in shelf


def test_nothing_is_left_after_another_library_came() -> None:
    shelf = PictureShelf()
    shelf.put(A, b"a")
    shelf.put(B, b"")
    shelf.clear()
    assert A not in shelf
    assert B not in shelf
    assert shelf.bytes == 0
