"""The read corridor: text → query vector → scores → moments → (reranked) → fused moments → hits.

Two channels answer: the pictures (vectors of one embedding space) and the words (names, tags,
subtitles). They are fused by reciprocal rank: score = Σ 1 / (60 + rank), each channel ranking alone. What
limits the moments of one video comes before what limits a channel, so that no video crowds out the others.

`search` embeds the query and makes the hits; what lies between is in `query_ranking`, and reads one snapshot
of the library. `stages` gives the same answer step by step, as soon as each is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.embed.encoder import TextEncoder
from mediaindex.errors import EncoderMismatch, GeneratorUnavailable, StoreError
from mediaindex.search.answer import Answer, Following, Question, Stage
from mediaindex.search.by_words import ByWords, answer_by_words
from mediaindex.search.channels.pictures import PictureChannel
from mediaindex.search.channels.similarity import unit
from mediaindex.search.hits import hits_of
from mediaindex.search.profile import Profile, profile_of
from mediaindex.search.query_ranking import Query, Ranking, Scored, Sought, ranked, scored
from mediaindex.search.ranking.shortlist import Reranker
from mediaindex.search.timings import Stopwatch, started_watch
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.fulltext import WordAnswer
from mediaindex.store.library import Library
from mediaindex.store.vectors.reader import SpaceReader, consistent
from mediaindex.store.vectors.spaces import Space, active_space

EXACT_LIMIT_MIB = 4096


class _SpaceSwitched(Exception):
    """Another space serves since the query was embedded."""


def _cached(library: Library, frame_file: str, ordinal: int) -> bytes | None:
    try:
        return next(library.frames.read(frame_file, [ordinal]), None)
    except (StoreError, OSError):  # lost or evicted: the moment is shown without it
        return None


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What one snapshot of the library gave."""

    found: Scored
    ranking: Ranking
    watch: Stopwatch


def _sought(part: Question | Following, vectors: Mapping[str, NDArray[np.float32]]) -> Sought | None:
    """One part of a question as vectors; None where neither a text nor an example says what to look for."""
    text = vectors.get(part.sentence or "")
    examples = [unit(vector) for vector in (text, part.vector) if vector is not None]
    if not examples:
        return None
    excluded = tuple(unit(vectors[other]) for other in part.excluded if other in vectors)
    within = part.within_seconds if isinstance(part, Following) else 0.0
    return Sought(unit(np.sum(examples, axis=0)), excluded, part.excluded, within)


