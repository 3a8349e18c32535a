"""`eval library`: how well searches of the user's own library find what its captions and picks say."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mediaindex.assembly.remembered_texts import RememberedTexts
from mediaindex.assembly.serving import load_space_text_encoder, serving_space
from mediaindex.cli.measuring.caption_gates import CaptionJudge
from mediaindex.cli.measuring.figure_tables import EvalReport, Measurement, differences_between, row_of
from mediaindex.cli.measuring.report_sections import library_gallery
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.cli.shared.reranking import rerank_decision
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.search.ranking.generator_registry import generator_named
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.user_gate import UserGates

if TYPE_CHECKING:
    from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
    from mediaindex.learn.evaluation.library_queries import KnownAnswer
    from mediaindex.learn.evaluation.library_trial import Asked
    from mediaindex.learn.report_page.answered import AnsweredQueries
    from mediaindex.search.ranking.generator_registry import Description
    from mediaindex.search.ranking.shortlist import Reranker
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space

# Sentences of one kind at the most, evenly spread over all.
MOST_SENTENCES = 1000
FEW_SENTENCES = 100
INSTANT = "instant"
KNOWN_ITEMS_NOTE = (
    "the library has neither captions nor picks, so sentences come from titles, file names and subtitles. "
    "They seldom say what is seen: the figures compare settings, and do not tell how well a search finds"
)
PICKS_NOTE = "what was opened had been found before: picks favour the ranking that showed it"
TRAINED_ON_NOTE = (
    "it was trained on captions of this library, and these figures favour it; those of captions that it "
    "never saw stand in"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Ranking:
    """How the sentences are ranked, beside the similarity alone."""

    name: str
    generator: Description | None
    corrects_hubs: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Sentences:
    """Sentences of one kind, with how many there are whose video no search can show."""

    kind: str
    answers: Sequence[KnownAnswer]
    missing: int


@dataclass(frozen=True, slots=True, eq=False)
class _Gallery:
    """The videos that are ranked: their ids, what names their contents, and the digest of their encoder."""

    videos: Sequence[int]
    contents: Sequence[str]
    digest: str


Choose = Callable[["Sequence[KnownAnswer]", "Sequence[str]"], "Sequence[KnownAnswer]"]
"""Which sentences are asked: of all, each with what names the content it is about."""


def evaluate_library(
    arguments: argparse.Namespace, config: Config, output: Output, *, choose: Choose | None = None
) -> EvalReport:
    """The figures of a library.

    Args:
        choose: None for so many sentences of each kind at the most, evenly spread.

    Raises:
        UsageError: nothing is indexed, no sentence has a known answer, or --against names no generator.
        GeneratorUnavailable: a generator is not there, or cannot rank.
    """
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        space = serving_space(library)
        if space is None:
            raise UsageError("nothing is indexed yet; run 'mediaindex index FOLDER'")
        gallery, kinds = _sentences(library, space, choose)
        videos = gallery.videos
        if not kinds:
            raise UsageError(
                "there is no sentence with a known answer: 'mediaindex caption import FILE' takes captions in"
            )
        report = EvalReport("library", space.encoder)
        searcher = Searcher(library, space, None, exact_limit_mib=config.exact_limit_mib)
        # each ranking asks the same sentences, and so do the gates
        encoder = load_space_text_encoder(library, space, config)
        searcher.encoder = RememberedTexts(encoder, kept=4 * MOST_SENTENCES)
        report.notes += _judged(searcher, videos, config, output)
        rankings = _rankings(library, space, arguments, report)
        report.main_ranking = _main_ranking(rankings, arguments)
        report.gallery = partial(library_gallery, space, videos)
        for sentences in kinds:
            _evaluate(searcher, sentences, gallery, rankings, arguments, config, output, report)
    return report


def _judged(searcher: Searcher, videos: Sequence[int], config: Config, output: Output) -> list[str]:
    """Let the captions decide on what ranks; why they could not."""
    with ProgressLine(output) as line:

        def progress(what: str, done: int, total: int) -> None:
            line({"stage": f"judging the {what}", "done": done, "total": total})

        return CaptionJudge(searcher, videos, config, progress).judge()


def _sentences(library: Library, space: Space, choose: Choose | None) -> tuple[_Gallery, list[_Sentences]]:
    """The gallery, and the sentences of each kind; of known items only where there is nothing else."""
    from mediaindex.learn.evaluation import library_queries as queries

    with library.read() as connection:
        videos = queries.searchable_videos(connection, space.id)
        found = {"captions": queries.of_captions(connection), "picks": queries.of_picks(connection)}
        if not any(found.values()):
            found = {"known items": queries.of_known_items(connection, videos)}
        names = dict(zip(videos, queries.contents(connection, videos), strict=True))
    kinds = []
    for kind, answers in found.items():
        there = [answer for answer in answers if answer.video_id in names]
        if there and choose is None:
            kinds.append(_Sentences(kind, queries.spread(there, MOST_SENTENCES), len(answers) - len(there)))
        elif there and choose is not None:
            chosen = choose(there, [names[answer.video_id] for answer in there])
            kinds.append(_Sentences(kind, chosen, len(answers) - len(there)))
    return _Gallery(videos, list(names.values()), space.digest), kinds


def _rankings(
    library: Library, space: Space, arguments: argparse.Namespace, report: EvalReport
) -> list[_Ranking]:
    """What is measured beside the similarity: what a search does by itself, or a generator by name; then
    what it is compared with.
    """
    captions = UserGates.of(library)
    hubs = hub_gate(space, "auto", library.root, captions)
    decision = rerank_decision(
        library, space, preset=None, mode="auto", channel="pictures", captions=captions
    )
    report.gates += [hubs, decision.gate]
    rankings = []
    if arguments.generator is None and (hubs.on or decision.gate.on):
        rankings.append(_Ranking("search", decision.generator if decision.gate.on else None, hubs.on))
    for name in (arguments.generator, arguments.against):
        if name not in (None, "none"):
            described = generator_named(library.root, name, space.digest)
            rankings.append(_Ranking(f"generator {described.name}", described))
    asked = {one.generator for one in rankings if one.generator is not None}
    trained_here = sorted((one for one in asked if one.library_videos), key=lambda one: one.name)
    report.notes += [f"{one.name}: {TRAINED_ON_NOTE} {one.folder / 'README.md'}" for one in trained_here]
    return rankings


def _main_ranking(rankings: Sequence[_Ranking], arguments: argparse.Namespace) -> str:
    """What a search does by itself, or the generator that was named; not what is only compared with."""
    own = rankings[: len(rankings) - (arguments.against not in (None, "none"))]
    return own[0].name if own else INSTANT


def _evaluate(
    searcher: Searcher,
    sentences: _Sentences,
    gallery: _Gallery,
    rankings: Sequence[_Ranking],
    arguments: argparse.Namespace,
    config: Config,
    output: Output,
    report: EvalReport,
) -> None:
    """Add the rows of one kind of sentences."""
    from mediaindex.learn.evaluation.library_trial import as_listed, ask, by_similarity
    from mediaindex.search.ranking.reranker import load_reranker

    answers, videos = sentences.answers, gallery.videos
    listed: list[RankedQueries] = []

    def asked(ranking: _Ranking | None) -> Asked:
        reranker: Reranker | None = None
        if ranking is not None and ranking.generator is not None:
            reranker = load_reranker(ranking.generator, threads=config.threads)
        searcher.reranker = reranker
        with ProgressLine(output) as line:
            name = INSTANT if ranking is None else ranking.name
            return ask(
                searcher,
                answers,
                videos,
                corrects_hubs=ranking is not None and ranking.corrects_hubs,
                candidates=config.rerank_candidates,
                progress=lambda done, total: line(
                    {"stage": f"{sentences.kind}, {name}", "done": done, "total": total}
                ),
            )

    first = asked(None)
    by_similarities = by_similarity(first, answers, videos)
    for one in by_similarities:
        _add_row(one, sentences, first, gallery, arguments, report)
    report.answered.append(_answered(by_similarities[0], sentences, first, videos))
    for ranking in rankings:
        answer = asked(ranking)
        listed.append(as_listed(answer, answers, videos, ranking.name))
        _add_row(listed[-1], sentences, answer, gallery, arguments, report)
        report.answered.append(_answered(listed[-1], sentences, answer, videos))
    _add_differences(by_similarities[0], listed, sentences, arguments, report)
    _add_notes(sentences, by_similarities, report)


def _answered(
    ranked: RankedQueries, sentences: _Sentences, asked: Asked, videos: Sequence[int]
) -> AnsweredQueries:
    """The sentences one by one, for the page."""
    import numpy as np

    from mediaindex.learn.report_page.answered import AnsweredQueries, Moment

    column = {video: number for number, video in enumerate(videos)}
    right = []
    for item, answer, hit in zip(ranked.videos.tolist(), sentences.answers, asked.found, strict=True):
        meant = None if answer.stretch is None else sum(answer.stretch) / 2
        right.append(Moment(item, meant if meant is not None or hit is None else hit.best_seconds))
    first = [
        Moment(column[hit.video_id], hit.best_seconds) if hit is not None and hit.video_id in column else None
        for hit in asked.first
    ]
    confidence = [None if hit is None else hit.confidence for hit in asked.first]
    return AnsweredQueries(
        ranked,
        sentences.kind,
        tuple(answer.text for answer in sentences.answers),
        tuple(right),
        tuple(first),
        np.array(confidence, np.float64),
        asked.milliseconds,
    )


def _add_row(
    ranked: RankedQueries,
    sentences: _Sentences,
    asked: Asked,
    gallery: _Gallery,
    arguments: argparse.Namespace,
    report: EvalReport,
) -> None:
    """Add a row, with the overlap in time where sentences mean a part of a video."""
    import numpy as np

    from mediaindex.learn.evaluation.figures import rounded
    from mediaindex.learn.evaluation.metrics import paired_bootstrap

    if arguments.direction not in ("both", ranked.direction):
        return
    row = row_of(
        ranked, "library", sampling="library", queries_from=sentences.kind, missing=sentences.missing
    )
    meant = np.isfinite(asked.overlap)
    if ranked.direction == "t2v" and meant.any():
        overlap = paired_bootstrap(100.0 * asked.overlap[meant], ranked.videos[meant], seed=0)
        row = replace(row, metrics={**row.metrics, **rounded({"IoU": overlap})})
    report.rows.append(row)
    column = {video: number for number, video in enumerate(gallery.videos)}
    about = np.array([column[answer.video_id] for answer in sentences.answers], np.intp)
    texts = [answer.text for answer in sentences.answers]
    report.measurements.append(Measurement(row, ranked, gallery.contents, texts, about, gallery.digest))


def _add_differences(
    instant: RankedQueries,
    listed: Sequence[RankedQueries],
    sentences: _Sentences,
    arguments: argparse.Namespace,
    report: EvalReport,
) -> None:
    """Each ranking less the similarity alone; with --against, the first less the one that it names."""
    if arguments.direction == "v2t":
        return
    pairs = [(one, instant) for one in listed]
    if arguments.against is not None:
        chosen = listed[0] if len(listed) > (arguments.against != "none") else instant
        pairs = [(chosen, instant if arguments.against == "none" else listed[-1])]
    for one, other in pairs:
        names = (one.ranking, other.ranking)
        report.differences += differences_between(
            [one], [other], names, "library", sampling="library", queries_from=sentences.kind
        )


def _add_notes(sentences: _Sentences, ranked: Sequence[RankedQueries], report: EvalReport) -> None:
    if sentences.kind == "known items":
        report.notes.append(KNOWN_ITEMS_NOTE)
    if sentences.kind == "picks":
        report.notes.append(PICKS_NOTE)
    if sentences.missing:
        report.notes.append(
            f"{sentences.missing} {sentences.kind} are about videos that no search shows: left out"
        )
    if len(sentences.answers) < FEW_SENTENCES:
        report.notes.append(f"{len(sentences.answers)} {sentences.kind} are few: look at the intervals")
    if len(ranked) == 1:
        report.notes.append("the library is too large for videos that look for texts")
