"""What evidence of regions costs: a frame of indexing more, a query more, and bytes.

    python scripts/bench/evidence_cost.py            (pictures of noise; minutes on one core)
    python scripts/bench/evidence_cost.py --quick    (whether it runs)

Milliseconds of CPU time, one thread, the median of turns in which each way has one. The weights are drawn:
a time does not depend on them. The bank has 400 sentences of 14 word pieces, a query has as many. Files are
in the page cache. `index` is the image tower of this processor with the scorer's part and without; a query's
baseline is the embedding of its sentence.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish
from bench.tower import drawn

from mediaindex.embed.device import quickest_arithmetic
from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import PICTURES_ON_CPU
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.search.ranking.evidence_reranker import MixtureReranker
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.search.ranking.shortlist import Shortlist
from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.mapped.region_files import RegionFiles
from mediaindex_models.efficientnet import FEATURES, LOW_CHANNELS, MIDDLE_CHANNELS, FeatureMaps
from mediaindex_models.late_interaction_numpy import NumpyLateInteraction, text_shapes
from mediaindex_models.region_evidence import MapEvidence
from mediaindex_models.region_records import FLAT, RECORD_BYTES, packed

SENTENCES, PIECES = 400, 14
CANDIDATES, DIM = 64, 384
FRAMES = (1, 4, 8, 12)
TURNS, QUICK_TURNS = 21, 2
TEXT = "a brown dog runs over the wet grass of a park"


def drawn_evidence() -> MapEvidence:
    """The part of a scorer that makes the evidence, with drawn weights."""
    torch.manual_seed(0)
    network = MapEvidence(pieces=SENTENCES * PIECES, sentences=SENTENCES, beta=0.5)
    for values in (*network.parameters(), *network.buffers()):
        if values.is_floating_point():
            nn.init.normal_(values, std=max(1, values.shape[0] if values.ndim else 1) ** -0.5)
    network.evidence.bank_first.copy_(PIECES * torch.arange(SENTENCES))
    return network.eval().requires_grad_(False)


def milliseconds(ways: Mapping[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """The median CPU time of each way."""
    return {name: statistics.median(own) for name, own in times_of(ways, turns).items()}


def times_of(ways: Mapping[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """The CPU time of each way in each turn, milliseconds; a turn before them warms up."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns + 1):
        for name, way in ways.items():
            began = time.process_time_ns()
            way()
            took[name].append((time.process_time_ns() - began) / 1e6)
    return {name: own[1:] for name, own in took.items()}


def index_rows(turns: int) -> list[Row]:
    """A frame of indexing, with evidence and without, and the parts of the difference."""
    arithmetic = quickest_arithmetic("cpu")
    batch = PICTURES_ON_CPU[arithmetic]
    pictures = drawn(4 * batch)
    plain, scoring = (image_tower(fused=True, arithmetic=arithmetic) for _ in range(2))
    evidence = drawn_evidence()
    scoring.regions = evidence
    if arithmetic == "bfloat16":
        evidence.in_bfloat16(scoring.backbone.classifier)
    last, colours = torch.rand(batch, FEATURES, 7, 7), torch.rand(batch, 17, 7, 7)
    maps = FeatureMaps(
        torch.randn(batch, LOW_CHANNELS, 7, 7), torch.randn(batch, MIDDLE_CHANNELS, 7, 7), last
    )
    classifier = evidence.classifier or scoring.backbone.classifier
    cells = evidence.cells(maps, colours, classifier)
    regions = evidence.evidence.regions(cells)

    def whole(tower: Callable[[Tensor], object]) -> Callable[[], object]:
        return lambda: [tower(part) for part in torch.split(pictures, batch)]

    of_tower = times_of({"without": whole(plain), "with": whole(scoring)}, turns)
    without = statistics.median(of_tower["without"]) / len(pictures)
    # of each turn, since a busy machine is slower in some turns than in others
    differences = [own - bare for bare, own in zip(of_tower["without"], of_tower["with"], strict=True)]
    more = statistics.median(differences) / len(pictures)
    found = milliseconds(
        {
            "cells": lambda: evidence.cells(maps, colours, classifier),
            "projections": lambda: evidence.evidence.regions(cells),
            "hub": lambda: evidence.evidence.hubs(regions),
            "packed": lambda: packed(np.ones((batch, FLAT), np.float32)),
        },
        turns,
    )
    both = without + more
    return [
        Row(f"index, {arithmetic}: a frame with evidence (without)", both, "ms", without, both / without),
        Row("index: a frame of evidence (less than 1)", more, "ms"),
        Row("index: share more of the tower", 100 * more / without, "%"),
        *(
            Row(f"index: {name} of a frame", found[name] / batch, "ms")
            for name in ("cells", "projections", "hub", "packed")
        ),
    ]


