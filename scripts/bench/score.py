"""What the parts of a segment's similarity contribute: the best frames, and the span of the mean frame.

    python scripts/bench/score.py --library L                           (an index of 104 clips: a minute)
    python scripts/bench/score.py --quick                               (indexes 6 clips)

Ranks the videos of MANIFEST.jsonl by their best segment, w = 0.5, for every combination of 1, 2 or 3 best
frames with the mean of the segment alone, of the 30 s around it, or of the whole video. The row of what
`mediaindex.search.channels.similarity` does is computed by the product's own code; the baseline is one best
frame and the segment.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._plain_scores import MEANS, PlainVideo, similarities
from bench._report import Row, add_videos, flags, publish
from bench.recall import (
    DEPTHS,
    QUICK_CLIPS,
    Clip,
    SearchableClips,
    plain_videos,
    read_clips,
    searchable_clips,
    some_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Score = Callable[[PlainVideo, NDArray[np.float32]], float]

BLEND = 0.5
PRODUCT = "the product's: 3 best, 30 s around"


def main() -> None:
    """Print recall for each way of scoring."""
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="an index of the clips, else made anew")
    arguments = parser.parse_args()
    clips = read_clips(arguments.videos)
    if arguments.quick:
        clips = some_of(clips, QUICK_CLIPS, arguments.seed)
    with searchable_clips(clips, arguments.library) as held:
        publish("score", measure(held, clips), arguments.json)


def measure(held: SearchableClips, clips: Sequence[Clip]) -> list[Row]:
    """Recall of queries and captions together with that of one best frame and the segment's own mean."""
    from mediaindex.search.channels.similarity import unit

    videos = plain_videos(held, clips)
    queries = {
        "query": [(clip.query, clip.path) for clip in clips],
        "captions": [(caption, clip.path) for clip in clips for caption in clip.captions],
    }
    result = []
    for kind, pairs in queries.items():
        vectors = unit(held.encoder.texts([text for text, _path in pairs]).pooled)
        recalls: dict[str, list[float]] = {}
        for name, score in ways(held).items():
            ranks = [_rank(score, videos, q, path) for q, (_t, path) in zip(vectors, pairs, strict=True)]
            recalls[name] = [100 * sum(r <= depth for r in ranks) / len(ranks) for depth in DEPTHS]
        baseline = recalls[_name(1, "segment")]
        for name, values in recalls.items():
            for depth, value, before in zip(DEPTHS, values, baseline, strict=True):
                result.append(Row(f"{kind} R@{depth}, {name}", value, "%", before, value / before))
    return result


def ways(held: SearchableClips) -> Mapping[str, Score]:
    """Every combination, and the product's own function."""
    combined = {
        _name(best, mean): _combined(best, mean) for best, mean in itertools.product((1, 2, 3), MEANS)
    }
    return {**combined, PRODUCT: _product(held)}


def _name(best: int, mean: str) -> str:
    return f"{best} best, {mean}"


def _product(held: SearchableClips) -> Score:
    import numpy as np

    from mediaindex.search.channels.similarity import exact_similarities
    from mediaindex.store.vectors.reader import SpaceReader

    with held.library.read() as connection:
        space = SpaceReader(held.library, held.space).snapshot(connection)

    def score(video: PlainVideo, query: NDArray[np.float32]) -> float:
        segments = np.array(space.of_video(video.video_id))
        return float(exact_similarities(space, segments, query, blend=BLEND).max())

    return score


def _combined(best: int, mean: str) -> Score:
    return lambda video, query: float(similarities(video, query, blend=BLEND, best=best, mean=mean).max())


def _rank(score: Score, videos: Mapping[Path, PlainVideo], query: NDArray[np.float32], right: Path) -> int:
    """The rank of the right clip, ties counted against it."""
    scores = {path: score(video, query) for path, video in videos.items()}
    return sum(value >= scores[right] for value in scores.values())


if __name__ == "__main__":
    main()
