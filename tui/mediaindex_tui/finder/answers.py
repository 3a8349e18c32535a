"""A query → its moments, as soon as each stage has them: words, both channels, reranked."""

from __future__ import annotations

import datetime
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mediaindex.assembly.paths import absence, stored_names
from mediaindex.embed.language import language_note
from mediaindex.errors import GeneratorUnavailable
from mediaindex.safe_text import printable
from mediaindex.search.answer import Answer as Found
from mediaindex.search.answer import Hit, Question
from mediaindex.search.by_words import ByWords, answer_by_words
from mediaindex.search.language.asking import question_of
from mediaindex.search.language.resolving import AskedFilter, joint, leaving_nothing, resolved
from mediaindex.search.query import Query, parse
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.user_gate import UserGates
from mediaindex.store.catalog import lookup
from mediaindex.store.vectors.spaces import Space
from mediaindex_tui.finder.library import OpenLibrary
from mediaindex_tui.finder.notes import Marked, marked, with_marks
from mediaindex_tui.finder.searching import Searching
from mediaindex_tui.messages import Answer, Ask, Moment, Span, WordFound

if TYPE_CHECKING:
    from mediaindex.search.by_example import Example

logger = logging.getLogger(__name__)

Look = Callable[[str], "Example"]


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """A query as it is asked of one library.

    Attributes:
        query: with its problems. asked: its filters. videos: that pass them. space: that serves.
        marks: for this query.
    """

    ask: Ask
    query: Query
    question: Question
    asked: Sequence[AskedFilter]
    videos: int
    space: Space | None
    marks: Marked

    @property
    def ends_in_half_a_word(self) -> bool:
        """Whether the query ends with a word that is being typed."""
        return self.query.unfinished and self.ask.caret == len(self.ask.text) and not self.question.following

    @property
    def whole_words(self) -> str:
        """What is looked for, without a word that is half typed."""
        text = self.question.sentence or ""
        if self.ends_in_half_a_word and self.question.completed is None:
            return text.rpartition(" ")[0]
        return text

    def with_ghost(self, ghost: str) -> Understood:
        """The same with its last word completed."""
        if not ghost:
            return self
        return replace(self, question=replace(self.question, completed=f"{self.question.text}{ghost}"))


def understood(ask: Ask, here: OpenLibrary, space: Space | None, candidates: int, look: Look) -> Understood:
    """What is asked, and of which videos.

    Args:
        candidates: how many moments a generator orders. look: what is seen at PATH or PATH@SECONDS.

    Raises:
        StoreError: the library is damaged.
    """
    library = here.library
    query = parse(ask.text, today=datetime.datetime.now().astimezone().date(), caret=ask.caret)
    found = resolved(library, query, partial(stored_names, library))
    query, question = question_of(found.query, look)
    question = replace(
        question,
        limit=ask.limit,
        filters=joint(found.filters),
        candidates=candidates,
        thumbnails=False,
    )
    videos = here.contents.videos
    with library.read() as connection:
        hubs = hub_gate(space, "auto", library.root, UserGates.read(connection))
        question = replace(question, corrects_hubs=hubs.on)
        if found.filters:
            videos = lookup.passing(connection, question.filters).videos
        if ask.with_marks:
            question = with_marks(connection, question, ask.text)
        marks = marked(connection, ask.text)
    return Understood(ask, query, question, found.filters, videos, space, marks)


def words_found(meaning: Understood, here: OpenLibrary) -> ByWords | None:
    """What the words answer, None where they may not.

    Raises:
        StoreError: the library is damaged.
    """
    if meaning.question.channel == "pictures":
        return None
    return answer_by_words(here.library, replace(meaning.question, channel="words"), meaning.space)


def by_pictures(
    meaning: Understood, here: OpenLibrary, asked_at: float, searching: Searching, words: ByWords | None
) -> Iterator[Answer]:
    """The answer of both channels, then the same in the order of the generator, where one is on.

    Args:
        asked_at: of `time.perf_counter`. words: what they found.

    Raises:
        StoreError: the library is damaged. SpaceSwitched: another space serves.
    """
    question, searcher = meaning.question, searching.searcher
    if question.channel == "words":
        return
    if searcher is None:
        if words is None:
            yield told(meaning, here, asked_at, Found((), None, {}, stage="words"), searching.note)
        return
    note = None
    if searching.tells_languages and searcher.encoder is not None:
        note = language_note(meaning.whole_words, searcher.encoder.spec)
    try:
        for found in searcher.stages(question, words):
            if found.stage == "full" or found.rerank is not None:
                yield told(meaning, here, asked_at, found, note)
            if meaning.ask.instant:
                return
    except GeneratorUnavailable as error:
        logger.warning("the generator is left out: %s", error)
        searcher.reranker = None  # the order that was told before stays


def told(
    meaning: Understood, here: OpenLibrary, asked_at: float, found: Found, note: str | None = None
) -> Answer:
    """What was found, as a message."""
    ask, query = meaning.ask, meaning.query
    notes = []
    with here.library.read() as connection:
        if not found.hits and (nothing := leaving_nothing(connection, meaning.asked)) is not None:
            notes.append(nothing.text)
        lengths = lookup.durations(connection, list({hit.video_id for hit in found.hits}))
        moments = tuple(
            _moment(hit, meaning, here.name(Path(hit.path)), lengths, _absence(connection, hit))
            for hit in found.hits
        )
    if not query.unfinished:
        notes += [f'"{one.word}" is nowhere; searched for "{one.by}"' for one in found.corrected]
    if note is not None:
        notes.append(note)
    return Answer(
        ask.number,
        found.stage,
        moments,
        understood=printable(query.canonical),
        problems=tuple(Span(one.start, one.end, printable(one.text)) for one in query.problems),
        notes=tuple(map(printable, notes)),
        milliseconds=round(1000.0 * (time.perf_counter() - asked_at), 1),
        videos=meaning.videos,
        more=len(moments) >= ask.limit,
        # The interface says of False that nothing here looks like that; what lies between has its bars.
        confident=False if found.is_far_off else found.confident or None,
    )


def _absence(connection: sa.Connection, hit: Hit) -> str | None:
    return None if hit.online else printable(absence(connection, Path(hit.path)))


def _moment(
    hit: Hit, meaning: Understood, name: str, lengths: Mapping[int, float], gone: str | None
) -> Moment:
    moment = Moment(
        key=f"{hit.video_id}.{hit.segment_id or 0}",
        rank=hit.rank,
        video_id=hit.video_id,
        segment_id=hit.segment_id,
        path=os.fsencode(hit.path),
        name=name,
        start=hit.start_seconds,
        end=hit.end_seconds,
        best=hit.best_seconds,
        channel=hit.channel,
        absence=gone,
        duration=lengths.get(hit.video_id),
        words=tuple(WordFound(printable(one["word"]), one["field"]) for one in hit.words or ()),
        similarity=hit.similarity,
        generated=hit.generated_probability,
        confidence=hit.confidence,
        instant_rank=hit.instant_rank,
    )
    mark = meaning.marks.of(moment)
    return moment if mark is None else msgspec.structs.replace(moment, mark=mark)
