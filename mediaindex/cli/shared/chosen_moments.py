"""The moments to export: of the last search, marked right, that answer a query, or typed stretches."""

from __future__ import annotations

import argparse
import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absolute_unless_empty, stored_names
from mediaindex.assembly.serving import example_of, serving_space
from mediaindex.cli.shared.answers import MOMENTS_OF_A_VIDEO, answer_to, beyond_text
from mediaindex.cli.shared.arguments import positive
from mediaindex.cli.shared.reranking import hub_decision, rerank_decision
from mediaindex.cli.shared.typed_moments import last_hit, moment_of
from mediaindex.config import Config
from mediaindex.errors import QueryError, UsageError

if TYPE_CHECKING:
    from mediaindex.export.cuts.cut import Time
    from mediaindex.store.library import Library

_RANKS = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
MOST_RANKS = 100_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a film that is to be exported, before the film is looked at.

    Attributes:
        video_id: None for a file that a person named.
    """

    path: Path
    video_id: int | None
    start: Time
    end: Time
    label: str
    note: str = ""
    score: float | None = None
    query: str | None = None


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options that choose moments."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--ranks", type=ranks, metavar="1,3-5", help="moments of the last search (default: all of them)"
    )
    chosen.add_argument("--marked", action="store_true", help="the moments that are marked right")
    chosen.add_argument("--query", metavar="TEXT", help="the moments that answer TEXT now")
    chosen.add_argument(
        "--cut",
        action="append",
        metavar="PATH@START-END",
        help="a stretch of a file, indexed or not, in seconds or timecode, end exclusive; repeatable",
    )
    parser.add_argument("--limit", type=positive, default=10, metavar="N", help="moments of --query (10)")


def ranks(typed: str) -> list[int]:
    """The numbers of a list such as 1,3-5.

    Raises:
        ArgumentTypeError: it is none.
    """
    numbers: list[int] = []
    for part in typed.split(","):
        match = _RANKS.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last or last - first > MOST_RANKS:
            raise argparse.ArgumentTypeError(f"{part!r} is no rank; write 1,3-5")
        numbers += range(first, last + 1)
    return list(dict.fromkeys(numbers))


def chosen_moments(
    arguments: argparse.Namespace, library: Library | None, config: Config
) -> Sequence[Moment]:
    """The moments that the options choose, in the order in which they are to be exported.

    Args:
        arguments: those of `add_choice`. library: None where only typed stretches are chosen.

    Raises:
        UsageError: there are none, or a rank or a stretch cannot be read. QueryError: the query cannot be.
    """
    found = list(_moments(arguments, library, config))
    if not found:
        raise UsageError(_nothing(arguments))
    return found


def _moments(arguments: argparse.Namespace, library: Library | None, config: Config) -> Iterator[Moment]:
    if arguments.cut:
        return _typed(arguments.cut)
    assert library is not None
    if arguments.marked:
        return _marked(library)
    if arguments.query is not None:
        return _found(library, arguments.query, arguments.limit, config)
    return _ranked(library, arguments.ranks)


def _typed(cuts: Sequence[str]) -> Iterator[Moment]:
    from mediaindex.export.cuts.typed_cut import typed_cut

    for typed in cuts:
        cut = typed_cut(typed)
        path = absolute_unless_empty(cut.path)
        yield Moment(path, None, cut.start, cut.end, path.name)


def _ranked(library: Library, wanted: Sequence[int] | None) -> Iterator[Moment]:
    """Moments of the last answer."""
    from mediaindex.store.answers import last

    if wanted is None:
        answer = last(library)
        wanted = range(1, len(answer.hits) + 1) if answer is not None else [1]
    for rank in wanted:
        answer, hit = last_hit(library, rank)
        video_id = moment_of(library, str(rank)).video_id
        yield _of_hit(hit, video_id, answer.query)


def _found(library: Library, text: str, limit: int, config: Config) -> Iterator[Moment]:
    """Moments that answer a text now."""
    from mediaindex.search.language.asking import question_of
    from mediaindex.search.language.resolving import joint, resolved
    from mediaindex.search.query import parse
    from mediaindex.search.ranking.user_gate import UserGates

    query = parse(text, today=datetime.datetime.now().astimezone().date())
    if not (query.canonical.strip() or query.problems):
        raise QueryError("the query is empty; describe what you look for")
    space = serving_space(library)
    resolution = resolved(library, query, partial(stored_names, library))
    query, question = question_of(resolution.query, partial(example_of, library, space, config))
    if query.problems:
        raise QueryError("; ".join(problem.text for problem in query.problems))
    question = replace(
        question,
        limit=limit,
        per_video=MOMENTS_OF_A_VIDEO,
        filters=joint(resolution.filters),
        candidates=config.rerank_candidates,
        thumbnails=False,
    )
    beyond = beyond_text(question)
    captions = UserGates.of(library)
    hubs = hub_decision(library, space, question, mode="auto", beyond_text=beyond, captions=captions)
    question = replace(question, corrects_hubs=hubs.on)
    decision = rerank_decision(
        library,
        space,
        preset=None,
        mode="auto",
        channel=question.channel,
        beyond_text=beyond,
        captions=captions,
    )
    answer, _decision, _note = answer_to(library, space, question, decision, "auto", config)
    for hit in answer.hits:
        values = {
            name: getattr(hit, name) for name in ("path", "start_seconds", "end_seconds", "score", "words")
        }
        yield _of_hit(values, hit.video_id, text)


def _marked(library: Library) -> Iterator[Moment]:
    """Moments that are marked right, the newest mark first; one with marks of two queries comes twice."""
    from fractions import Fraction

    from mediaindex.store.notes import marks
    from mediaindex.store.notes.moments import paths_of

    with library.read() as connection:
        right = [mark for mark in marks.every(connection) if mark.is_right]
        paths = paths_of(connection, [mark.video_id for mark in right])
    for mark in right:
        yield Moment(
            paths[mark.video_id],
            mark.video_id,
            Fraction(mark.start_seconds),
            Fraction(mark.end_seconds),
            label=mark.query,
            query=mark.query,
        )


def _of_hit(hit: dict[str, Any], video_id: int, query: str) -> Moment:
    from fractions import Fraction

    note = ", ".join(f"{word['word']} in {word['field']}" for word in hit["words"] or ())
    return Moment(
        Path(hit["path"]),
        video_id,
        Fraction(hit["start_seconds"]),
        Fraction(hit["end_seconds"]),
        label=query,
        note=note,
        score=hit["score"],
        query=query,
    )


def _nothing(arguments: argparse.Namespace) -> str:
    if arguments.marked:
        return "no moment is marked right; 'mediaindex mark RANK' marks one of the last answer"
    if arguments.query is not None:
        return f"no moment in this library answers {arguments.query!r}; there is nothing to export"
    return "the last search found no moment; there is nothing to export"
