"""Type a sentence, get the moments that answer it."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli import add_device
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.reranking import (
    add_rerank_arguments,
    decided,
    explain,
    rerank_row,
    reranked_answer,
    second_row,
)
from mediaindex.config import Config
from mediaindex.errors import QueryError
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder
    from mediaindex.search.answer import Answer, Hit
    from mediaindex.search.ranking.generator_registry import Decision
    from mediaindex.store.catalog.lookup import Filters
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `search`."""
    parser.add_argument("text", metavar="TEXT", help="what to look for, as you would describe it")
    parser.add_argument(
        "--channel",
        choices=("both", "pictures", "words"),
        default="both",
        help="what may answer: the pictures, the words (names, tags, subtitles), or both",
    )
    add_answer_arguments(parser)
    add_rerank_arguments(parser)


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
    parser.add_argument("--min-duration", type=float, metavar="SECONDS", help="videos at least this long")
    parser.add_argument("--max-duration", type=float, metavar="SECONDS", help="videos at most this long")
    parser.add_argument(
        "--min-score", type=float, metavar="S", help="leave out moments whose pictures are less similar"
    )


def positive(text: str) -> int:
    """A whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def day(text: str) -> str:
    """A day as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Search, and print the moments."""
    from mediaindex.embed.language import language_note
    from mediaindex.safe_text import storable
    from mediaindex.search.answer import Question
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import open_library

    if not arguments.text.strip():
        raise QueryError("the query is empty; describe what you look for")
    with open_library(config.library) as library:
        space = serving_space(library)
        decision = decided(library, space, arguments)
        encoder = None
        if arguments.channel != "words" and space is not None:
            encoder = load_space_encoder(library, space, config)
        text = storable(arguments.text)
        question = Question(
            text=text,
            channel=arguments.channel,
            candidates=config.rerank_candidates,
            **answer_options(library, arguments),
        )
        searcher = Searcher(library, space, encoder, ann_rows=config.ann_rows)
        answer, decision = reranked_answer(searcher, question, decision, arguments.rerank)
        note = None if encoder is None else language_note(text, encoder.spec)
        print_answer(library, output, arguments.text, space, answer, decision, note=note)
        asked = arguments.generator is not None and arguments.rerank == "auto"
        if asked and not decision.gate.on and not arguments.explain:
            output.say(
                f"not ranked by {decision.preset}: {decision.gate.reason} (--rerank on ranks all the same)"
            )
        if arguments.explain:
            explain(answer, decision, output)
    return 0


def serving_space(library: Library) -> Space | None:
    """The space that answers, None in a library without any."""
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        return active_space(connection)


def load_space_encoder(library: Library, space: Space, config: Config) -> Encoder:
    """The encoder that made a space.

    Raises:
        EncoderMismatch: the weights here are not those that made the space.
    """
    from mediaindex.embed.loading import load_encoder
    from mediaindex.errors import EncoderMismatch

    encoder = load_encoder(
        space.encoder, device=config.device, models=library.root / "encoders", threads=config.threads
    )
    spec = encoder.spec
    if (spec.digest, spec.preprocessing) != (space.digest, space.preprocessing):
        raise EncoderMismatch(
            f"this library was indexed with other weights of {space.encoder}; "
            f"run 'mediaindex models use {space.encoder}' to embed its frames with those that are here"
        )
    return encoder


def answer_options(library: Library, arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of a Question that come from the shared options."""
    filters, one_video = read_filters(library, arguments)
    per_video = arguments.per_video or (None if one_video else 3)
    return {
        "limit": arguments.limit,
        "per_video": per_video,
        "filters": filters,
        "min_similarity": arguments.min_score,
    }


def read_filters(library: Library, arguments: argparse.Namespace) -> tuple[Filters, bool]:
    """The filters, and whether they name one video.

    Raises:
        QueryError: `--in` names nothing that is indexed.
    """
    from mediaindex.store.catalog import lookup, sources

    within = Path(os.path.abspath(os.path.expanduser(arguments.within))) if arguments.within else None
    one_video = False
    if within is not None:
        with library.read() as connection:
            one_video = lookup.video_at(connection, within) is not None
            if not one_video and not sources.places_below(connection, within).known:
                raise QueryError(f"nothing in {within} is indexed; run 'mediaindex index {within}'")
    filters = lookup.Filters(
        within=within,
        after=arguments.after,
        before=arguments.before,
        min_duration=arguments.min_duration,
        max_duration=arguments.max_duration,
    )
    return filters, one_video


def print_answer(
    library: Library,
    output: Output,
    query: str,
    space: Space | None,
    answer: Answer,
    decision: Decision | None = None,
    *,
    note: str | None = None,
) -> None:
    """Print the moments and remember them for `open`.

    Args:
        decision: on the second ranking; None where there can be none.
    """
    from mediaindex.store.answers import remember

    hits = [dataclasses.asdict(hit) for hit in answer.hits]
    if not library.read_only:
        remember(library, query, hits)
    output.data(
        {
            "query": query,
            "encoder": None if space is None else space.encoder,
            "rerank": None if decision is None else rerank_row(decision) | second_row(answer.rerank),
            "confident": None,
            "note": note,
            "hits": hits,
            "timings_ms": answer.timings_ms,
        }
    )
    if note:
        output.say(note)
    for hit in answer.hits:
        output.line(hit_line(hit))
    if not answer.hits:
        output.say("no moment in this library answers")


def hit_line(hit: Hit) -> str:
    """A moment for a person."""
    span = f"{format_seconds(hit.start_seconds)} - {format_seconds(hit.end_seconds)}"
    where = "" if hit.online else f"  [offline: plug in {hit.volume}]"
    words = ", ".join(f"{word['word']} in {word['field']}" for word in hit.words or ())
    alike = "words" if hit.similarity is None else f"{hit.similarity:.3f}"
    return f"{hit.rank:>3}  {alike:5}  {span}  {hit.path}{where}" + (f"  [{words}]" if words else "")
