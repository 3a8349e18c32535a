"""Both channels in one order, by reciprocal rank: what the pictures rank and what the words rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mediaindex.search.channels.moments import Moment
from mediaindex.store.catalog.fulltext import WordHit

if TYPE_CHECKING:  # it imports numpy, which words alone do not need
    from mediaindex.search.channels.pictures import PictureHit


class FusedMoment(NamedTuple):
    """A moment on its way to becoming a hit; ranks are from 1, None in a channel that did not find it.

    Attributes:
        picture_hit: what the pictures found there. picture_rank: its place among them.
        word_rank: the place of `word_hit` among what the words rank.
        seen: what the pictures show of its video, None where they show nothing.
        confidence: the probability that it is what was asked for, None where it was not judged.
    """

    moment: Moment
    picture_hit: PictureHit | None = None
    picture_rank: int | None = None
    word_rank: int | None = None
    word_hit: WordHit | None = None
    seen: PictureHit | None = None
    confidence: float | None = None

    @property
    def is_cue(self) -> bool:
        """Whether it is a line of a subtitle, with times of its own."""
        return self.word_hit is not None and self.word_hit.start_seconds is not None

    @property
    def is_told(self) -> bool:
        """Whether the words hold all that was asked for, and not by the name of the camera alone."""
        return self.word_hit is not None and self.word_hit.told == 1.0

    @property
    def score(self) -> float:
        """The sum of 1 / (60 + rank) over the channels that found it.

        Words that hold a part of the query, or hold it by the camera alone, find a moment but lift none: it
        counts by their share of 1 / (60 + rank), or by its pictures where these give more.
        """
        pictures = reciprocal_rank(self.picture_rank)
        if self.word_hit is None or self.is_told:
            return pictures + reciprocal_rank(self.word_rank)
        return max(pictures, self.word_hit.coverage * reciprocal_rank(self.word_rank))

    @property
    def probability(self) -> float | None:
        """That a generator gives it; None where the words show another segment than the pictures found."""
        hit = self.picture_hit
        return None if hit is None or hit.moment.segment_id != self.moment.segment_id else hit.probability


def fused(
    picture_hits: Sequence[PictureHit],
    word_hits: Sequence[WordHit],
    best: Mapping[int, PictureHit],
    durations: Mapping[int, float],
) -> list[FusedMoment]:
    """Both channels in one order, best first; a moment that both found stands once.

    Args:
        picture_hits, word_hits: what each channel ranks, best first.
        best: the best moment of each video by its pictures, for what only words found.
        durations: seconds of each video that only words found, as far as they are known.
    """
    ranked_of_video: dict[int, list[tuple[int, PictureHit]]] = {}
    for rank, picture_hit in enumerate(picture_hits, 1):
        ranked_of_video.setdefault(picture_hit.moment.video_id, []).append((rank, picture_hit))
    moments = []
    for word_rank, word_hit in enumerate(word_hits, 1):
        ranked = ranked_of_video.get(word_hit.video_id, [])
        same = next((pair for pair in ranked if overlaps(pair[1].moment, word_hit)), None)
        if same is not None:
            ranked.remove(same)
        seen = same[1] if same else best.get(word_hit.video_id)
        moment = _moment_of_words(word_hit, seen, durations.get(word_hit.video_id, 0.0))
        picture_rank, own_hit = same or (None, None)
        moments.append(FusedMoment(moment, own_hit, picture_rank, word_rank, word_hit, seen))
    for ranked in ranked_of_video.values():
        moments += [FusedMoment(hit.moment, hit, rank, seen=hit) for rank, hit in ranked]
    # At equal scores words come first: they were typed, while a picture only looks alike.
    return sorted(moments, key=lambda m: (-m.score, not m.is_told, m.word_rank is None, m.picture_rank or 0))


def overlaps(moment: Moment, hit: WordHit) -> bool:
    """Whether a cue is said in a moment; words about the whole file go with its best moment."""
    if hit.start_seconds is None or hit.end_seconds is None:
        return True
    return moment.start_seconds < hit.end_seconds and hit.start_seconds < moment.end_seconds


def _moment_of_words(hit: WordHit, seen: PictureHit | None, duration: float) -> Moment:
    """The moment of a word hit: the cue's own times, else what the pictures show, else the whole file."""
    if hit.start_seconds is not None and hit.end_seconds is not None:
        return Moment(hit.video_id, None, hit.start_seconds, hit.end_seconds, None)
    return Moment(hit.video_id, None, 0.0, duration, None) if seen is None else seen.moment


def reciprocal_rank(*ranks: int | None, k: int = 60) -> float:
    """Reciprocal rank fusion (Cormack et al., SIGIR 2009): the sum of 1 / (k + rank), ranks from 1."""
    return sum(1.0 / (k + rank) for rank in ranks if rank is not None)
