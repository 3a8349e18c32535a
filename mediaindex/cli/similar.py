"""More like this: an image, a video, or a moment of one (PATH@SECONDS)."""

from __future__ import annotations

import argparse

from mediaindex.assembly.serving import example_of, serving_space
from mediaindex.cli.shared.answers import (
    add_answer_arguments,
    answer_options,
    nothing_left,
    option_filters,
    print_answer,
    remember_answer,
)
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `similar`."""
    parser.add_argument("what", metavar="PATH[@SECONDS]", help="an image, a video, or a moment of a video")
    add_answer_arguments(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Search with the pictures of a file, and print the moments."""
    from mediaindex.search.answer import Question
    from mediaindex.search.language.resolving import joint
    from mediaindex.search.language.syntax import bare_or_quoted
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        space = serving_space(library)
        example = example_of(library, space, config, arguments.what)
        asked = option_filters(library, arguments)
        question = Question(
            vector=example.vector,
            channel="pictures",
            without=example.moment,
            **answer_options(library, arguments, joint(asked)),
        )
        searcher = Searcher(library, space, None, exact_limit_mib=config.exact_limit_mib)
        answer = searcher.search(question)
        note = None if answer.hits else nothing_left(library, asked)
        query = f"like:{bare_or_quoted(arguments.what)}"
        try:
            print_answer(library, output, arguments.what, space, answer, note=note)
        finally:  # also where the reader has gone
            remember_answer(library, output, query, answer, in_history=arguments.in_history)
    return 0
