"""What one snapshot of a library answers: both channels are scored, the best reranked, and fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.search.answer import Question, RerankSummary
from mediaindex.search.by_words import words_found
from mediaindex.search.channels.feedback import moved_query
from mediaindex.search.channels.fusion import FusedMoment, fused
from mediaindex.search.channels.pictures import PictureChannel, PictureHit, Wanted
from mediaindex.search.channels.sequences import best_sequences, sequence_hits
from mediaindex.search.channels.z_scores import z_scores
from mediaindex.search.confidence.calibration import calibration_of
from mediaindex.search.confidence.judging import PictureList, judged
from mediaindex.search.hits import sure_enough, within_limits
from mediaindex.search.ranking.shortlist import RerankedList, Reranker, Shortlist
from mediaindex.search.shown_frames import SequencePart, ShownMoment, with_frames
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.fulltext import WordAnswer, WordHit
from mediaindex.store.vectors.reader import SpaceReader
from mediaindex_models.region_records import RECORD_BYTES

if TYPE_CHECKING:
    from mediaindex_models.late_interaction_numpy import AskedText, Heard


@dataclass(frozen=True, slots=True, eq=False)
class Sought:
    """One part of a question as vectors, (D,) unit.

    Attributes:
        unit: what is looked for. excluded: what must not answer better.
        excluded_words: words and phrases that must not be said there, or stand about the file.
        within_seconds: from the end of the part before; 0 for the first.
    """

    unit: NDArray[np.float32]
    excluded: tuple[NDArray[np.float32], ...] = ()
    excluded_words: tuple[str, ...] = ()
    within_seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A question with its vectors.

    Attributes:
        raw: (D,) of the text, as the encoder gave it; None where no text is looked for by pictures.
        parts: what is looked for by pictures, one after the other; none where no picture can answer.
        asked: the text as the encoder's scorer of regions compares it with frames, where that is wanted.
    """

    question: Question
    raw: NDArray[np.float32] | None = None
    parts: tuple[Sought, ...] = ()
    asked: AskedText | None = None

    @property
    def is_one_sentence(self) -> bool:
        """Whether pictures are looked for by one text alone: no example, no mark, nothing that follows."""
        question = self.question
        return self.raw is not None and not (question.following or question.like or question.unlike)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What both channels rank, best first.

    Attributes:
        pictures: what scored the moments; None where no picture answers.
        hubs_corrected: whether they are in order less their hubs.
        score: (S,) by which all segments were put in order; None where not all of them were looked at, or
            not by one sentence.
    """

    words: WordAnswer
    picture_hits: Sequence[PictureHit] = ()
    pictures: PictureChannel | None = None
    hubs_corrected: bool = False
    score: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The moments that are shown, best first.

    Attributes:
        rerank: None where nothing was reranked.
        confident: whether the first is a match; None where it was not judged.
    """

    moments: Sequence[ShownMoment]
    rerank: RerankSummary | None = None
    confident: bool | None = None


def scored(
    connection: sa.Connection,
    query: Query,
    pictures: PictureChannel | None,
    words: WordAnswer | None = None,
) -> Scored:
    """What both channels rank.

    Args:
        pictures: of the snapshot of the connection, None where no picture answers.
        words: what the words rank; None where they are still to be asked.
    """
    question = query.question
    filtered = lookup.filtered_videos(connection, question.filters)
    if words is None:
        words = words_found(connection, question, filtered)
    if pictures is None or not query.parts:
        return Scored(words)
    allowed = None if filtered is None else np.array(filtered, np.int64)
    sought, *later = query.parts
    has_hubs = pictures.space.hubs is not None or not len(pictures.space)
    corrects_hubs = question.corrects_hubs and query.is_one_sentence and has_hubs
    wanted = Wanted(
        max(question.depth, question.candidates),
        question.per_video,
        question.min_similarity,
        question.without,
        _told(words.hits),
        corrects_hubs,
    )
    if later:
        return Scored(words, _sequences(connection, query, pictures, allowed, wanted), pictures)
    if question.like or question.unlike:
        sought = _moved(sought, question, pictures)
    similarity, error = pictures.similarities(sought.unit, allowed, wanted.told)
    similarity[_left_out(connection, sought, pictures)] = -np.inf
    hits = pictures.best_moments(sought.unit, similarity, error, wanted)
    score = None
    if query.is_one_sentence and pictures.scores_all(allowed):
        score = pictures.ordering(similarity, corrects_hubs=corrects_hubs)
    return Scored(words, hits, pictures, corrects_hubs, score)


