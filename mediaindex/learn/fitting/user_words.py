"""What a library's words answer to its user's captions and marks.

A caption is among the words, and asked as it is it would find itself. So what says the same word for word
does not answer while it is asked: the caption, its doubles, the line of subtitles that it was taken from.
What is left are names, titles, tags, subtitles and other captions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from mediaindex.learn.evaluation.library_queries import KnownAnswer, spread
from mediaindex.learn.fitting.picture_samples import MOMENTS
from mediaindex.learn.fitting.samples import SampleRow
from mediaindex.learn.fitting.user_samples import MOST, Judgements
from mediaindex.search.confidence.word_numbers import word_numbers
from mediaindex.store.catalog import fulltext
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.notes.marks import Mark
from mediaindex.store.words.folding import folded


@dataclass(frozen=True, slots=True)
class AnsweredByWords:
    """What words answer to captions and marks.

    Attributes:
        judged: captions of different words, and marks, to which they answer.
        rows: the first hits of each caption, and the hits that are marked.
    """

    judged: int
    rows: tuple[SampleRow, ...]


def answered_by_words(
    connection: sa.Connection, judged: Judgements, videos: Iterable[int]
) -> AnsweredByWords:
    """Ask the words for each caption, with the videos that it is about and without them, and for each mark.

    Args:
        videos: ids of those that a search can show.
    """
    shown, count = frozenset(videos), 0
    rows: list[SampleRow] = []
    for meant in spread(_by_text(judged.captions), MOST):
        found = _of_caption(connection, meant, shown)
        count += any(answered for *_row, answered in found)
        rows += found
    marks = judged.marks[:MOST]
    for query in dict.fromkeys(mark.query for mark in marks):
        found = _of_marks(connection, query, [mark for mark in marks if mark.query == query], shown)
        count += len(found)
        rows += found
    return AnsweredByWords(count, tuple(rows))


def _by_text(captions: Iterable[KnownAnswer]) -> list[list[KnownAnswer]]:
    """Captions that have the same words together: each of them is right for all."""
    same: dict[str, list[KnownAnswer]] = {}
    for caption in captions:
        same.setdefault(folded(caption.text), []).append(caption)
    return list(same.values())


def _of_caption(
    connection: sa.Connection, meant: Sequence[KnownAnswer], shown: frozenset[int]
) -> list[SampleRow]:
    """The first hits for captions of the same words, where their videos are and where they are not."""
    rows: list[SampleRow] = []
    for without in (frozenset[int](), frozenset(one.video_id for one in meant)):
        hits = fulltext.find_besides(connection, meant[0].text, shown - without).hits
        if not hits:
            break  # with fewer videos there are no more
        for place, numbers in enumerate(word_numbers(hits)[:MOMENTS]):
            right = any(_is_about(one, hits[place]) for one in meant)
            rows.append((numbers, right, meant[0].video_id, place == 0, not without))
    return rows


def _of_marks(
    connection: sa.Connection, query: str, marks: Sequence[Mark], shown: frozenset[int]
) -> list[SampleRow]:
    """The hits that are marked for a query; none need have been the first, so none counts as one."""
    hits = fulltext.find_besides(connection, query, shown).hits
    rows: list[SampleRow] = []
    for numbers, hit in zip(word_numbers(hits), hits, strict=False):
        said = [mark.is_right for mark in marks if _is_at(mark, hit)]
        if said:
            rows.append((numbers, any(said), hit.video_id, False, any(said)))
    return rows


def _is_about(caption: KnownAnswer, hit: WordHit) -> bool:
    """Whether a hit shows what a caption is about; words about a file show all of it."""
    if caption.video_id != hit.video_id:
        return False
    return caption.stretch is None or _overlap(caption.stretch, hit)


def _is_at(mark: Mark, hit: WordHit) -> bool:
    return mark.video_id == hit.video_id and _overlap((mark.start_seconds, mark.end_seconds), hit)


def _overlap(stretch: tuple[float, float], hit: WordHit) -> bool:
    if hit.start_seconds is None or hit.end_seconds is None:
        return True
    return hit.start_seconds <= stretch[1] and stretch[0] <= hit.end_seconds
