"""Which photographs choose a constant, and of which the figures are told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from bench._evidence_lists import FLICKR8K, Places
from builtin._captioned import Captioned
from builtin._fingerprints import nearest
from builtin._photographs import Item
from numpy.typing import NDArray

MOST = 1000
"""Photographs of a gallery."""
SHOWN = 2 * MOST
"""The last photographs of a large left-out source were in the tables of earlier readings."""
SAME_PICTURE = 8
"""Bits in which the perceptual hashes of one picture may differ."""


def places_where(
    data: Captioned, wanted: Callable[[Item], bool], *, last: int = 0, most: int = MOST
) -> Places:
    """At most some of the photographs that are wanted, the last of them after as many as are left aside."""
    own = [place for place, item in enumerate(data.items) if wanted(item)]
    return np.array(own[: len(own) - last][-most:], dtype=np.intp)


def validation_of(data: Captioned, source: str, *, most: int) -> Places:
    """Of a left-out source, those that choose a constant: of Flickr8k what earlier tables showed."""
    splits = ("val", "fresh") if source == FLICKR8K else ("held",)
    return places_where(data, lambda item: item.source == source and item.split in splits, most=most)


def figures_of(data: Captioned, source: str, sealed: Places, *, most: int) -> Places:
    """Of a left-out source, those of which the figures are told.

    Of Flickr8k they are sealed; of the other large sources, others than earlier tables showed.
    """
    if source == FLICKR8K:
        return np.array([place for place in sealed if data.items[place].source == source], dtype=np.intp)
    everything = places_where(
        data, lambda item: item.source == source and item.split == "train", most=len(data.items)
    )
    last = SHOWN if len(everything) >= SHOWN + MOST else 0
    return everything[: len(everything) - last][-most:]


def sealed_places(data: Captioned, fingerprints: NDArray[np.uint64], *, most: int) -> Places:
    """The sealed photographs that are no training photograph once more.

    Args:
        fingerprints: (N,) of all photographs.
    """
    sealed = places_where(data, lambda item: item.split == "sealed", most=most)
    trained_on = places_where(data, lambda item: item.split == "train", most=len(data.items))
    distances, _ = nearest(fingerprints[sealed], fingerprints[trained_on])
    return sealed[distances > SAME_PICTURE]
