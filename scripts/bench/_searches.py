"""A process that searches one library again and again, until its stdin ends; the soak run starts it.

    python scripts/bench/_searches.py LIBRARY FILM

The film is in the library to stay: once a search has found it, every later one must. Prints one object:
searches served and failed, and the slowest of them.
"""

from __future__ import annotations

import json
import random
import select
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import say

if TYPE_CHECKING:
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import Library

QUERIES = ("coloured tiles", "film", "a dog runs over the grass", "never touched", "holiday words number")
PAUSE_SECONDS = 0.1
HANDLE_SEARCHES = 40
EVERYTHING = 10_000


@dataclass(slots=True)
class Searches:
    """The searches so far. `found`: how many of them gave the film."""

    served: int = 0
    failed: int = 0
    found: int = 0
    slowest_ms: float = 0.0


def search_until_input_ends(root: Path, film: Path, tally: Searches) -> None:
    """Search with handles that are closed and reopened after some searches, as a front end's are."""
    from mediaindex.embed.loading import load_encoder
    from mediaindex.errors import MediaIndexError
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library
    from mediaindex.store.vectors.spaces import active_space

    encoder = load_encoder("builtin", device="cpu", threads=1)
    chance = random.Random(0)
    while not _end_requested(PAUSE_SECONDS):
        if not (root / DATABASE).is_file():
            continue
        try:
            with open_library(root) as library:
                with library.read() as connection:
                    space = active_space(connection)
                if space is not None:
                    _some_searches(Searcher(library, space, encoder), library, film, chance, tally)
        except MediaIndexError as error:
            if tally.served:  # before, the library was just being made
                tally.failed += 1
                say(f"a search failed: {error}")


def _some_searches(
    searcher: Searcher, library: Library, film: Path, chance: random.Random, tally: Searches
) -> None:
    from mediaindex.search.answer import Question

    for _ in range(HANDLE_SEARCHES):
        text = chance.choice(QUERIES)
        began = time.perf_counter()
        answer = searcher.search(Question(text=text, channel="pictures", limit=EVERYTHING, per_video=1))
        searcher.search(Question(text=text, limit=10))
        tally.slowest_ms = max(tally.slowest_ms, 1000 * (time.perf_counter() - began))
        tally.served += 2
        if str(film) in {hit.path for hit in answer.hits}:
            tally.found += 1
        elif tally.found:
            tally.failed += 1
            say(f"a search of {library.root} lost {film} among {len(answer.hits)} hits")
        if _end_requested(PAUSE_SECONDS):
            return


def _end_requested(seconds: float) -> bool:
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def main() -> None:
    root, film = map(Path, sys.argv[1:])
    tally = Searches()
    search_until_input_ends(root, film, tally)
    summary = {"served": tally.served, "failed": tally.failed, "found": tally.found}
    print(json.dumps({**summary, "slowest_ms": tally.slowest_ms}))


if __name__ == "__main__":
    main()