def _told(word_hits: Sequence[WordHit]) -> dict[int, list[tuple[float, float]]]:
    """When the words of each video are said; words about a file are said at no time."""
    told: dict[int, list[tuple[float, float]]] = {hit.video_id: [] for hit in word_hits}
    for hit in word_hits:
        if hit.start_seconds is not None and hit.end_seconds is not None:
            told[hit.video_id].append((hit.start_seconds, hit.end_seconds))
    return told


def _moved(sought: Sought, question: Question, pictures: PictureChannel) -> Sought:
    """The query moved towards the segments that are right, away from those that are wrong."""
    right, wrong = (
        pictures.mean_frames(pictures.space.segments_named(ids)) for ids in (question.like, question.unlike)
    )
    return replace(sought, unit=moved_query(sought.unit, right=right, wrong=wrong))


def _left_out(connection: sa.Connection, sought: Sought, pictures: PictureChannel) -> NDArray[np.bool_]:
    """(S,) whether a segment shows or says what is excluded.

    It goes if it stands out more for what is excluded than for what is looked for, and if a word that is
    excluded is said in it or stands about its file. What the rule is worth stands in
    docs/benchmarks/operators.md.
    """
    gone = np.zeros(len(pictures.space), np.bool_)
    if sought.excluded:
        wanted = z_scores(pictures.of_library(sought.unit))
        for vector in sought.excluded:
            gone |= z_scores(pictures.of_library(vector)) > wanted
    for place in fulltext.places_with(connection, sought.excluded_words):
        gone[pictures.space.during(*place)] = True
    return gone


def _sequences(
    connection: sa.Connection,
    query: Query,
    pictures: PictureChannel,
    allowed: NDArray[np.int64] | None,
    wanted: Wanted,
) -> list[PictureHit]:
    """Moments in which one part of the query comes after the other."""
    similarities = [pictures.of_library(part.unit) for part in query.parts]
    for part, similarity in zip(query.parts, similarities, strict=True):
        similarity[_left_out(connection, part, pictures)] = -np.inf
    if allowed is not None:
        similarities[0][~pictures.space.is_shown(allowed)] = -np.inf
    within = [part.within_seconds for part in query.parts[1:]]
    sequences = best_sequences(pictures.space.segments, similarities, within)
    return sequence_hits(pictures.space, sequences, wanted)


def ranked(
    connection: sa.Connection,
    query: Query,
    found: Scored,
    library: Path,
    reader: SpaceReader | None,
    reranker: Reranker | None = None,
) -> Ranking:
    """The moments that are shown.

    Args:
        library: its folder. reader: of the space, None where there is none.
        reranker: orders the best moments of a text anew.

    Raises:
        GeneratorUnavailable: the reranker cannot rank what this library holds.
    """
    picture_hits, summary = list(found.picture_hits), None
    if reranker is not None and reader is not None and found.pictures is not None:
        picture_hits, summary = _reranked(query, picture_hits, found.pictures, reader, reranker)
    best = {hit.moment.video_id: hit for hit in reversed(found.picture_hits)}
    word_videos = [hit.video_id for hit in found.words.hits]
    durations = lookup.durations(connection, [video for video in word_videos if video not in best])
    moments = fused(picture_hits[: query.question.depth], found.words.hits, best, durations)
    shown = within_limits(moments, limit=query.question.limit, per_video=query.question.per_video)
    judgement = judged(shown, found.words.hits, _picture_list(found, reader), library)
    shown = sure_enough(judgement.moments, query.question)
    frames = _with_frames(connection, query, shown, found.pictures, reader)
    return Ranking(frames, summary, judgement.confident)


def _picture_list(found: Scored, reader: SpaceReader | None) -> PictureList | None:
    """What pictures are judged by; None without calibration or bank, or where segments were left out."""
    if reader is None or found.score is None or found.pictures is None:
        return None
    bank, calibration = reader.bank, calibration_of(reader.space.digest, reader.root)
    if bank is None or calibration is None:
        return None
    return PictureList(calibration, bank, found.pictures, found.score)


