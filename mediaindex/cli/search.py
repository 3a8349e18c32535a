"""Type a sentence, get the moments that answer it."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mediaindex.assembly import load_space_text_encoder, serving_space
from mediaindex.cli.shared.answers import (
    add_answer_arguments,
    answer_options,
    example_of,
    marked_segments,
    nothing_left,
    option_filters,
    print_answer,
)
from mediaindex.cli.shared.arguments import positive
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.paths import stored_names
from mediaindex.cli.shared.reranking import (
    RankingDecisions,
    add_rerank_arguments,
    explain,
    hub_decision,
    hubs_in_the_end,
    rerank_decision,
    reranked_answer,
)
from mediaindex.config import Config
from mediaindex.errors import DONE, QueryError, UsageError

if TYPE_CHECKING:
    from mediaindex.search.answer import Answer, Question
    from mediaindex.search.query import Query
    from mediaindex.search.ranking.gate import Mode
    from mediaindex.search.ranking.generator_registry import Decision
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `search`."""
    parser.epilog = (
        'TEXT: words "a phrase" -word in: after:2024-05 before: on: longer:2m shorter: '
        "camera: by: is: like:PATH@SECONDS, A then:10s B. See docs/commands.md"
    )
    parser.add_argument("text", metavar="TEXT", help="what to look for, as you would describe it")
    parser.add_argument(
        "--plain-text", action="store_true", help="read TEXT as words alone, not in the language below"
    )
    parser.add_argument(
        "--channel",
        choices=("both", "pictures", "words"),
        default="both",
        help="what may answer: the pictures, the words (names, tags, subtitles), or both",
    )
    for option, meaning in (("--like", "more like these moments"), ("--unlike", "less like these")):
        parser.add_argument(
            option,
            type=positive,
            nargs="+",
            action="extend",
            default=[],
            metavar="SEGMENT_ID",
            help=f"{meaning}: the segment_id of hits; write TEXT in front",
        )
    add_answer_arguments(parser)
    add_rerank_arguments(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Search, and print the moments."""
    from mediaindex.search.language.asking import on_channel, question_of
    from mediaindex.search.language.resolving import joint, resolved
    from mediaindex.store.library import open_library

    mode, preset, channel = arguments.rerank, arguments.generator, arguments.channel
    query = on_channel(_parsed(arguments), channel, f"--channel {channel}")
    with open_library(config.library) as library:
        space = serving_space(library)
        found = resolved(library, query, partial(stored_names, library))
        asked = [*option_filters(library, arguments), *found.filters]
        query, question = question_of(found.query, partial(example_of, library, space, config))
        question = replace(
            question,
            channel=query.channel or channel,
            candidates=config.rerank_candidates,
            like=marked_segments(library, space, "--like", arguments.like),
            unlike=marked_segments(library, space, "--unlike", arguments.unlike),
            **answer_options(library, arguments, joint(asked)),
        )
        _check_marks(question)
        beyond_text = _beyond_text(question)
        hubs = hub_decision(space, question, mode=arguments.hubs, beyond_text=beyond_text)
        question = replace(question, corrects_hubs=hubs.on)
        decision = rerank_decision(
            library,
            space,
            preset=preset,
            mode=mode,
            channel=question.channel,
            beyond_text=beyond_text,
        )
        answer, decision, note = _answered(library, space, question, decision, mode, config)
        decisions = RankingDecisions(hubs_in_the_end(hubs, answer, arguments.hubs), decision)
        if not answer.hits:
            note = nothing_left(library, asked) or note
        understood = None if arguments.plain_text else query
        print_answer(
            library,
            output,
            arguments.text,
            space,
            answer,
            decisions,
            note=note,
            understood=understood,
        )
    if arguments.explain:
        explain(answer, decisions, output)
    elif preset is not None and mode == "auto" and not decision.gate.on:
        output.say(
            f"not reranked by {decision.preset}: {decision.gate.reason} (--rerank on reranks all the same)"
        )
    return UsageError.exit_code if query.problems else DONE


def _answered(
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


def _check_marks(question: Question) -> None:
    """Refuse marks that nothing would read.

    Raises:
        QueryError: no pictures are looked for, or more than one moment.
    """
    if not (question.like or question.unlike):
        return
    if question.channel == "words":
        raise QueryError("--like and --unlike mark pictures: let them answer, or leave the marks out")
    if question.following:
        raise QueryError("--like and --unlike mark one moment: leave out 'then', or the marks")


def _beyond_text(question: Question) -> str | None:
    """What the pictures look for beside one sentence, by its name in the query or among the options."""
    asked = {
        "like:": question.vector is not None,
        "--like": question.like,
        "--unlike": question.unlike,
        "then": question.following,
    }
    return next((name for name, value in asked.items() if value), None)


def _parsed(arguments: argparse.Namespace) -> Query:
    """The query as it was typed, with the problems that need no library to be seen.

    Raises:
        QueryError: it is empty.
    """
    from mediaindex.search.query import Item, Part, Query, parse

    if arguments.plain_text:
        query = Query((Part((Item(arguments.text),)),))
    else:
        query = parse(arguments.text, today=datetime.datetime.now().astimezone().date())
    if not (query.canonical.strip() or query.problems):
        raise QueryError("the query is empty; describe what you look for")
    return query
