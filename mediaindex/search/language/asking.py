"""A query → the question that the search engine is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mediaindex.errors import MediaError, UsageError
from mediaindex.safe_text import storable
from mediaindex.search.answer import Channel, Following, Question
from mediaindex.search.language.syntax import Part, Problem, Query, shown

if TYPE_CHECKING:
    from mediaindex.search.by_example import Example


def on_channel(query: Query, channel: Channel, name: str) -> Query:
    """The query without what excludes the one channel that may answer.

    Args:
        name: how the channel was chosen, for the problems.
    """
    if channel == "both":
        return query
    problems = [
        Problem(token.start, token.end, f"by:{query.channel} and {name} exclude each other")
        for token in query.tokens
        if token.key == "by" and token.value.lower() == query.channel != channel
    ]
    if query.channel != channel:
        query = replace(query, channel=None)
    if channel == "pictures":
        return query.with_problems(problems)
    if len(query.parts) > 1:
        # The words know nothing of one after the other: they look for the first alone.
        known = {(one.start, one.end) for one in query.problems}
        problems += [
            Problem(token.start, token.end, f"then and {name} exclude each other")
            for token in query.tokens
            if token.kind == "then" and (token.start, token.end) not in known
        ]
        query = replace(query, parts=query.parts[:1])
    likes = [part.like for part in query.parts if part.like is not None]
    problems += [
        Problem(one.start, one.end, f"{shown(one.typed)} and {name} exclude each other") for one in likes
    ]
    return query.without_examples(likes).with_problems(problems)


def question_of(query: Query, look: Callable[[str], Example]) -> tuple[Query, Question]:
    """What the search engine is asked, and the query without the examples that cannot be seen.

    Args:
        look: what is seen at PATH or PATH@SECONDS; it raises UsageError or MediaError where nothing is.
    """
    examples: dict[int, Example] = {}
    unseen, problems = [], []
    for like in (part.like for part in query.parts if part.like is not None):
        try:
            examples[like.start] = look(str(like.value))
        except (UsageError, MediaError) as error:
            unseen.append(like)
            problems.append(Problem(like.start, like.end, f"{shown(like.typed)}: {error}"))
    query = query.without_examples(unseen).with_problems(problems)
    if not query.says_what:
        return query, Question()
    first, *later = query.parts
    example = _example(first, examples)
    question = Question(
        **_looked_for(first, examples),
        channel=query.channel or "both",
        without=None if example is None else example.moment,
        following=tuple(
            Following(within_seconds=part.within_seconds, **_looked_for(part, examples)) for part in later
        ),
        unfinished=query.unfinished,
    )
    return query, question


def _example(part: Part, examples: Mapping[int, Example]) -> Example | None:
    return None if part.like is None else examples[part.like.start]


def _looked_for(part: Part, examples: Mapping[int, Example]) -> dict[str, Any]:
    """The fields of a question that say what one moment has to show and say."""
    example = _example(part, examples)
    return {
        "text": storable(part.text) or None,
        "vector": None if example is None else example.vector,
        "phrases": tuple(map(storable, part.phrases)),
        "excluded": tuple(map(storable, part.excluded)),
    }
