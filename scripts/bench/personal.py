"""What training on a user's own captions gains over the shipped ranking, by how many captions there are.

    python scripts/bench/personal.py --videos ../shared/corpus/videos    (104 clips: minutes on 2 cores)
    python scripts/bench/personal.py --quick                             (12 clips)
    python scripts/bench/personal.py --library DIR                       (a library that holds them)

Indexes the clips into a temporary library, keeps both `captions` of each from MANIFEST.jsonl, and trains as
`mediaindex train` does, on the captions of so many videos, drawn anew `--draws` times. The gallery is all
clips. Each caption is ranked by what never saw its video (five folds). A difference is the mean over
the draws that have the caption, its interval is resampled by video. No ranking is kept: nothing that ships
is trained on these captions.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish, say
from bench.recall import Clip, SearchableClips, read_clips, searchable_clips, some_of

from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap
from mediaindex.learn.personal.cross_fitting import cross_fitted, fold_of
from mediaindex.learn.personal.examples import read_examples
from mediaindex.learn.personal.lists import Asking, Listed, listed
from mediaindex.learn.personal.outcome import INSTANT, PERSONAL, Ranked, gate_of
from mediaindex.learn.personal.rehearsal import shipped_photographs
from mediaindex.learn.personal.text_side import LAYERS
from mediaindex.learn.personal.train import SHIPPED, rankings_before
from mediaindex.search.ranking.user_gate import NO_VERDICTS
from mediaindex.store.catalog import lookup
from mediaindex.store.notes import captions
from mediaindex.store.notes.captions import Said

SIZES = (30, 60, 120, 160)
QUICK_SIZES, QUICK_CLIPS = (12,), 12
METRICS = ("R@1", "R@10", "MRR")
LEVELS = ("shipped", "weights", *LAYERS)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is measured: the lists of all captions, the shipped weights, and what is rehearsed."""

    lists: Sequence[Listed]
    contents: dict[int, str]
    shipped: NDArray[np.float64]
    photographs: Sequence[Listed]

    def drawn(self, count: int, seed: int) -> list[Listed]:
        """The captions of videos in a random order, until there are so many."""
        of_video: dict[int, list[Listed]] = defaultdict(list)
        for one in self.lists:
            of_video[next(iter(one.example.videos))].append(one)
        order = random.Random(f"{seed} {count}").sample(sorted(of_video), len(of_video))
        return [one for video in order for one in of_video[video]][:count]


def subject_of(held: SearchableClips) -> Subject:
    """Ask every caption of the library."""
    with held.library.read() as connection:
        examples = read_examples(connection, held.space.id)
    before = rankings_before(held.library.root, held.space, NO_VERDICTS)
    mixture = before.shipped.mixture
    assert mixture is not None
    asking = Asking(held.searcher, held.corrects_hubs(), 64)
    say(f"asking {len(examples.all)} captions")
    found = list(listed(asking, examples.all, mixture, lambda _done, _total: None))
    lists = [one for one in found if one is not None]
    if len(lists) < len(found):
        sys.exit("some moments have no evidence of regions; run 'mediaindex index' on the library")
    photographs = shipped_photographs(held.space.digest, mixture, corrects_hubs=asking.corrects_hubs)
    return Subject(lists, examples.contents, np.array(mixture.weights), photographs)


def trained(subject: Subject, lists: Sequence[Listed]) -> tuple[Ranked, str]:
    """The captions in each order, out of fold, and the level that all of them took."""
    fit = cross_fitted(lists, subject.contents, subject.shipped, subject.photographs)
    videos = [next(iter(one.example.videos)) for one in lists]
    own = [fit.by_fold[fold_of(subject.contents[video])] for video in videos]
    ranks = {
        INSTANT: np.array([one.instant_rank for one in lists]),
        SHIPPED: np.array([one.rank(subject.shipped) for one in lists]),
        PERSONAL: np.array([one.rank(by.weights, by.text_side) for one, by in zip(lists, own, strict=True)]),
    }
    return Ranked(np.array(videos), ranks, INSTANT), fit.choice.level


