"""What the options of the second ranking come to, and how it is told."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.output import Output
from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking.gate import MODES, Gate
from mediaindex.search.ranking.generator_registry import (
    PRESETS,
    Decision,
    decide,
    idle,
    unusable,
)

if TYPE_CHECKING:
    from mediaindex.search.answer import Answer, Question, RerankSummary
    from mediaindex.search.ranking.gate import Mode
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


def add_rerank_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the second ranking."""
    parser.add_argument(
        "--rerank",
        choices=MODES,
        default="auto",
        help="rank the best moments a second time: auto (default) where that was measured to gain",
    )
    parser.add_argument(
        "--generator", choices=PRESETS, help=f"which generator ranks them (default: {PRESETS[0]})"
    )
    parser.add_argument(
        "--candidates",
        dest="rerank_candidates",
        metavar="N",
        help="how many moments it ranks (default: the setting rerank_candidates, 64)",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="say why each moment stands where it stands, and what ranked it",
    )


def decided(library: Library, space: Space | None, arguments: argparse.Namespace) -> Decision:
    """Whether the answer is to be ranked a second time, and by what.

    Raises:
        GeneratorUnavailable: it is to be, and there is no generator for the space.
    """
    preset = arguments.generator or PRESETS[0]
    if arguments.channel == "words":
        gate = Gate("generator", False, "--channel words", "a generator ranks what the pictures show")
        return Decision(preset, gate, None)
    return decide(space, library.root, preset, arguments.rerank)


def reranked_answer(
    searcher: Searcher, question: Question, decision: Decision, mode: Mode
) -> tuple[Answer, Decision]:
    """The answer by what was decided; a generator that turns out not to serve is left out and named.

    Raises:
        GeneratorUnavailable: it was to be on.
    """
    from mediaindex.search.ranking.reranker import load_reranker

    if decision.gate.on and decision.generator is not None and searcher.encoder is not None:
        try:
            searcher.reranker = load_reranker(decision.generator)
            answer = searcher.search(question)
            return answer, decision if answer.rerank is not None else idle(decision)
        except GeneratorUnavailable as error:
            searcher.reranker, decision = None, unusable(decision, mode, str(error))
    return searcher.search(question), decision


def rerank_row(decision: Decision) -> dict[str, Any]:
    """Whether there is a second ranking, and why, as JSON."""
    generator = decision.generator
    return {
        "generator": decision.preset,
        "on": decision.gate.on,
        "by": decision.gate.by,
        "reason": decision.gate.reason,
        "path": None if generator is None else str(generator.folder),
    }


def second_row(second: RerankSummary | None) -> dict[str, Any]:
    """What the second ranking of a search came to, as JSON."""
    if second is None:
        return {"candidates": None, "none_probability": None}
    return dataclasses.asdict(second)


def explain(answer: Answer, decision: Decision, output: Output) -> None:
    """Say what ranked the moments, and where each stood in each ranking."""
    gate = decision.gate
    output.line(f"rerank {'on' if gate.on else 'off'} ({decision.preset}, by {gate.by}): {gate.reason}")
    second = answer.rerank
    if second is not None:
        none = second.none_probability
        beside = "" if none is None else f"; none of them with probability {none:.2f}"
        output.line(f"  {second.candidates} moments ranked a second time{beside}")
    for hit in answer.hits:
        pictures = "" if hit.instant_rank is None else f"  by similarity {hit.instant_rank}"
        belief = hit.generated_probability
        generated = "" if belief is None else f"  generated {belief:.3f}"
        output.line(f"{hit.rank:>3}  by {hit.channel}  score {hit.score:.4f}{pictures}{generated}")
