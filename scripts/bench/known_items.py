"""How often a sentence finds its clip by words alone, and by words and pictures: recall on described clips.

    python scripts/bench/known_items.py --json after.json             (104 clips: minutes on 2 cores)
    python scripts/bench/known_items.py --baseline before.json        (beside what another version wrote)

Asks for every `query` and every one of the `captions` of MANIFEST.jsonl. A clip that is not
among the first ten is not found.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish
from bench.recall import QUICK_CLIPS, Clip, read_clips, recall, searchable_clips, some_of

from mediaindex.search.answer import Channel, Question
from mediaindex.search.searcher import Searcher

CHANNELS: tuple[Channel, ...] = ("words", "both")
DEPTHS = (1, 5, 10)
NOT_FOUND = 10**6


def rank_of(searcher: Searcher, text: str, clip: Path, channel: Channel) -> int:
    """The rank of a clip among the videos that answer."""
    answer = searcher.search(Question(text, limit=max(DEPTHS), per_video=1, channel=channel))
    paths = [hit.path for hit in answer.hits]
    return paths.index(str(clip)) + 1 if str(clip) in paths else NOT_FOUND


def rows_of(searcher: Searcher, clips: list[Clip]) -> Iterator[Row]:
    """Recall of the queries and of the captions in each channel."""
    texts = {
        "queries": [(clip.query, clip.path) for clip in clips],
        "captions": [(caption, clip.path) for clip in clips for caption in clip.captions],
    }
    for channel in CHANNELS:
        for what, asked in texts.items():
            ranks = [rank_of(searcher, text, path, channel) for text, path in asked]
            for depth in DEPTHS:
                yield Row(f"{channel}, {what} R@{depth}", recall(ranks, depth), "%")


def beside(rows: list[Row], file: Path) -> list[Row]:
    """The rows with those of another run."""
    before = {row["what"]: row["value"] for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    return [
        Row(row.what, row.value, row.unit, was := before[row.what], row.value / was if was else None)
        for row in rows
    ]


def main() -> int:
    """Run the benchmark."""
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="a library that has the clips")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="what --json of another version wrote")
    arguments = parser.parse_args()
    clips = read_clips(arguments.videos)
    if arguments.quick:
        clips = some_of(clips, QUICK_CLIPS, arguments.seed)
    with searchable_clips(clips, arguments.library) as held:
        rows = list(rows_of(held.searcher, clips))
    if arguments.baseline is not None:
        rows = beside(rows, arguments.baseline)
    publish("known_items", rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
