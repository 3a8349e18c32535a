"""A small library of real films, searched by the encoder that ships, with captions by which training gains.

Each caption is a sentence that finds its film last: who trains on them learns to turn the order round.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mediaindex.assembly.serving import load_space_text_encoder, serving_space
from mediaindex.config import load_config
from mediaindex.learn.evaluation.library_queries import searchable_videos
from mediaindex.learn.personal.examples import Example, Stretch
from mediaindex.learn.personal.lists import Asking
from mediaindex.search.ranking.shortlist import RerankedList, Shortlist
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library
from mediaindex.store.notes import captions
from mediaindex.store.vectors.spaces import Space
from tests.support.fake_encoder import COLOURS
from tests.support.films import film

ENCODER = "builtin"
FILMS = 18
PER_FILM = 2
THINGS = (
    "dog",
    "boat",
    "street",
    "child with a ball",
    "man on a bicycle",
    "table with food",
    "mountain",
    "horse",
)
PLACES = ("in the snow", "at night", "near the water", "in a room")


class AsItCame:
    """A reranker that changes nothing."""

    reads_evidence = False
    scorer = None

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The order in which the list came."""
        return RerankedList(np.arange(len(shortlist.score)), None, None)


def write_films(folder: Path) -> list[Path]:
    """Films of two colours each, no two alike."""
    pairs = itertools.islice(itertools.combinations(COLOURS, 2), FILMS)
    return [film(folder / f"{one}-{other}.mp4", one, other) for one, other in pairs]


def space_of(library: Library) -> Space:
    space = serving_space(library)
    assert space is not None
    return space


def asking_of(library: Library) -> Asking:
    space = space_of(library)
    config = load_config({"library": str(library.root), "device": "cpu", "threads": "1"})
    encoder = load_space_text_encoder(library, space, config)
    return Asking(Searcher(library, space, encoder), corrects_hubs=False, candidates=64)


def sentences() -> Iterator[str]:
    for thing, place in itertools.product(THINGS, PLACES):
        yield f"a {thing} {place}"


def add_contrary_captions(library: Library, count: int = FILMS * PER_FILM) -> None:
    """Write captions, `PER_FILM` a film, each a sentence that finds it as late as any does."""
    asking = asking_of(library)
    with library.read() as connection:
        videos = searchable_videos(connection, asking.searcher.space.id if asking.searcher.space else 0)
    late = np.array([_places(asking, text, videos) for text in sentences()])
    chosen = [
        (text, video)
        for place in range(PER_FILM)
        for column, video in enumerate(videos)
        for text in (list(sentences())[int(np.argsort(-late[:, column], kind="stable")[place])],)
    ]
    with library.write() as connection:
        lengths = lookup.durations(connection, videos)
        for text, video in chosen[:count]:
            captions.add(connection, video, 0.0, lengths[video], text)


def _places(asking: Asking, text: str, videos: Sequence[int]) -> list[float]:
    """Where each video stands for a sentence, from 0 for the first to 1 for the last."""
    order = [hit.video_id for hit in asking.hits(text, AsItCame())]
    return [order.index(video) / len(order) if video in order else 1.0 for video in videos]


def example(text: str, video: int, *, start: float = 0.0, end: float = 4.0) -> Example:
    return Example("caption", 1, text, (Stretch(video, start, end),))
