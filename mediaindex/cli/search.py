"""Type a sentence, get the moments that answer it."""

from __future__ import annotations

import argparse

from mediaindex.assembly import load_space_text_encoder, serving_space
from mediaindex.cli.shared.answers import add_answer_arguments, answer_options, print_answer
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.reranking import add_rerank_arguments, explain, rerank_decision, reranked_answer
from mediaindex.config import Config
from mediaindex.errors import QueryError


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


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Search, and print the moments."""
    from mediaindex.embed.language import language_note
    from mediaindex.safe_text import storable
    from mediaindex.search.answer import Question
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import open_library

    if not arguments.text.strip():
        raise QueryError("the query is empty; describe what you look for")
    mode, preset, channel = arguments.rerank, arguments.generator, arguments.channel
    with open_library(config.library) as library:
        space = serving_space(library)
        decision = rerank_decision(library, space, preset=preset, mode=mode, channel=channel)
        encoder = None
        if channel != "words" and space is not None:
            encoder = load_space_text_encoder(library, space, config)
        text = storable(arguments.text)
        question = Question(
            text=text,
            channel=channel,
            candidates=config.rerank_candidates,
            **answer_options(library, arguments),
        )
        searcher = Searcher(library, space, encoder, exact_limit_mib=config.exact_limit_mib)
        answer, decision = reranked_answer(searcher, question, decision, mode, threads=config.threads)
        note = None if encoder is None else language_note(text, encoder.spec)
        print_answer(library, output, arguments.text, space, answer, decision, note=note)
    if arguments.explain:
        explain(answer, decision, output)
    elif preset is not None and mode == "auto" and not decision.gate.on:
        output.say(
            f"not reranked by {decision.preset}: {decision.gate.reason} (--rerank on reranks all the same)"
        )
    return 0
