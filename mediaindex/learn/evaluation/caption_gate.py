"""Two rankings compared on the user's captions, look by look, until these decide.

The unit is the video. Captions of one film are alike: a ranking that knows the film gains on all of them, so
that they count as one, by their mean. A video is judged once for a pair of rankings, on the captions that it
has then, and keeps its place: what is written about it later, edited or removed changes no difference that
was seen, for a sequence is valid only if its past stays. Videos are taken in the order in which their first
captions came into the library, which no clock and no result can change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mediaindex.learn.evaluation.benchmark_rankings import Numbers
from mediaindex.learn.evaluation.confidence_sequence import confidence_sequence, missing_to_decide
from mediaindex.learn.evaluation.library_queries import KnownAnswer
from mediaindex.learn.evaluation.library_trial import ask
from mediaindex.search.ranking.shortlist import Reranker
from mediaindex.search.searcher import Searcher
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, verdicts
from mediaindex.store.notes.captions import Caption
from mediaindex.store.notes.verdicts import Pair, Verdict, VideoDifference

MOST_CAPTIONS = 1000
"""So many are asked in one look; the others wait for the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What ranks beside the similarity."""

    corrects_hubs: bool = False
    reranker: Reranker | None = None


def gains(
    searcher: Searcher,
    asked: Sequence[Caption],
    videos: Sequence[int],
    *,
    setting: Setting,
    base: Setting,
    candidates: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[int, float]:
    """The reciprocal rank of the video of each caption in one setting less that in another, by the id.

    Args:
        videos: the gallery, ids. candidates: as in `Question`. progress: (done, total) over both settings.

    Raises:
        StoreError, GeneratorUnavailable: see `Searcher.search`.
    """
    answers = [KnownAnswer(one.text, one.video_id) for one in asked if one.video_id is not None]

    def reciprocal_ranks(chosen: Setting, before: int) -> Numbers:
        searcher.reranker = chosen.reranker
        found = ask(
            searcher,
            answers,
            videos,
            corrects_hubs=chosen.corrects_hubs,
            candidates=candidates,
            progress=lambda done, total: progress(before + done, 2 * total),
        )
        return 1.0 / (1.0 + found.order)

    gained = -reciprocal_ranks(base, 0) + reciprocal_ranks(setting, len(answers))
    return {one.id: float(gain) for one, gain in zip(asked, gained, strict=True)}


def unjudged(
    library: Library, pair: Pair, gallery: Collection[int], *, without: Collection[int] = ()
) -> list[Caption]:
    """The captions of videos that a pair was not judged on, in the order in which the videos came.

    Args:
        gallery: videos that a search can show. without: videos that a generator was trained on.
    """
    with library.read() as connection:
        known = verdicts.judged_videos(connection, pair)
        every = captions.every(connection)
    open_videos = set(gallery) - known - set(without)
    of_video: dict[int, list[Caption]] = {}
    for one in sorted(every, key=lambda caption: caption.id):
        if one.video_id in open_videos:
            of_video.setdefault(one.video_id, []).append(one)
    chosen: list[Caption] = []
    for group in of_video.values():
        if chosen and len(chosen) + len(group) > MOST_CAPTIONS:
            break
        chosen += group
    return chosen


def judge(library: Library, pair: Pair, differences: Mapping[int, float]) -> Verdict:
    """Add what captions gained to the sequence of a pair, and keep the verdict that follows.

    Only captions that did not teach the ranking may be given: untouched ones, or each by a network that was
    trained without its video. Those of a video that was judged before are passed over.

    Args:
        differences: gain in reciprocal rank, −1 to 1, by the id of the caption.

    Raises:
        ValueError: a difference is not finite, or none of reciprocal ranks.
        NoSpace, WriterBusy: the library cannot be written.
    """
    if not all(abs(value) <= 1.0 for value in differences.values()):
        raise ValueError("a difference of reciprocal ranks lies between -1 and 1")
    with library.write() as connection:
        every = captions.every(connection)
        gained = _by_video([one for one in every if one.id in differences], differences)
        verdicts.add(connection, pair, gained)
        kept = verdicts.differences(connection, pair)
    # This takes a second where there are thousands, and nobody is to wait for it.
    verdict = _verdict(pair, kept)
    with library.write() as connection:
        if len(verdicts.differences(connection, pair)) == len(kept):  # else a later look has them all
            verdicts.put(connection, verdict)
    return verdict


def _by_video(asked: list[Caption], differences: Mapping[int, float]) -> list[VideoDifference]:
    of_video: dict[int, list[float]] = {}
    for one in sorted(asked, key=lambda caption: caption.id):
        if one.video_id is not None:
            of_video.setdefault(one.video_id, []).append(differences[one.id])
    return [VideoDifference(video, len(gains), float(np.mean(gains))) for video, gains in of_video.items()]


def _verdict(pair: Pair, kept: list[tuple[int, float]]) -> Verdict:
    gains = [gain for _captions, gain in kept]
    found = confidence_sequence(gains)
    asked = sum(number for number, _gain in kept)
    return Verdict(pair, asked, len(kept), found.value, found.low, found.high, missing_to_decide(gains))
