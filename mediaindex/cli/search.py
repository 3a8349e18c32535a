"""Type a sentence, get the moments that answer it."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import stored_names
from mediaindex.assembly.serving import example_of, serving_space
from mediaindex.cli.shared.answers import (
    add_answer_arguments,
    answer_options,
    answer_to,
    beyond_text,
    marked_segments,
    nothing_left,
    option_filters,
    print_answer,
    remember_answer,
)
from mediaindex.cli.shared.arguments import positive, share
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.reranking import (
    RankingDecisions,
    add_rerank_arguments,
    explain,
    hub_decision,
    hubs_in_the_end,
    rerank_decision,
)
from mediaindex.config import Config
from mediaindex.errors import DONE, QueryError, UsageError

if TYPE_CHECKING:
    from mediaindex.search.answer import Question
    from mediaindex.search.query import Query
    from mediaindex.store.library import Library
    from mediaindex.store.notes.marks import MarkedSegments
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
        "--complete",
        action="store_true",
        help="print what the end of TEXT may become in this library, and do not search",
    )
    parser.add_argument(
        "--channel",
        choices=("both", "pictures", "words"),
        default="both",
        help="what may answer: the pictures, the words (names, tags, subtitles, captions), or both",
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
    parser.add_argument(
        "--marks",
        action="store_true",
        help="more like the moments that are marked right for TEXT, less like those that are wrong",
    )
    parser.add_argument(
        "--min-confidence",
        type=share,
        metavar="P",
        help="leave out moments that are less probably what is asked for (0 to 1)",
    )
    add_answer_arguments(parser)
    add_rerank_arguments(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Search, and print the moments."""
    from mediaindex.search.confidence.calibration import confidence_gate
    from mediaindex.search.language.asking import on_channel, question_of
    from mediaindex.search.language.resolving import joint, resolved
    from mediaindex.search.ranking.user_gate import NO_VERDICTS, UserGates
    from mediaindex.store.library import open_library

    if arguments.complete:
        return _complete(arguments.text, config, output)
    mode, preset, channel = arguments.rerank, arguments.generator, arguments.channel
    query = on_channel(_parsed(arguments), channel, f"--channel {channel}")
    with open_library(config.library) as library:
        space = serving_space(library)
        found = resolved(library, query, partial(stored_names, library))
        asked = [*option_filters(library, arguments), *found.filters]
        query, question = question_of(found.query, partial(example_of, library, space, config))
        right, wrong = _marked(library, arguments.text, output) if arguments.marks else ((), ())
        question = replace(
            question,
            channel=query.channel or channel,
            candidates=config.rerank_candidates,
            like=(*marked_segments(library, space, "--like", arguments.like), *right),
            unlike=(*marked_segments(library, space, "--unlike", arguments.unlike), *wrong),
            min_confidence=arguments.min_confidence,
            **answer_options(library, arguments, joint(asked)),
        )
        _check_marks(question)
        unlike_text = "--marks" if right or wrong else beyond_text(question)
        _check_confidence(library, space, question, unlike_text)
        captions = NO_VERDICTS if question.channel == "words" else UserGates.of(library)
        hubs = hub_decision(
            library, space, question, mode=arguments.hubs, beyond_text=unlike_text, captions=captions
        )
        question = replace(question, corrects_hubs=hubs.on)
        decision = rerank_decision(
            library,
            space,
            preset=preset,
            mode=mode,
            channel=question.channel,
            beyond_text=unlike_text,
            captions=captions,
        )
        answer, decision, note = answer_to(library, space, question, decision, mode, config)
        hubs = hubs_in_the_end(hubs, answer, arguments.hubs)
        decisions = RankingDecisions(hubs, decision, confidence_gate(space, library.root))
        if not answer.hits:
            note = nothing_left(library, asked) or note
        understood = None if arguments.plain_text else query
        try:
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
        finally:  # also where the reader has gone: `search … | head`
            remember_answer(library, output, arguments.text, answer, in_history=arguments.in_history)
    if arguments.explain:
        explain(answer, decisions, output)
    elif preset is not None and mode == "auto" and not decision.gate.on:
        output.say(
            f"not reranked by {decision.preset}: {decision.gate.reason} (--rerank on reranks all the same)"
        )
    return UsageError.exit_code if query.problems else DONE


def _complete(text: str, config: Config, output: Output) -> int:
    """Print the text with each completion of its end, the likeliest first."""
    from mediaindex.search.language.completion import Completion, complete, unfinished
    from mediaindex.search.language.naming import known_names
    from mediaindex.store.library import open_library

    completions: tuple[Completion, ...] = ()
    if (token := unfinished(text, len(text))) is not None:
        with open_library(config.library) as library, library.read() as connection:
            completions = complete(text, len(text), known_names(connection, token))
    output.data({"query": text, "completions": [one._asdict() for one in completions]})
    for one in completions:
        output.line(text[: one.start] + one.text)
    return DONE


def _marked(library: Library, text: str, output: Output) -> MarkedSegments:
    """The segments that are marked for a query and can be seen; says so where none is."""
    from mediaindex.store.notes import marks

    with library.read() as connection:
        found, count = marks.marked_segments(connection, text), marks.count(connection, text)
    if count and not (found.right or found.wrong):
        output.say("what is marked for this query is not embedded yet, and moves nothing")
    elif not count:
        output.say("no moment is marked for this query; 'mediaindex mark RANK' marks one of the last answer")
    return found


def _check_marks(question: Question) -> None:
    """Refuse marks that nothing would read.

    Raises:
        QueryError: no pictures are looked for, or more than one moment.
    """
    if not (question.like or question.unlike):
        return
    if question.channel == "words":
        raise QueryError("--like, --unlike and --marks move pictures: let them answer, or leave these out")
    if question.following:
        raise QueryError("--like, --unlike and --marks move one moment: leave out 'then', or these")


def _check_confidence(
    library: Library, space: Space | None, question: Question, beyond_text: str | None
) -> None:
    """Refuse a confidence that no moment would have.

    Raises:
        QueryError: the pictures of this encoder are not calibrated, or asked by more than a sentence.
    """
    if question.min_confidence is None or question.channel == "words" or space is None:
        return
    from mediaindex.search.confidence.calibration import confidence_gate

    if beyond_text is not None:
        raise QueryError(f"--min-confidence: only sentences have a confidence, not {beyond_text}")
    gate = confidence_gate(space, library.root)
    if not gate.on:
        raise QueryError(f"--min-confidence: moments that pictures find have no confidence: {gate.reason}")


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
