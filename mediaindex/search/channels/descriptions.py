"""The other direction: a moment asks, and texts answer. What the user wrote, what is said, general captions.

A text is as similar to a moment as the moment is to the text: the same cosines, the same mixture of frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import similarities_of_texts
from mediaindex.store.catalog import fulltext
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from mediaindex.store.notes import captions

MOST_CAPTIONS = 300
"""Texts of the user's captions: those of the video, then the newest of the library."""
MOST_LINES = 100
"""Lines of subtitles; each text costs about 10 ms of an encoder."""

Source = Literal["caption", "subtitle", "general"]


@dataclass(frozen=True, slots=True)
class Described:
    """A text that describes a moment.

    Attributes:
        by: the user's caption, a subtitle of the video, or a general caption.
        similarity: of the text to what is seen, as of a search.
        confidence: always None; only the moments of a search are calibrated.
    """

    text: str
    by: Source
    similarity: float
    confidence: float | None = None


def own_texts(
    connection: sa.Connection, video_id: int | None, span: tuple[float, float] | None
) -> dict[str, Source]:
    """What may describe a moment beside the general captions, each text once; captions before subtitles.

    Args:
        video_id: None for a file that is not indexed. span: of the moment, None for the whole video.
    """
    found: dict[str, Source] = {}
    if video_id is not None:
        for one in captions.of_video(connection, video_id)[:MOST_CAPTIONS]:
            found[one.text] = "caption"
    for text in captions.newest_texts(connection, limit=MOST_CAPTIONS):
        if len(found) < MOST_CAPTIONS:
            found.setdefault(text, "caption")
    if video_id is not None:
        start, end = span or (None, None)
        for cue in fulltext.lines_said(connection, video_id, start, end, limit=MOST_LINES):
            found.setdefault(cue.text, "subtitle")
    return found


def similarity_of_texts(
    space: SpaceSnapshot, video_id: int, seconds: float | None, texts: NDArray[np.float32], *, blend: float
) -> NDArray[np.float32]:
    """(M,) how similar each text is to a moment, or to the segment of a video that it fits best.

    Args:
        seconds: in the moment, None for the whole video. texts: (M, D) unit. blend: w of the similarity.
    """
    own = space.of_video(video_id)
    places = np.arange(own.start, own.stop)
    if seconds is not None:
        starts = space.segments["start"][places]
        places = places[[max(0, int(np.searchsorted(starts, seconds, side="right")) - 1)]]
    values = similarities_of_texts(space, places, texts, blend=blend)
    best: NDArray[np.float32] = values.max(axis=1)
    return best


def described(
    texts: Sequence[tuple[str, Source]], similarity: Iterable[float], *, limit: int
) -> list[Described]:
    """The texts that fit best, best first; of equal ones the user's own words."""
    found = [Described(text, by, value) for (text, by), value in zip(texts, similarity, strict=True)]
    return sorted(found, key=lambda one: -one.similarity)[:limit]
