"""What a process measures of a made-up library from inside, as JSON on stdout.

python scripts/bench/_scale_measures.py queries PLACE SEED TURNS    a searcher that lives on
python scripts/bench/_scale_measures.py pictures PLACE SEED TURNS   the same, asked by pictures alone
python scripts/bench/_scale_measures.py rescans PLACE SEED TURNS    the writer of a watcher, nothing being new
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._scale_library import COMMON, DAY_OF_HALF, RARE
from bench._scale_place import LIBRARY, VIDEOS, Cost, folder_in_the_middle, peak_mb, run, script

from mediaindex.search.answer import Channel, Question
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library, open_library

SENTENCES = (
    "a dog runs over the wet grass",
    "two children build a castle of sand",
    "an old man plays the piano in the dark",
    "snow falls on a street with red cars",
    "a boat leaves the harbour in the morning",
)
NEW_VIDEOS = 32

Costs = dict[str, list[Cost]]


def cost_of(act: Callable[[], object]) -> Cost:
    """What one call takes of this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    return Cost(1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall))


class Queries:
    """The queries of a searcher with the built-in text encoder, beside torch on one thread."""

    def __init__(self, library: Library, place: Path) -> None:
        import torch

        from mediaindex.assembly.serving import serving_space
        from mediaindex.embed.loading import load_text_encoder

        torch.set_num_threads(1)
        space = serving_space(library)
        assert space is not None
        self._library = library
        self._encoder = load_text_encoder(space.encoder)
        self._searcher = Searcher(library, space, self._encoder)
        self._folder = Filters(within=(folder_in_the_middle(place),))

    def ask(self, text: str, channel: Channel, filters: Filters | None = None) -> Callable[[], None]:
        """A query, which has to find something."""
        question = Question(text=text, channel=channel, filters=filters or Filters(), thumbnails=False)

        def asked() -> None:
            if not self._searcher.search(question).hits:
                raise SystemExit(f"{question} finds nothing")

        return asked

    def of_turn(self, turn: int) -> Iterator[tuple[str, Callable[[], object]]]:
        """What is measured in a turn, by name."""
        sentence, common, rare = (of[turn % len(of)] for of in (SENTENCES, COMMON, RARE))
        vector = self._encoder.texts([sentence]).pooled[0]
        assert self._searcher.reader is not None
        with self._library.read() as connection:
            snapshot = self._searcher.reader.snapshot(connection)
        yield "floor", lambda: snapshot.cosines(vector)
        yield "encoding", lambda: self._encoder.texts([sentence])
        yield "pictures", self.ask(sentence, "pictures")
        yield "in", self.ask(sentence, "pictures", self._folder)
        yield "after", self.ask(sentence, "pictures", Filters(after=DAY_OF_HALF))
        for name, word in (("common", common), ("rare", rare)):
            yield f"pictures, {name}", self.ask(word, "pictures")
            yield f"both, {name}", self.ask(word, "both")
            yield f"words, {name}", self.ask(word, "words")


def queries(place: Path, seed: int, turns: int, runs: int) -> dict[str, Any]:
    """Costs of queries in one process, in turns; the first one, and those after commits, by themselves."""
    with open_library(place / LIBRARY) as library:
        measured = Queries(library, place)
        costs: Costs = {"first": [cost_of(measured.ask(SENTENCES[-1], "pictures"))]}
        for turn in range(-1, turns):
            for name, act in measured.of_turn(turn):
                cost = cost_of(act)
                if turn >= 0:  # the one before warms up
                    costs.setdefault(name, []).append(cost)
        peak = peak_mb(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        costs["after a commit"] = []
        for number in range(runs):
            run(script("_scale_library.py", place, seed, NEW_VIDEOS))
            costs["after a commit"].append(cost_of(measured.ask(SENTENCES[number], "pictures")))
    return {"costs": costs, "peak_mb": peak, "sentence": SENTENCES[0], "common": COMMON[0]}


def pictures(place: Path, _seed: int, turns: int, _runs: int) -> dict[str, Any]:
    """Costs of the query by pictures alone, each sentence in turns."""
    with open_library(place / LIBRARY) as library:
        measured = Queries(library, place)
        asked = [measured.ask(sentence, "pictures") for sentence in SENTENCES]
        for act in asked:  # warms up
            act()
        return {"costs": {"pictures": [cost_of(asked[turn % len(asked)]) for turn in range(turns)]}}


def rescans(place: Path, _seed: int, _turns: int, runs: int) -> dict[str, Any]:
    """Costs of the passes that a watcher begins over a folder, and over all; the first is not counted."""
    from mediaindex.assembly.writing import new_writer
    from mediaindex.config import load_config
    from mediaindex.ingest.writer.requests import IndexRequest

    root = place / LIBRARY
    with open_library(root) as library, library.lock():
        writer = new_writer(library, load_config({"library": root}))

        def look(folder: Path) -> None:
            result = writer.perform(IndexRequest((folder,), automatic=True), lambda _: None).result
            if not result["videos"] or result["unchanged"] != result["videos"]:
                raise SystemExit(f"a rescan of {folder} found something new: {result}")

        folder = folder_in_the_middle(place)
        look(folder)
        costs: Costs = {
            "folder": [cost_of(lambda: look(folder)) for _ in range(runs)],
            "all": [cost_of(lambda: look(place / VIDEOS))],
        }
    return {"costs": costs}


def main() -> None:
    kind, place, *numbers = sys.argv[1:]
    measure = {"queries": queries, "pictures": pictures, "rescans": rescans}[kind]
    measured = measure(Path(place), *map(int, numbers))
    print(json.dumps(measured, default=dataclasses.asdict))


if __name__ == "__main__":
    main()
