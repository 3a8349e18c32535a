"""Both channels in one order: what the pictures rank and what the words rank, by reciprocal rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mediaindex.search.moments import Moment
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.catalog.lookup import IndexedVideo


@dataclass(frozen=True, slots=True)
class PictureHit:
    """A moment that the pictures rank.

    Attributes:
        instant_rank: by similarity alone. probability: that a generator gives it, None without one.
    """

    moment: Moment
    instant_rank: int
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class FusedMoment:
    """A moment on its way to becoming a hit.

    Attributes:
        seen: what the pictures made of it, and picture_rank, where it stands among them.
    """

    moment: Moment
    seen: PictureHit | None = None
    picture_rank: int | None = None
    word_rank: int | None = None
    word_hit: WordHit | None = None

    @property
    def score(self) -> float:
        """The sum of 1 / (60 + rank) over the channels that found it."""
        return reciprocal_rank(self.picture_rank, self.word_rank)

    @property
    def probability(self) -> float | None:
        """Of the very segment that is shown."""
        same = self.seen is not None and self.seen.moment.segment_id == self.moment.segment_id
        return self.seen.probability if self.seen is not None and same else None


def fused(
    pictures: Sequence[PictureHit],
    said: Sequence[WordHit],
    videos: Mapping[int, IndexedVideo],
    best: Mapping[int, Moment],
) -> list[FusedMoment]:
    """Both channels in one order, best first; a moment that both found stands once.

    Args:
        pictures, said: what each channel ranks, best first.
        best: the best moment of each video by its pictures, for files that only words found.
    """
    ranked_of: dict[int, list[tuple[int, PictureHit]]] = {}
    for rank, seen in enumerate(pictures, 1):
        ranked_of.setdefault(seen.moment.video_id, []).append((rank, seen))
    found = []
    for rank, hit in enumerate(said, 1):
        ranked = ranked_of.get(hit.video_id, [])
        same = next((pair for pair in ranked if _overlaps(pair[1].moment, hit)), None)
        if same is not None:
            ranked.remove(same)
        nearest = same[1].moment if same else best.get(hit.video_id)
        moment = _said_moment(hit, nearest, videos.get(hit.video_id))
        picture_rank, seen_there = same or (None, None)
        found.append(FusedMoment(moment, seen_there, picture_rank, rank, hit))
    found += [FusedMoment(seen.moment, seen, rank) for ranked in ranked_of.values() for rank, seen in ranked]
    # At equal scores words come first: they were typed, while a picture only looks alike.
    return sorted(found, key=lambda f: (-f.score, f.word_rank is None, f.picture_rank or 0))


def _overlaps(moment: Moment, hit: WordHit) -> bool:
    """Whether a cue is said in a moment; words about the whole file go with its best moment."""
    if hit.start_seconds is None or hit.end_seconds is None:
        return True
    return moment.start_seconds < hit.end_seconds and hit.start_seconds < moment.end_seconds


def _said_moment(hit: WordHit, seen: Moment | None, video: IndexedVideo | None) -> Moment:
    """The moment of a word hit: the cue's own times, else what the pictures say, else the whole file."""
    if hit.start_seconds is None or hit.end_seconds is None:
        if seen is not None:
            return seen
        end = video.duration_seconds if video else 0.0
        return Moment(hit.video_id, None, 0.0, end, 0.0, 0 if video else None, None)
    start, end = hit.start_seconds, hit.end_seconds
    segment, ordinal, seconds = video.frame_at(start) if video else (None, None, start)
    similarity = seen.similarity if seen and seen.segment_id == segment else None
    return Moment(hit.video_id, segment, start, end, min(max(seconds, start), end), ordinal, similarity)


def reciprocal_rank(*ranks: int | None, k: int = 60) -> float:
    """Reciprocal rank fusion (Cormack et al., SIGIR 2009): the sum of 1 / (k + rank), ranks from 1."""
    return sum(1.0 / (k + rank) for rank in ranks if rank is not None)
