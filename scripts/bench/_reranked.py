"""What reranking does to the recall of `search`, what it costs a warm query, and that its order is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench._report import Row, say

if TYPE_CHECKING:
    from mediaindex.embed.encoder import TextEncoder
    from mediaindex.search.ranking.generator_registry import Preset
    from mediaindex.search.ranking.shortlist import Reranker
    from mediaindex.search.searcher import Searcher

TextsAndClips = Sequence[tuple[str, Path]]
RankOf = Callable[["Searcher", str, Path], int]

FEW = "too few queries to decide anything"
DEPTHS = (1, 5, 10)
TIMED_QUERIES = 20


def reranked_rows(
    preset: Preset,
    kinds: Mapping[str, TextsAndClips],
    instant: Searcher,
    rank_of: RankOf,
    *,
    candidates: int,
    corrects_hubs: bool,
) -> Iterator[Row]:
    """Recall of each kind of text by a generator beside the instant order of the same run, and its time.

    Args:
        kinds: texts of each kind, with the clip that each describes.
        rank_of: (searcher, text, clip) → rank of the clip.
        corrects_hubs: whether the timed queries that are reranked correct hubs, too.
    """
    from mediaindex.errors import GeneratorUnavailable
    from mediaindex.search.searcher import Searcher

    try:
        reranker = _reranker(preset, instant)
    except GeneratorUnavailable as error:
        sys.exit(str(error))
    reranking = Searcher(instant.library, instant.space, instant.encoder, reranker=reranker)
    for what, texts_and_clips in kinds.items():
        say(f"{what}, ranked by {preset}: {FEW}")
        ours, theirs = (
            [rank_of(one, text, clip) for text, clip in texts_and_clips] for one in (reranking, instant)
        )
        for depth in DEPTHS:
            value, beside = (100.0 * sum(rank <= depth for rank in r) / len(r) for r in (ours, theirs))
            named = f"{what} R@{depth} by {preset}, against the instant order ({FEW})"
            yield Row(named, value, "%", beside, value / beside if beside else None)
    texts = [text for texts_and_clips in kinds.values() for text, _clip in texts_and_clips][:TIMED_QUERIES]
    asking = _as_searches_ask(instant)
    with_all, plain = (
        Searcher(instant.library, instant.space, asking, reranker=own) for own in (reranker, None)
    )
    value = _fastest(with_all, texts, candidates, corrects_hubs=corrects_hubs)
    beside = _fastest(plain, texts, candidates, corrects_hubs=False)
    what = "hub correction and " if corrects_hubs else ""
    named = f"warm query with {what}{preset} over {candidates} candidates, CPU, against one without"
    yield Row(named, value, "ms", beside, value / beside)


def order_row(preset: Preset, texts: Sequence[str], library: Path, processes: int) -> Row:
    """How many different orders as many processes give for the same queries; one is wanted."""
    orders = [_order(preset, texts, library, seed) for seed in range(processes)]
    named = f"different orders of {len(texts)} queries by {preset} from {processes} processes (at most 1)"
    return Row(named, len(set(orders)), "orders")


def _reranker(preset: Preset, searcher: Searcher) -> Reranker:
    from mediaindex.search.ranking.generator_registry import decide
    from mediaindex.search.ranking.reranker import load_reranker

    decision = decide(searcher.space, searcher.library.root, preset, "on")
    assert decision.generator is not None
    gate = decision.generator.gate
    say(f"{decision.generator.name}: by itself {'on' if gate.on else 'off'}, {gate.reason}")
    return load_reranker(decision.generator)


def _as_searches_ask(searcher: Searcher) -> TextEncoder:
    """The text encoder that `search` and the interface load, one thread."""
    from mediaindex.assembly.serving import load_space_text_encoder
    from mediaindex.config import load_config

    assert searcher.space is not None
    config = load_config({"library": str(searcher.library.root), "device": "cpu", "threads": "1"})
    return load_space_text_encoder(searcher.library, searcher.space, config)


def _fastest(searcher: Searcher, texts: Sequence[str], candidates: int, *, corrects_hubs: bool) -> float:
    """CPU milliseconds of a query: the mean over texts, each the best of three; the first round warms."""
    from mediaindex.search.answer import Question

    questions = [
        Question(text, channel="pictures", candidates=candidates, corrects_hubs=corrects_hubs)
        for text in texts
    ]
    best = [float("inf")] * len(texts)
    for _round in range(4):
        for n, question in enumerate(questions):
            start = time.process_time()
            searcher.search(question)
            best[n] = min(best[n], 1e3 * (time.process_time() - start)) if _round else best[n]
    return sum(best) / len(best)


def _order(preset: Preset, texts: Sequence[str], library: Path, seed: int) -> str:
    """The moments of every query from a process of its own, as one text."""
    command = [sys.executable, "-m", "mediaindex", "search", "--library", str(library), "--json"]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "MEDIAINDEX_THREADS": "1"}
    orders = []
    for text in texts:
        words = ["--rerank", "on", "--generator", preset, "--limit", "64", "--per-video", "64", "--", text]
        done = subprocess.run([*command, *words], stdout=subprocess.PIPE, env=environment, check=True)
        hits = json.loads(done.stdout)["hits"]
        orders.append([(hit["path"], hit["start_seconds"], hit["generated_probability"]) for hit in hits])
    return json.dumps(orders)
