"""How much the confidence of a search is worth: described clips, and sentences that none of them shows.

    python scripts/bench/confidence.py --videos ../shared/corpus/videos      (104 clips: minutes on 2 cores)
    python scripts/bench/confidence.py --quick                               (6 clips)
    python scripts/bench/confidence.py --library DIR                         (a library that holds them)

Asks for the `query` of every clip in MANIFEST.jsonl and for every line of scripts/data/nothing_matches.txt,
by the pictures alone and by both channels, reranked as a search is by itself. A first hit is right where it
lies in the clip, or in a scene of a joined clip that was cut from it. Nothing here was fitted on, and no
threshold was chosen here. With `--fitted FILE`, what `scripts/calibrate.py --report FILE` held out stands in
front.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish
from bench.recall import QUICK_CLIPS, Clip, SearchableClips, read_clips, searchable_clips, some_of

if TYPE_CHECKING:
    from mediaindex.search.answer import Channel, Hit

NOTHING = Path(__file__).resolve().parents[1] / "data" / "nothing_matches.txt"
BINS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """The first hit of a question.

    Attributes:
        confidence: 0 where there is no hit. right: None for a question that nothing answers.
    """

    confidence: float
    confident: bool
    right: bool | None


def asked(
    held: SearchableClips, text: str, clip: Clip | None, clips: Sequence[Clip], channel: Channel
) -> Asked:
    """Ask one question."""
    from mediaindex.search.answer import Question

    corrects = held.corrects_hubs() and channel != "words"
    answer = held.searcher.search(Question(text, limit=10, channel=channel, corrects_hubs=corrects))
    if not answer.hits:
        return Asked(0.0, False, None if clip is None else False)
    first = answer.hits[0]
    right = None if clip is None else is_right(first, clip, clips)
    return Asked(first.confidence or 0.0, bool(answer.confident), right)


def reranked(held: SearchableClips) -> SearchableClips:
    """The same with the generator that is on by itself, if one is."""
    from mediaindex.search.ranking.generator_registry import decide
    from mediaindex.search.ranking.reranker import load_reranker
    from mediaindex.search.searcher import Searcher

    decision = decide(held.space, held.library.root, None, "auto")
    if not decision.gate.on or decision.generator is None:
        return held
    reranker = load_reranker(decision.generator)
    return replace(held, searcher=Searcher(held.library, held.space, held.encoder, reranker=reranker))


def is_right(hit: Hit, clip: Clip, clips: Sequence[Clip]) -> bool:
    """Whether a hit shows a clip, itself or as a scene of a joined one."""
    if Path(hit.path) == clip.path:
        return True
    scenes = next((one.scenes for one in clips if one.path == Path(hit.path)), ())
    return any(
        scene.query == clip.query and scene.start_seconds <= hit.best_seconds < scene.end_seconds
        for scene in scenes
    )


def rows_of(title: str, queries: Sequence[Asked], others: Sequence[Asked]) -> Iterator[Row]:
    """What the confidence of some questions is worth."""
    sure = [one for one in queries if one.confident]
    right = [one for one in sure if one.right]
    yield Row(f"{title}: queries whose first hit is right", _percent(one.right for one in queries), "%")
    yield Row(f"{title}: queries that are confident", _percent(one.confident for one in queries), "%")
    yield Row(f"{title}: of these, right", 100.0 * len(right) / max(1, len(sure)), "%")
    yield Row(
        f"{title}: sentences that nothing matches, confident", _percent(one.confident for one in others), "%"
    )
    every = [*queries, *others]
    error = 0.0
    for number in range(BINS):
        part = [one for one in every if min(int(one.confidence * BINS), BINS - 1) == number]
        if part:
            mean = sum(one.confidence for one in part) / len(part)
            share = sum(bool(one.right) for one in part) / len(part)
            error += len(part) / len(every) * abs(mean - share)
            between = f"{number / BINS:.1f} to {(number + 1) / BINS:.1f}"
            what = f"{title}: {len(part)} first hits of {between}, mean {mean:.2f}: right"
            yield Row(what, share, "share")
    yield Row(f"{title}: expected calibration error, {BINS} bins", error, "share")


def fitted_rows(reports: Mapping[str, Any]) -> Iterator[Row]:
    """What was held out when the calibrations were fitted."""
    for key, report in reports.items():
        title = f"held-out {key}"
        count = int(report["questions"])
        yield Row(f"{title}, {count} questions: expected calibration error", report["ece"], "share")
        yield Row(f"{title}: Brier skill", report["skill"], "share")
        yield Row(f"{title}: first hits that are right", 100 * report["right"], "%")
        yield Row(f"{title}: confident, with an answer", 100 * report["confident_with_answer"], "%")
        yield Row(f"{title}: confident, without one", 100 * report["confident_without_answer"], "%")
        yield Row(f"{title}: of the confident ones, right", 100 * report["right_if_confident"], "%")
        for point in report["curve"]:
            what = f"{title}: {point['count']} first hits of mean {point['probability']:.2f}: right"
            yield Row(what, point["right"], "share")


def _percent(values: Iterator[bool | None]) -> float:
    known = [bool(value) for value in values]
    return 100.0 * sum(known) / max(1, len(known))


def main() -> None:
    """Measure and print."""
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="a library that holds the clips")
    parser.add_argument("--fitted", type=Path, metavar="FILE", help="of scripts/calibrate.py --report")
    arguments = parser.parse_args()
    clips = read_clips(arguments.videos)
    if arguments.quick:
        clips = some_of(clips, QUICK_CLIPS, arguments.seed)
    nothing = NOTHING.read_text(encoding="utf-8").splitlines()
    rows: list[Row] = []
    if arguments.fitted is not None:
        rows += fitted_rows(json.loads(arguments.fitted.read_text(encoding="utf-8")))
    with searchable_clips(clips, arguments.library) as plain:
        held = reranked(plain)
        for channel in ("pictures", "both"):
            queries = [asked(held, clip.query, clip, clips, channel) for clip in clips]
            others = [asked(held, text, None, clips, channel) for text in nothing]
            rows += rows_of(f"clips, {channel}", queries, others)
    publish("confidence", rows, arguments.json)


if __name__ == "__main__":
    main()
