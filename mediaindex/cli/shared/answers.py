"""Answers of moments: the options that ask for them, and how they are printed and remembered."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.overview import gate_row, rerank_row
from mediaindex.assembly.paths import absence, absolute_unless_empty, stored_names
from mediaindex.assembly.serving import load_space_text_encoder
from mediaindex.cli.shared.arguments import add_device, day, duration, finite, positive
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.reranking import rerank_summary, reranked_answer
from mediaindex.config import Config
from mediaindex.errors import QueryError
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.cli.shared.reranking import RankingDecisions
    from mediaindex.search.answer import Answer, Hit, Question
    from mediaindex.search.language.resolving import AskedFilter
    from mediaindex.search.query import Query
    from mediaindex.search.ranking.gate import Mode
    from mediaindex.search.ranking.generator_registry import Decision
    from mediaindex.store.catalog.lookup import Filters
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space

MOMENTS_OF_A_VIDEO = 3


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that answers with moments."""
    add_device(parser)
    parser.add_argument("--limit", type=positive, default=10, metavar="N", help="moments at the most (10)")
    parser.add_argument(
        "--per-video",
        type=positive,
        metavar="N",
        help="moments of one video at the most (3; all with --in VIDEO)",
    )
    parser.add_argument("--in", dest="within", metavar="PATH", help="only this folder or video")
    parser.add_argument(
        "--after", type=day, metavar="DATE", help="recorded on or after this day (YYYY-MM-DD)"
    )
    parser.add_argument("--before", type=day, metavar="DATE", help="recorded before this day (YYYY-MM-DD)")
    parser.add_argument("--min-duration", type=duration, metavar="SECONDS", help="videos at least this long")
    parser.add_argument("--max-duration", type=duration, metavar="SECONDS", help="videos at most this long")
    parser.add_argument(
        "--min-score", type=finite, metavar="S", help="leave out moments whose pictures are less similar"
    )
    parser.add_argument(
        "--no-thumbnails",
        dest="thumbnails",
        action="store_false",
        help="name no pictures of the moments, so that nothing is written for them",
    )
    parser.add_argument(
        "--no-history",
        dest="in_history",
        action="store_false",
        help="moments of this answer that 'open' opens are not noted in the history",
    )


def option_filters(library: Library, arguments: argparse.Namespace) -> list[AskedFilter]:
    """The filters among the options of `add_answer_arguments` that were given, each by its own.

    Raises:
        QueryError: `--in` names nothing that is indexed.
    """
    from mediaindex.search.language.resolving import AskedFilter
    from mediaindex.store.catalog.lookup import Filters

    within = None if arguments.within is None else _indexed_names(library, arguments.within)
    given = (
        ("--in", arguments.within, Filters(within=within)),
        ("--after", arguments.after, Filters(after=arguments.after)),
        ("--before", arguments.before, Filters(before=arguments.before)),
        ("--min-duration", arguments.min_duration, Filters(min_duration=arguments.min_duration)),
        ("--max-duration", arguments.max_duration, Filters(max_duration=arguments.max_duration)),
    )
    return [AskedFilter(f"{option} {typed}", one) for option, typed, one in given if typed is not None]


def answer_options(library: Library, arguments: argparse.Namespace, filters: Filters) -> dict[str, Any]:
    """The fields of a Question that the options of `add_answer_arguments` give, with all filters."""
    is_one_video = filters.within is not None and _is_video(library, filters.within)
    return {
        "limit": arguments.limit,
        "per_video": arguments.per_video or (None if is_one_video else MOMENTS_OF_A_VIDEO),
        "filters": filters,
        "min_similarity": arguments.min_score,
        "thumbnails": arguments.thumbnails,
    }


def nothing_left(library: Library, asked: Sequence[AskedFilter]) -> str | None:
    """Which filter leaves no video, None where some are left."""
    from mediaindex.search.language.resolving import leaving_nothing

    with library.read() as connection:
        found = leaving_nothing(connection, asked)
    return None if found is None else found.text


def marked_segments(
    library: Library, space: Space | None, option: str, ids: Sequence[int]
) -> tuple[int, ...]:
    """The segments that an option marks.

    Raises:
        QueryError: one of them is none that a search shows. StoreError: the library is damaged.
    """
    if not ids:
        return ()
    from mediaindex.store.vectors.reader import SpaceReader, consistent

    known: set[int] = set()
    if space is not None:
        snapshot = consistent(library, SpaceReader(library, space).snapshot)
        known = set(snapshot.segments["id"][snapshot.segments_named(ids)].tolist())
    unknown = [str(one) for one in dict.fromkeys(ids) if one not in known]
    if unknown:
        raise QueryError(
            f"{option} {' '.join(unknown)}: no search shows such a segment; "
            "write the segment_id of a hit, as 'search --json' prints it"
        )
    return tuple(ids)


