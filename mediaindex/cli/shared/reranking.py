"""The options of hub correction and reranking: what they decide, and how an answer tells it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from mediaindex.cli.shared.output import Output
from mediaindex.errors import GeneratorUnavailable, UsageError
from mediaindex.search.ranking.gate import MODES, Gate
from mediaindex.search.ranking.generator_registry import (
    PRESETS,
    Decision,
    decide,
    idle,
    unusable,
    without_evidence,
)
from mediaindex.search.ranking.hub_correction import hub_gate, without_hubs
from mediaindex.search.ranking.user_gate import UserGates

if TYPE_CHECKING:
    from mediaindex.search.answer import Answer, Channel, Question, RerankSummary
    from mediaindex.search.ranking.gate import Mode
    from mediaindex.search.ranking.generator_registry import Preset
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


class RankingDecisions(NamedTuple):
    """What was corrected and reranked in the end, and whether pictures have a confidence."""

    hubs: Gate
    rerank: Decision
    confidence: Gate


def add_rerank_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of hub correction and reranking."""
    parser.add_argument(
        "--hubs",
        choices=MODES,
        default="auto",
        help="let moments that are near to every sentence stand back: auto (default) where that was measured "
        "to gain",
    )
    parser.add_argument(
        "--rerank",
        choices=MODES,
        default="auto",
        help="rerank the best moments: auto (default) where that was measured to gain",
    )
    parser.add_argument(
        "--generator",
        choices=PRESETS,
        help="which generator reranks them (default: one that is on by itself, else the first that there is)",
    )
    parser.add_argument(
        "--candidates",
        dest="rerank_candidates",
        metavar="N",
        help="how many moments it reranks (default: the setting rerank_candidates, 64)",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="say why each moment stands where it stands, and what ranked it",
    )


def hub_decision(
    library: Library,
    space: Space | None,
    question: Question,
    *,
    mode: Mode,
    beyond_text: str | None,
    captions: UserGates,
) -> Gate:
    """Whether hubs are to be corrected; see `rerank_decision` for what is no sentence."""
    if question.channel == "words":
        return Gate("hubs", False, "--channel words", "hubs are among pictures alone")
    if beyond_text is not None or question.text is None:
        return Gate("hubs", False, beyond_text or "no text", "hubs are corrected for sentences alone")
    return hub_gate(space, mode, library.root, captions)


def hubs_in_the_end(gate: Gate, answer: Answer, mode: Mode) -> Gate:
    """The gate after the search.

    Raises:
        UsageError: the mode is "on", and the library lacks the hubs.
    """
    if not gate.on or answer.hubs_corrected:
        return gate
    missing = without_hubs(gate)
    if mode == "on":
        raise UsageError(f"--hubs on: {missing.reason}")
    return missing


def rerank_decision(
    library: Library,
    space: Space | None,
    *,
    preset: Preset | None,
    mode: Mode,
    channel: Channel,
    captions: UserGates,
    beyond_text: str | None = None,
) -> Decision:
    """Whether the answer is to be reranked, and by what.

    Args:
        preset: of the generator that was asked for; None for one that is on, else the first that there is.
        beyond_text: what of the question is no sentence, such as `like:`; a generator ranks by one alone.
        captions: what those of the library decide.

    Raises:
        GeneratorUnavailable: the mode is "on", and there is no generator for the space.
    """
    first = preset or PRESETS[0]
    if channel == "words":
        gate = Gate("generator", False, "--channel words", "a generator ranks what the pictures show")
        return Decision(first, gate, None)
    if beyond_text is not None:
        return Decision(first, Gate("generator", False, beyond_text, "a generator ranks by sentences"), None)
    return decide(space, library.root, preset, mode, captions)


def reranked_answer(
    searcher: Searcher, question: Question, decision: Decision, mode: Mode, *, threads: int
) -> tuple[Answer, Decision]:
    """The answer, reranked where that was decided, and the decision in the end.

    A generator that turns out not to be usable is left out, and the decision names it.

    Args:
        threads: of the generator.

    Raises:
        GeneratorUnavailable: the mode is "on".
    """
    if decision.gate.on and decision.generator is not None and searcher.encoder is not None:
        from mediaindex.search.ranking.reranker import load_reranker

        try:
            searcher.reranker = load_reranker(decision.generator, threads=threads)
            answer = searcher.search(question)
        except GeneratorUnavailable as error:
            searcher.reranker, decision = None, unusable(decision, mode, str(error))
        else:
            return answer, _in_the_end(decision, answer, mode)
    return searcher.search(question), decision


def _in_the_end(decision: Decision, answer: Answer, mode: Mode) -> Decision:
    """The decision after a search with its generator.

    Raises:
        GeneratorUnavailable: the mode is "on", and no moment has the evidence that it reads.
    """
    if answer.rerank is None:
        return idle(decision)
    return without_evidence(decision, mode) if answer.rerank.with_evidence == 0 else decision


def rerank_summary(summary: RerankSummary | None) -> dict[str, Any]:
    """What the reranking of a search gave, as JSON; None where nothing was reranked."""
    if summary is None:
        return {"candidates": None, "none_probability": None, "with_evidence": None}
    return {
        "candidates": summary.candidates,
        "none_probability": summary.none_probability,
        "with_evidence": summary.with_evidence,
    }


def explain(answer: Answer, decisions: RankingDecisions, output: Output) -> None:
    """Say what ranked the moments, and where each stood in each ranking."""
    hubs, decision = decisions.hubs, decisions.rerank
    output.line(f"hub correction {'on' if hubs.on else 'off'} (by {hubs.by}): {hubs.reason}")
    confidence = decisions.confidence
    state = "on" if confidence.on else "off"
    output.line(f"confidence of pictures {state} (by {confidence.by}): {confidence.reason}")
    gate = decision.gate
    output.line(f"rerank {'on' if gate.on else 'off'} ({decision.preset}, by {gate.by}): {gate.reason}")
    if (summary := answer.rerank) is not None:
        none = summary.none_probability
        none_note = "" if none is None else f"; none of them with probability {none:.2f}"
        known = summary.candidates if summary.with_evidence is None else summary.with_evidence
        lacking = summary.candidates - known
        evidence_note = f"; {lacking} of them without evidence" if lacking else ""
        output.line(f"  {summary.candidates} moments reranked{none_note}{evidence_note}")
    for hit in answer.hits:
        pictures = "" if hit.instant_rank is None else f"  by pictures {hit.instant_rank}"
        probability = hit.generated_probability
        generated = "" if probability is None else f"  generated {probability:.3f}"
        output.line(f"{hit.rank:>3}  by {hit.channel}  score {hit.score:.4f}{pictures}{generated}")
