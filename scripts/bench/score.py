"""What the parts of a segment's similarity contribute: the best frames, and the span of the mean frame.

    python scripts/bench/score.py --library L                           (an index of 104 clips: a minute)
    python scripts/bench/score.py --quick                               (indexes 6 clips)

Ranks the videos of MANIFEST.jsonl by their best segment, w = 0.5, for every combination of 1, 2 or 3 best
frames with the mean of the segment alone, of the 30 s around it, or of the whole video. The row of what
`mediaindex.search.channels.similarity` does is computed by the product's own code; the baseline is one best frame and
the segment.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish
from bench.recall import (
    DEPTHS,
    QUICK_CLIPS,
    Clip,
    SearchableClips,
    read_clips,
    searchable_clips,
    some_of,
    videos_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex.store.catalog.lookup import IndexedVideo

    Score = Callable[[IndexedVideo, NDArray[np.float32], NDArray[np.float32]], float]

MEANS = ("segment", "30 s around", "whole video")
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
    import numpy as np

    from mediaindex.search.channels.similarity import unit

    videos = videos_of(held, clips)
    rows = held.library.vectors(held.space).read([video.generation for video in videos.values()])
    frames = {}
    for path, video in videos.items():
        own = rows.take(rows.generation == video.generation)
        frames[path] = own.vector[np.argsort(own.frame)].astype(np.float32)
    queries = {
        "query": [(clip.query, clip.path) for clip in clips],
        "captions": [(caption, clip.path) for clip in clips for caption in clip.captions],
    }
    result = []
    for kind, pairs in queries.items():
        vectors = unit(held.encoder.texts([text for text, _path in pairs]).pooled)
        recalls: dict[str, list[float]] = {}
        for name, score in ways().items():
            ranks = [
                _rank(score, videos, frames, q, path) for q, (_t, path) in zip(vectors, pairs, strict=True)
            ]
            recalls[name] = [100 * sum(r <= depth for r in ranks) / len(ranks) for depth in DEPTHS]
        baseline = recalls[_name(1, "segment")]
        for name, values in recalls.items():
            for depth, value, before in zip(DEPTHS, values, baseline, strict=True):
                result.append(Row(f"{kind} R@{depth}, {name}", value, "%", before, value / before))
    return result


def ways() -> Mapping[str, Score]:
    """Every combination, and the product's own function."""
    combined = {
        _name(best, mean): _combined(best, mean) for best, mean in itertools.product((1, 2, 3), MEANS)
    }
    return {**combined, PRODUCT: _product}


def _name(best: int, mean: str) -> str:
    return f"{best} best, {mean}"


def _product(video: IndexedVideo, frames: NDArray[np.float32], query: NDArray[np.float32]) -> float:
    from mediaindex.search.channels.moments import scored_segments

    return max(segment.similarity for segment in scored_segments(video, frames, query, 0.5))


def _combined(best: int, mean: str) -> Score:
    def score(video: IndexedVideo, frames: NDArray[np.float32], query: NDArray[np.float32]) -> float:
        import numpy as np

        from mediaindex.search.channels.similarity import unit, windows

        seconds = np.array([time for row in video.segments for time in row.frames])
        bounds = np.array([(row.start_seconds, row.end_seconds) for row in video.segments])
        around = windows(bounds, float(seconds[-1]))
        values = []
        for row, (start, stop) in zip(video.segments, around, strict=True):
            own = frames[row.first_frame : row.first_frame + len(row.frames)]
            inside = (seconds >= start) & (seconds <= stop)
            frames_of_mean = {"segment": own, "30 s around": frames[inside], "whole video": frames}[mean]
            top = float(np.sort(own @ query)[-best:].mean())
            values.append(0.5 * top + 0.5 * float(unit(frames_of_mean.mean(axis=0)) @ query))
        return max(values)

    return score


def _rank(
    score: Score,
    videos: Mapping[Path, IndexedVideo],
    frames: Mapping[Path, NDArray[np.float32]],
    query: NDArray[np.float32],
    right: Path,
) -> int:
    """The rank of the right clip, ties counted against it."""
    scores = {path: score(video, frames[path], query) for path, video in videos.items()}
    return sum(value >= scores[right] for value in scores.values())


if __name__ == "__main__":
    main()
