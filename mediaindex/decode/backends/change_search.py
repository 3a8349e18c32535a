"""The largest change among pictures that can be decoded one by one, found by halving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mediaindex.decode.backends.decoder import Picture

# Pictures on each side of the change, which tell a cut from a flash.
NEIGHBOURS = 2


def pictures_around_change(
    decode: Callable[[int], Picture | None],
    count: int,
    earlier: Picture,
    later: Picture,
    difference: Callable[[Picture, Picture], float],
) -> list[Picture]:
    """Pictures around the largest change between two, in ascending order, `later` the last of them.

    Decodes about log2(count) + 2 * NEIGHBOURS pictures instead of all.

    Args:
        decode: gives the picture at a place 1 .. count - 1, None where it cannot be decoded.
        count: the place of `later`; `earlier` is at 0.
        difference: how unlike two pictures are.
    """
    pictures: dict[int, Picture] = {0: earlier, count: later}

    def at(place: int) -> Picture | None:
        if place not in pictures:
            picture = decode(place)
            if picture is None or not earlier.seconds < picture.seconds < later.seconds:
                return None
            pictures[place] = picture
        return pictures[place]

    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        picture = at(middle)
        if picture is None:
            break
        if difference(pictures[low], picture) >= difference(picture, pictures[high]):
            high = middle
        else:
            low = middle
    for place in range(max(low - NEIGHBOURS, 1), min(high + NEIGHBOURS + 1, count)):
        at(place)
    return [
        replace(pictures[place], adjacent=place - 1 in pictures) for place in sorted(pictures) if place > 0
    ]