def _indexed_names(library: Library, typed: str) -> tuple[Path, ...]:
    """The names of what was typed behind `--in`; a video must be indexed there or below."""
    from mediaindex.store.catalog import sources

    path = absolute_unless_empty(typed)
    names = stored_names(library, path)
    with library.read() as connection:
        if not any(sources.places_below(connection, name).known for name in names):
            raise QueryError(f"nothing in {path} is indexed; run 'mediaindex index {path}'")
    return names


def _is_video(library: Library, names: Sequence[Path]) -> bool:
    """Whether the paths that anything is indexed at are those of one video."""
    from mediaindex.store.catalog import lookup, sources

    with library.read() as connection:
        known = [name for name in names if sources.places_below(connection, name).known]
        found = {lookup.video_at(connection, name) for name in known}
    return len(found) == 1 and None not in found


def answer_to(
    library: Library, space: Space | None, question: Question, decision: Decision, mode: Mode, config: Config
) -> tuple[Answer, Decision, str | None]:
    """The answer, by what it was reranked in the end, and a note on the language of the query."""
    if question.channel == "words":
        from mediaindex.search.by_words import answer_by_words

        return answer_by_words(library, question, space).answer, decision, None
    from mediaindex.embed.language import language_note
    from mediaindex.search.searcher import Searcher

    searcher, note = Searcher(library, space, None, exact_limit_mib=config.exact_limit_mib), None
    text = " ".join(filter(None, [question.text, *(part.text for part in question.following)]))
    if space is not None and text:
        searcher.encoder = load_space_text_encoder(library, space, config)
        note = language_note(text, searcher.encoder.spec)
    return *reranked_answer(searcher, question, decision, mode, threads=config.threads), note


def beyond_text(question: Question) -> str | None:
    """What the pictures look for beside one sentence, by its name in the query or among the options."""
    asked = {
        "like:": question.vector is not None,
        "--like": question.like,
        "--unlike": question.unlike,
        "then": question.following,
    }
    return next((name for name, value in asked.items() if value), None)


def print_answer(
    library: Library,
    output: Output,
    query: str,
    space: Space | None,
    answer: Answer,
    decisions: RankingDecisions | None = None,
    *,
    note: str | None = None,
    understood: Query | None = None,
) -> None:
    """Print the moments.

    Args:
        decisions: whether hubs were corrected and the moments reranked; None where neither can be.
        understood: the query as it was understood; None where it is not read as one.
    """
    hubs = rerank = None
    if decisions is not None:
        hubs, rerank = gate_row(decisions.hubs), rerank_row(decisions.rerank) | rerank_summary(answer.rerank)
    problems = () if understood is None else understood.problems
    output.data(
        {
            "query": query,
            "understood": None if understood is None else understood.canonical,
            "problems": [dataclasses.asdict(problem) for problem in problems],
            "encoder": None if space is None else space.encoder,
            "hubs": hubs,
            "rerank": rerank,
            "confident": answer.confident,
            "note": note,
            "corrected": [correction._asdict() for correction in answer.corrected],
            "hits": [dataclasses.asdict(hit) for hit in answer.hits],
            "timings_ms": answer.timings_ms,
        }
    )
    for problem in problems:
        output.say(problem.text)
    if note:
        output.say(note)
    for correction in answer.corrected:
        output.say(f'"{correction.word}" is nowhere; searched for "{correction.by}"')
    if answer.is_far_off:
        output.say("nothing here looks like that; these come nearest:")
    with library.read() as connection:
        for hit in answer.hits:
            gone = None if hit.online else absence(connection, Path(hit.path))
            output.line(hit_line(hit, gone))
    if not answer.hits:
        output.say("no moment in this library answers")


def remember_answer(
    library: Library, output: Output, query: str, answer: Answer, *, in_history: bool = True
) -> None:
    """Remember the moments for `open`, after they are printed.

    Args:
        in_history: whether moments that `open` opens become picks of the history.
    """
    from mediaindex.store.answers import remember

    hits = [dataclasses.asdict(hit) for hit in answer.hits]
    if not remember(library, query, hits, in_history=in_history):
        output.say("this answer cannot be remembered, so 'open' does not know it; free space on this disk")


def hit_line(hit: Hit, absence: str | None = None) -> str:
    """A moment for a person.

    Args:
        absence: why its file cannot be found, None where it can.
    """
    span = f"{format_seconds(hit.start_seconds)} - {format_seconds(hit.end_seconds)}"
    offline = "" if absence is None else f"  [{absence}]"
    words = ", ".join(f"{word['word']} in {word['field']}" for word in hit.words or ())
    parts = ", then ".join(
        f"{part['similarity']:.3f} at {format_seconds(part['best_seconds'])}" for part in hit.parts or ()
    )
    similarity = "words" if hit.similarity is None else f"{hit.similarity:.3f}"
    found = "".join(f"  [{one}]" for one in (words, parts) if one)
    sure = "" if hit.confidence is None else f"{hit.confidence:>4.0%}  "
    return f"{hit.rank:>3}  {similarity:5}  {sure}{span}  {hit.path}{offline}{found}"