def query_rows(turns: int) -> list[Row]:
    """A query's reading, scoring and mixing of its candidates."""
    numbers = np.random.default_rng(0)
    weights: dict[str, NDArray[np.float32]] = {
        name: np.asarray(0.05 * numbers.standard_normal(shape), np.float32)
        for name, shape in text_shapes(2 * DIM).items()
    }
    scorer, texts = NumpyLateInteraction(weights), BuiltinTexts()
    states, shallow = (numbers.standard_normal((PIECES, DIM)).astype(np.float32) for _ in range(2))
    asked = scorer.asked(states, shallow)
    reranker = MixtureReranker(Mixture("drawn", (6.0, 8.0, 8.0, 8.0, 1.0), 0.05))
    embedding = milliseconds({"text": lambda: texts.texts([TEXT])}, turns)["text"]
    rows = [Row("query: the text side of the scorer", *_of_text(scorer, states, shallow, turns))]
    with tempfile.TemporaryDirectory() as folder:
        files = RegionFiles(Path(folder), 1)
        for frames in FRAMES:
            stored = packed(numbers.standard_normal((CANDIDATES * frames, FLAT)).astype(np.float32))
            files.write("drawn", dict(enumerate(np.split(stored, CANDIDATES), 1)))
            spans = [FrameSpan(number, 0, frames) for number in range(1, CANDIDATES + 1)]
            records = files.read("drawn", spans, RECORD_BYTES)
            said = asked.numbers(records)
            shortlist = _shortlist(frames, said)
            found = milliseconds(
                {
                    "read": partial(files.read, "drawn", spans, RECORD_BYTES),
                    "scored": partial(asked.numbers, records),
                    "mixed": partial(reranker.rerank, shortlist),
                },
                turns,
            )
            rows += [
                Row(f"query: {CANDIDATES} candidates of {frames} frames, {name}", found[name], "ms")
                for name in found
            ]
            total = sum(found.values()) + rows[0].value
            rows.append(
                Row(f"query: {frames} frames, together (the embedding of the text)", total, "ms", embedding)
            )
    return rows


def _of_text(
    scorer: NumpyLateInteraction, states: NDArray[np.float32], shallow: NDArray[np.float32], turns: int
) -> tuple[float, str]:
    return milliseconds({"text": lambda: scorer.words(states, shallow)}, turns)["text"], "ms"


def _shortlist(frames: int, said: NDArray[np.float32]) -> Shortlist:
    return Shortlist(
        TEXT,
        np.ones(DIM, np.float32),
        np.ones((CANDIDATES, frames, DIM), np.float32),
        np.ones((CANDIDATES, frames), np.bool_),
        np.linspace(0.4, 0.2, CANDIDATES, dtype=np.float32),
        None,
        said,
    )


def main() -> int:
    """Run the benchmark."""
    arguments = flags(__doc__ or "").parse_args()
    torch.set_num_threads(1)
    turns = QUICK_TURNS if arguments.quick else TURNS
    rows = [Row("bytes of a frame", RECORD_BYTES, "bytes", 2 * DIM, RECORD_BYTES / (2 * DIM))]
    with torch.inference_mode():
        rows += index_rows(turns)
    publish("evidence_cost", [*rows, *query_rows(turns)], arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
