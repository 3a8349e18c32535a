"""The answer of the words alone: names, titles, tags and subtitles. No vector is read; numpy stays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from mediaindex.search.answer import Answer, Question
from mediaindex.search.channels.fusion import FusedMoment, fused
from mediaindex.search.confidence.judging import judged
from mediaindex.search.hits import hits_of, sure_enough, within_limits
from mediaindex.search.shown_frames import with_frames
from mediaindex.search.timings import started_watch
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.fulltext import WordAnswer
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space


class ByWords(NamedTuple):
    """What the words rank, and the answer that this alone gives."""

    found: WordAnswer
    answer: Answer


def answer_by_words(library: Library, question: Question, space: Space | None) -> ByWords:
    """The moments whose words answer, best first.

    Args:
        space: whose frames show the moments; None in a library without any.

    Raises:
        StoreError: the library is damaged.
    """
    watch = started_watch()
    with library.read() as connection:
        allowed = lookup.filtered_videos(connection, question.filters)
        found = words_found(connection, question, allowed)
        watch = watch.lap("candidates")
        judgement = judged(_moments(connection, found, question), found.hits, None, library.root)
        moments = sure_enough(judgement.moments, question)
        ids = {moment.moment.video_id for moment in moments}
        videos = {} if space is None else lookup.indexed_videos(connection, space.id, ids)
        shown = with_frames(connection, moments, videos, {})
    hits = hits_of(library, shown, question, reranked=False)
    timings = watch.lap("moments").durations_ms()
    confident = judgement.confident
    return ByWords(found, Answer(hits, None, timings, found.corrected, "words", confident=confident))


def words_found(connection: sa.Connection, question: Question, allowed: Sequence[int] | None) -> WordAnswer:
    """What the words rank; nothing where only pictures may answer, or there is no text.

    One thing after another is looked for by pictures alone.

    Args:
        allowed: videos that may answer, None for all.
    """
    if question.channel == "pictures" or question.text is None or question.following:
        return WordAnswer([])
    return fulltext.find(
        connection,
        question.text,
        allowed,
        limit=question.depth,
        per_video=question.per_video,
        phrases=question.phrases,
        excluded=question.excluded,
        unfinished=question.unfinished,
    )


def _moments(connection: sa.Connection, found: WordAnswer, question: Question) -> list[FusedMoment]:
    durations = lookup.durations(connection, [hit.video_id for hit in found.hits])
    moments = fused([], found.hits, {}, durations)
    return within_limits(moments, limit=question.limit, per_video=question.per_video)
