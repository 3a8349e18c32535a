"""A search's question and its answer: the values that a command gives and gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from mediaindex.search.confidence.calibration import IMPROBABLE
from mediaindex.store.catalog.fulltext import Correction
from mediaindex.store.catalog.lookup import Filters

if TYPE_CHECKING:  # words alone do not need it
    import numpy as np
    from numpy.typing import NDArray

PER_VIDEO = 3
CANDIDATES = 64
DEPTH = 64

Channel = Literal["pictures", "words", "both"]
Stage = Literal["words", "full", "reranked"]


class Following(NamedTuple):
    """What has to come after a moment in the same video.

    Attributes:
        text, vector, phrases, excluded: as those of a Question.
        within_seconds: from the end of the moment before to its start, at the most.
    """

    text: str | None
    within_seconds: float
    vector: NDArray[np.float32] | None = None
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def sentence(self) -> str | None:
        """What the encoder reads."""
        return self.text


@dataclass(frozen=True, slots=True)
class Question:
    """What a search looks for; without `text` and `vector` it finds nothing.

    Attributes:
        text: what the encoder reads, with the words of `phrases`, without those of `excluded`.
        vector: (D,) the embedding of an image or a moment; with a text beside it the mean of both counts.
        per_video: moments of one video at the most, None for all.
        channel: which channels may answer.
        min_similarity: moments that the pictures rank need at least this similarity.
        min_confidence: moments need at least this confidence; those without one are left out then.
        candidates: how many of the best moments a reranker sees.
        without: (video, seconds) of the example, which is no answer; seconds None leaves out the whole video.
        phrases: what the words must hold word for word. excluded: words and phrases that must not be there.
        following: what comes after the moment, one after the other.
        unfinished: whether the last word of `text` is still being typed.
        completed: `text` with that word as it may go on, for the encoder in place of `text`; None as it is.
        like, unlike: segments that are right, or wrong: the query moves towards them, or away.
        corrects_hubs: whether segments that are near to every sentence stand back; a text's ranking alone.
        thumbnails: whether the hits name thumbnails, which are written where they are not there yet.
    """

    text: str | None = None
    vector: NDArray[np.float32] | None = None
    limit: int = 10
    per_video: int | None = PER_VIDEO
    channel: Channel = "both"
    filters: Filters = field(default_factory=Filters)
    min_similarity: float | None = None
    min_confidence: float | None = None
    candidates: int = CANDIDATES
    without: tuple[int, float | None] | None = None
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    following: tuple[Following, ...] = ()
    unfinished: bool = False
    completed: str | None = None
    like: tuple[int, ...] = ()
    unlike: tuple[int, ...] = ()
    corrects_hubs: bool = False
    thumbnails: bool = True

    @property
    def sentence(self) -> str | None:
        """What the encoder reads."""
        return self.completed or self.text

    @property
    def depth(self) -> int:
        """How many of a channel's ranks count."""
        return max(DEPTH, self.limit)


@dataclass(frozen=True, slots=True)
class Hit:
    """One moment of the answer; field names are those of the JSON.

    Attributes:
        rank: from 1. online: whether `path` exists now.
        channel: which channels found it. words: the words of the query that stand there, with their fields.
        score: what the answer is ordered by. similarity: of the pictures, None where only words found it.
        generated_probability: that the generator gives it, None where it was not reranked.
        confidence: the probability that it is what was asked for; None where its kind is not calibrated.
        thumbnail: path of a JPEG of its best frame.
        instant_rank: among the moments of the pictures before reranking, from 1.
        parts: where each part of a sequence is, None for another query.
    """

    rank: int
    path: str
    online: bool
    volume: str
    channel: Channel
    words: list[dict[str, str]] | None
    start_seconds: float
    end_seconds: float
    best_seconds: float
    score: float
    similarity: float | None
    generated_probability: float | None
    confidence: float | None
    segment_id: int | None
    thumbnail: str | None
    instant_rank: int | None
    video_id: int
    parts: list[dict[str, float]] | None


@dataclass(frozen=True, slots=True)
class RerankSummary:
    """What the reranking of a search came to.

    Attributes:
        candidates: moments that the reranker saw.
        none_probability: that none of them is what the query describes, None without a calibration.
        with_evidence: of how many the evidence of regions was there; None where the reranker reads none.
    """

    candidates: int
    none_probability: float | None
    with_evidence: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits, best first, and what they cost.

    Attributes:
        rerank: None where nothing was reranked.
        timings_ms: milliseconds by step, None for a step that did not run.
        corrected: words of the query that stand nowhere, and what was looked for instead.
        hubs_corrected: whether the pictures were put in order less their hubs.
        stage: what has answered so far: the words alone, both channels, or the reranker too.
        confident: whether the first hit is a match, by its confidence; None where that has none.
    """

    hits: tuple[Hit, ...]
    rerank: RerankSummary | None
    timings_ms: dict[str, float | None]
    corrected: tuple[Correction, ...] = ()
    stage: Stage = "full"
    hubs_corrected: bool = False
    confident: bool | None = None

    @property
    def is_far_off(self) -> bool:
        """Whether nothing here looks like what was asked for: the first hit is improbable."""
        first = self.hits[0].confidence if self.hits else None
        return first is not None and first < IMPROBABLE