def _with_frames(
    connection: sa.Connection,
    query: Query,
    moments: Sequence[FusedMoment],
    pictures: PictureChannel | None,
    reader: SpaceReader | None,
) -> list[ShownMoment]:
    """The moments with the frames that show them: of the pictures the most similar one."""
    ids = {fused.moment.video_id for fused in moments}
    videos = {} if reader is None else lookup.indexed_videos(connection, reader.space.id, ids)
    if pictures is None or not query.parts:
        return with_frames(connection, moments, videos, {})
    places = [fused.seen.place for fused in moments if fused.seen is not None]
    ordinals = dict(zip(places, pictures.best_frames(query.parts[0].unit, places), strict=True))
    shown = with_frames(connection, moments, videos, ordinals)
    return [one._replace(parts=_parts(connection, query, pictures, one)) for one in shown]


def _parts(
    connection: sa.Connection, query: Query, pictures: PictureChannel, shown: ShownMoment
) -> tuple[SequencePart, ...]:
    """The parts of a sequence, each with its best frame."""
    hit, parts = shown.fused.picture_hit, []
    for sought, place in zip(query.parts, () if hit is None else hit.parts, strict=False):
        segment = pictures.space.segments[place]
        (ordinal,) = pictures.best_frames(sought.unit, [place])
        similarity = float(pictures.exact(sought.unit, np.array([place], np.intp))[place])
        start, end = float(segment["start"]), float(segment["end"])
        seconds = start
        if shown.video is not None:
            frame = (shown.video.extraction_id, ordinal)
            seconds = lookup.frame_times(connection, [frame]).get(frame, start)
        parts.append(SequencePart(start, end, seconds, similarity))
    return tuple(parts)


def _reranked(
    query: Query,
    hits: list[PictureHit],
    pictures: PictureChannel,
    reader: SpaceReader,
    reranker: Reranker,
) -> tuple[list[PictureHit], RerankSummary | None]:
    """The best hits in the order of the reranker, then the others."""
    question = query.question
    best, others = hits[: question.candidates], hits[question.candidates :]
    # A generator ranks by one sentence: a picture's vector is no embedding of a text, nor is a moved query.
    text = question.sentence
    if query.raw is None or text is None or not query.is_one_sentence or not best:
        return hits, None
    places = np.array([hit.place for hit in best], np.intp)
    heard, known = None, None
    if reranker.scorer is not None:
        heard = _heard(query, places, pictures, reader, reranker.scorer)
        known = 0 if heard is None else int(np.isfinite(heard.numbers[:, 0]).sum())
        if not known:
            return hits, RerankSummary(len(best), None, known)
    features = reader.features(pictures.space, places, evidence=reranker.reads_evidence)
    shortlist = Shortlist(
        text, query.raw, features.frames, features.mask, _score(best, reranker), features.evidence
    )
    if heard is not None:
        shortlist = replace(shortlist, numbers=heard.numbers, asked=query.asked, records=heard.records)
    result = reranker.rerank(shortlist)
    return _in_order(best, result) + others, RerankSummary(len(best), result.none_probability, known)


def _heard(
    query: Query, places: NDArray[np.intp], pictures: PictureChannel, reader: SpaceReader, scorer: str
) -> Heard | None:
    """What a scorer says of some segments; None where it was not asked."""
    if query.asked is None:
        return None
    return query.asked.heard(reader.regions(pictures.space, places, scorer=scorer, width=RECORD_BYTES))


def _score(hits: Sequence[PictureHit], reranker: Reranker) -> NDArray[np.float32]:
    """What the moments are ranked by; a generator that was trained without hub correction gets none."""
    moments = [hit.moment for hit in hits]
    if reranker.scorer is None:
        return np.array([moment.similarity for moment in moments], np.float32)
    return np.array(
        [moment.similarity if moment.score is None else moment.score for moment in moments], np.float32
    )


def _in_order(hits: Sequence[PictureHit], reranked: RerankedList) -> list[PictureHit]:
    """The hits of a shortlist in their new order, each with its probability where there is one."""
    if reranked.probabilities is not None:
        shares = reranked.probabilities.tolist()
        hits = [replace(hit, probability=share) for hit, share in zip(hits, shares, strict=True)]
    return [hits[place] for place in reranked.order.tolist()]