def figures(ranks: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """R@1, R@10 and the reciprocal rank of each caption, times 100."""
    recalls = {f"R@{depth}": np.where(ranks < depth, 100.0, 0.0) for depth in (1, 10)}
    return {**recalls, "MRR": 100.0 / (1.0 + ranks)}


def rows_of(subject: Subject, size: int, draws: int, seed: int) -> Iterator[Row]:
    """What a training on so many captions gains."""
    gains: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    means: dict[tuple[str, str], list[float]] = defaultdict(list)
    videos: dict[int, int] = {}
    promoted, levels = 0, Counter[str]()
    for draw in range(draws):
        lists = subject.drawn(size, seed + draw)
        ranked, level = trained(subject, lists)
        promoted += gate_of(ranked).on
        levels[level] += 1
        own = {name: figures(ranks) for name, ranks in ranked.ranks.items()}
        for metric in METRICS:
            for name, values in own.items():
                means[name, metric].append(float(values[metric].mean()))
            for against in (INSTANT, SHIPPED):
                less = own[PERSONAL][metric] - own[against][metric]
                for one, video, value in zip(lists, ranked.videos.tolist(), less.tolist(), strict=True):
                    gains[against, metric][one.example.number].append(value)
                    videos[one.example.number] = video
    for name in (INSTANT, SHIPPED, PERSONAL):
        for metric in METRICS:
            yield Row(f"{size} captions, {name}: {metric}", float(np.mean(means[name, metric])), "%")
    for (against, metric), by_caption in gains.items():
        interval = _interval(by_caption, videos)
        what = f"{size} captions, personal less {against}: {metric}"
        yield Row(what, interval.value, "points")
        yield Row(f"{what}, from", interval.low, "points")
        yield Row(f"{what}, to", interval.high, "points")
    yield Row(f"{size} captions: promoted over the instant order", 100.0 * promoted / draws, "% of draws")
    for level in LEVELS:
        yield Row(f"{size} captions: {level} taken", 100.0 * levels[level] / draws, "% of draws")


def _interval(by_caption: dict[int, list[float]], videos: dict[int, int]) -> Interval:
    values = [float(np.mean(own)) for own in by_caption.values()]
    return paired_bootstrap(values, [videos[number] for number in by_caption], seed=0)


def level_table(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[str]:
    """How often each level was taken, in Markdown."""
    value = {row.what: row.value for row in rows}
    yield f"| captions | put in use | {' | '.join(f'{level} taken' for level in LEVELS)} |"
    yield "|--:" * (2 + len(LEVELS)) + "|"
    for size in sizes:
        taken = [value[f"{size} captions: {level} taken"] for level in LEVELS]
        shares = [value[f"{size} captions: promoted over the instant order"], *taken]
        yield f"| {size} | {' | '.join(f'{share:.0f} %' for share in shares)} |"


def table_of(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[str]:
    """The differences as the documentation shows them, in Markdown."""
    value = {row.what: row.value for row in rows}
    yield "| captions | personal less | R@1 | R@10 | MRR | promoted |"
    yield "|--:|---|---|---|---|--:|"
    for size in sizes:
        promoted = value[f"{size} captions: promoted over the instant order"]
        for against in (INSTANT, SHIPPED):
            cells = []
            for metric in METRICS:
                what = f"{size} captions, personal less {against}: {metric}"
                mean, low, high = value[what], value[f"{what}, from"], value[f"{what}, to"]
                cells.append(f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]")
            of_draws = f"{promoted:.0f} %" if against == INSTANT else ""
            yield f"| {size} | {against} | {' | '.join(cells)} | {of_draws} |"


def write_captions(held: SearchableClips, clips: Sequence[Clip]) -> None:
    """Keep the captions of the clips in their library, each of a whole clip."""
    with held.library.write() as connection:
        for clip in clips:
            video = lookup.video_at(connection, clip.path)
            assert video is not None
            captions.add_new(connection, video, [Said(None, None, caption) for caption in clip.captions])


def main() -> int:
    """Run the benchmark."""
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="a library with the clips and captions")
    parser.add_argument("--draws", type=int, default=10, metavar="N", help="trainings of each size (10)")
    arguments = parser.parse_args()
    clips = read_clips(arguments.videos)
    sizes: tuple[int, ...] = SIZES
    draws = arguments.draws
    if arguments.quick:
        clips, sizes, draws = some_of(clips, QUICK_CLIPS, arguments.seed), QUICK_SIZES, 2
    rows: list[Row] = []
    with searchable_clips(clips, arguments.library) as held:
        if arguments.library is None:
            write_captions(held, clips)
        subject = subject_of(held)
    sizes = (*(size for size in sizes if size < len(subject.lists)), len(subject.lists))
    for size in sizes:
        times = draws if size < len(subject.lists) else 1
        say(f"training on {size} captions, {times} times")
        rows += rows_of(subject, size, times, arguments.seed)
    publish("personal", rows, arguments.json)
    print("\n" + "\n".join([*table_of(rows, sizes), "", *level_table(rows, sizes)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