class Searcher:
    """Answers queries on one library; keeps the space and the networks in memory between them.

    Args:
        space: that serves the pictures; None in a library without any.
        encoder: of the space; None where no text is embedded.
        reranker: orders the best moments of a text anew; None leaves them as they are.
        load_encoder: of the space that serves after `models use`, so that a searcher which is kept goes on
            with that one; None where it stays with its own.
        exact_limit_mib: vectors above this size are found by LanceDB's index, where there is one.
    """

    def __init__(
        self,
        library: Library,
        space: Space | None,
        encoder: TextEncoder | None,
        *,
        reranker: Reranker | None = None,
        load_encoder: Callable[[Space], TextEncoder] | None = None,
        exact_limit_mib: int = EXACT_LIMIT_MIB,
    ) -> None:
        self.library = library
        self.encoder = encoder
        self.reranker = reranker
        self._load_encoder = load_encoder
        self._exact_limit_mib = exact_limit_mib
        self._pictures: PictureChannel | None = None
        self._serve(space)

    def _serve(self, space: Space | None) -> None:
        self.space = space
        self.reader = None if space is None else SpaceReader(self.library, space)

    def search(self, question: Question) -> Answer:
        """The moments that answer, best first.

        Raises:
            StoreError: the library is damaged.
            GeneratorUnavailable: the reranker cannot rank what this library holds.
        """
        while True:
            with contextlib.suppress(_SpaceSwitched):
                return self._full(question)

    def _full(self, question: Question) -> Answer:
        watch = started_watch()
        query = self._embedded(question)
        watch = watch.lap("encode")
        step = consistent(self.library, lambda c: self._step(c, query, watch, self.reranker))
        return self._answer(query, step, "full" if step.ranking.rerank is None else "reranked")

    def stages(self, question: Question, by_words: ByWords | None = None) -> Iterator[Answer]:
        """The same moments as soon as they are there: by words, by both channels, reranked.

        The query is embedded once. A caller to whom a newer question has come asks for no further stage.

        Args:
            by_words: what the words answered a moment ago, which is no stage then; None where they are asked.

        Raises:
            StoreError, GeneratorUnavailable: as in `search`.
        """
        if by_words is None and question.channel == "both" and question.text is not None:
            by_words = answer_by_words(self.library, replace(question, channel="words"), self.space)
            yield by_words.answer
        words = None if by_words is None else by_words.found
        while True:
            with contextlib.suppress(_SpaceSwitched):
                yield from self._full_stages(question, words)
                return

    def profile(self, video_id: int, question: Question) -> Profile | None:
        """How well each frame of a video answers; None where no picture of it can.

        Raises:
            StoreError: the library is damaged.
        """
        while True:
            with contextlib.suppress(_SpaceSwitched):
                return self._profile(video_id, question)

    def _profile(self, video_id: int, question: Question) -> Profile | None:
        query = self._embedded(question)

        def read(connection: sa.Connection) -> tuple[Profile | None]:
            pictures = self._picture_channel(connection)
            if not query.parts or pictures is None or self.space is None:
                return (None,)
            return (profile_of(connection, pictures.space, self.space.id, video_id, query.parts[0].unit),)

        return consistent(self.library, read)[0]

    def best_similarities(self, texts: Sequence[str]) -> list[float]:
        """How similar the library is to each text at its best, about; none where no picture can answer.

        Of a large library a sample is looked at, so that several sentences cost less than one search.

        Raises:
            StoreError: the library is damaged.
        """
        while True:
            with contextlib.suppress(_SpaceSwitched):
                return self._best_similarities(texts)

    def _best_similarities(self, texts: Sequence[str]) -> list[float]:
        self._follow_the_library()
        if self.encoder is None:
            return []
        vectors = unit(self.encoder.texts(texts).pooled)

        def read(connection: sa.Connection) -> list[float]:
            pictures = self._picture_channel(connection)
            if pictures is None or not len(pictures.space):
                return []
            best: list[float] = pictures.best_of_sample(vectors).tolist()
            return best

        return consistent(self.library, read)

    def pictures(self, video_id: int, seconds: Sequence[float]) -> list[bytes | None]:
        """The cached pictures, JPEG, of the frames that show best what is seen at some times of a video.

        Nothing is written. None stands for a picture that is not in the frame cache.
        """
        with self.library.read() as connection:
            video = None
            if self.space is not None:
                video = lookup.indexed_videos(connection, self.space.id, [video_id]).get(video_id)
            if video is None:
                return [None for _ in seconds]
            shown = [lookup.frame_at(connection, video.extraction_id, time) for time in seconds]
        return [None if at is None else _cached(self.library, video.frame_file, at.ordinal) for at in shown]

    def _full_stages(self, question: Question, words: WordAnswer | None) -> Iterator[Answer]:
        """By both channels, then reranked; `words` is what was found a moment ago."""
        watch = started_watch()
        query = self._embedded(question)
        watch = watch.lap("encode")
        full = consistent(self.library, lambda c: self._step(c, query, watch, None, words=words))
        yield self._answer(query, full, "full")
        if self.reranker is not None and full.found.pictures is not None:
            after = consistent(
                self.library, lambda c: self._step(c, query, watch, self.reranker, before=full, words=words)
            )
            yield self._answer(query, after, "reranked")

    def _step(
        self,
        connection: sa.Connection,
        query: Query,
        watch: Stopwatch,
        reranker: Reranker | None,
        *,
        before: _Step | None = None,
        words: WordAnswer | None = None,
    ) -> _Step:
        """What a snapshot answers.

        Args:
            watch: after the query was embedded.
            before: the step before, of a moment ago; its scores hold while the vectors are the same.
            words: what the words gave a moment ago; None where they are still to be asked.

        Raises:
            _SpaceSwitched: the query is embedded in a space that serves no more.
        """
        pictures = self._picture_channel(connection) if query.parts else None
        if before is not None and before.found.pictures is pictures:
            found, watch = before.found, before.watch
        else:
            watch = watch.lap("candidates")
            found = scored(connection, query, pictures, words)
            watch = watch.lap("score")
        ranking = ranked(connection, query, found, self.library.root, self.reader, reranker)
        return _Step(found, ranking, watch if ranking.rerank is None else watch.lap("rerank"))

    def _picture_channel(self, connection: sa.Connection) -> PictureChannel | None:
        """The space as the snapshot shows it; the one from before where nothing changed."""
        if self._load_encoder is not None:
            serving = active_space(connection)
            if serving is not None and (self.space is None or serving.id != self.space.id):
                raise _SpaceSwitched
        if self.reader is None:
            return None
        space = self.reader.snapshot(connection)
        if self._pictures is None or self._pictures.space is not space:
            near = None
            if space.vector_bytes > self._exact_limit_mib << 20 and self.reader.has_index:
                near = partial(self.reader.segments_near, space)
            self._pictures = PictureChannel(space, blend=self.reader.space.blend, near=near)
        return self._pictures

    def _embedded(self, question: Question) -> Query:
        """The question with its vectors: every text of it is embedded at once."""
        if question.channel == "words":
            return Query(question)
        self._follow_the_library()
        if self.reader is None:
            return Query(question)
        asked: tuple[Question | Following, ...] = (question, *question.following)
        texts = [text for part in asked for text in (part.sentence, *part.excluded) if text]
        vectors: dict[str, NDArray[np.float32]] = {}
        if texts and self.encoder is not None:
            vectors = dict(zip(texts, self.encoder.texts(texts).pooled, strict=True))
        parts = [_sought(part, vectors) for part in asked]
        if any(part is None for part in parts):
            return Query(question)
        raw = vectors.get(question.sentence or "") if question.vector is None else None
        query = Query(question, raw, tuple(part for part in parts if part is not None))
        if self.encoder is None or not self._reads_regions() or not query.is_one_sentence:
            return query
        try:
            return replace(query, asked=self.encoder.asked(question.sentence or ""))
        except EncoderMismatch as error:  # of the scorer alone: the texts are embedded
            raise GeneratorUnavailable(str(error)) from error

    def _reads_regions(self) -> bool:
        """Whether what reranks reads the evidence of the encoder's own scorer."""
        scorer = None if self.reranker is None else self.reranker.scorer
        return scorer is not None and self.encoder is not None and self.encoder.spec.scorer == scorer

    def _follow_the_library(self) -> None:
        """Serve the space that serves now; a generator of another encoder ranks no more."""
        if self._load_encoder is None:
            return
        with self.library.read() as connection:
            serving = active_space(connection)
        if serving is not None and (self.space is None or serving.id != self.space.id):
            self.encoder, self.reranker = self._load_encoder(serving), None
            self._serve(serving)

    def _answer(self, query: Query, step: _Step, stage: Stage) -> Answer:
        ranking = step.ranking
        hits = hits_of(self.library, ranking.moments, query.question, reranked=ranking.rerank is not None)
        timings = step.watch.lap("moments").durations_ms()
        found = step.found
        return Answer(
            hits,
            ranking.rerank,
            timings,
            found.words.corrected,
            stage,
            found.hubs_corrected,
            ranking.confident,
        )
