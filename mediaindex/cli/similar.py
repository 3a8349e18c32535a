"""More like this: an image, a video, or a moment of one (PATH@SECONDS)."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mediaindex.assembly import load_space_encoder, serving_space
from mediaindex.cli.shared.answers import add_answer_arguments, answer_options, print_answer
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.paths import absolute_unless_empty, stored_name
from mediaindex.config import Config
from mediaindex.errors import QueryError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `similar`."""
    parser.add_argument("what", metavar="PATH[@SECONDS]", help="an image, a video, or a moment of a video")
    add_answer_arguments(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Search with the pictures of a file, and print the moments."""
    from mediaindex.assembly import new_decoder, sampling_of
    from mediaindex.search.answer import Question
    from mediaindex.search.by_example import vector_of_file, vector_of_indexed
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.catalog import lookup
    from mediaindex.store.library import open_library

    path, seconds = parsed(arguments.what)
    with open_library(config.library) as library:
        space = serving_space(library)
        if space is None:
            raise UsageError("nothing is indexed yet; run 'mediaindex index FOLDER'")
        name = stored_name(library, path)
        searcher = Searcher(library, space, None, exact_limit_mib=config.exact_limit_mib)
        with library.read() as connection:
            video_id = lookup.video_at(connection, name)
        vector = None
        if video_id is not None:
            vector = vector_of_indexed(library, searcher.reader, video_id, seconds)
        if vector is None:
            _must_be_file(path)
            vector = vector_of_file(
                path,
                seconds,
                encoder=load_space_encoder(library, space, config),
                new_worker=lambda: new_decoder(config),
                sampling=sampling_of(config),
            )
        question = Question(
            vector=vector,
            channel="pictures",
            without=None if video_id is None else (video_id, seconds),
            **answer_options(library, arguments),
        )
        answer = searcher.search(question)
        print_answer(library, output, arguments.what, space, answer)
    return 0


def parsed(what: str) -> tuple[Path, float | None]:
    """PATH or PATH@SECONDS; a file whose name holds an @ is that file.

    Raises:
        QueryError: SECONDS is no number.
    """
    whole = absolute_unless_empty(what)
    name, at, time = what.rpartition("@")
    if os.path.exists(whole) or not at:
        return whole, None
    path = absolute_unless_empty(name)
    try:
        seconds = float(time)
    except ValueError:
        raise QueryError(f"{whole} does not exist, and {time!r} is no time in seconds") from None
    if not 0.0 <= seconds < float("inf"):
        raise QueryError(f"{time} is no time in a video; write seconds from its start")
    return path, seconds


def _must_be_file(path: Path) -> None:
    """What is not indexed has to be there to be looked at.

    Raises:
        QueryError: nothing is there, or a folder.
    """
    if os.path.isdir(path):
        raise QueryError(f"{path} is a folder, neither an image nor a video; name one file")
    if not os.path.lexists(path):
        raise QueryError(f"{path} does not exist; check the spelling, or plug in its drive")
