"""What `A -x` and `A then B` are worth, each beside the same question without the operator.

    python scripts/bench/operators.py --videos ../shared/corpus/videos  (104 clips: minutes on 2 cores)
    python scripts/bench/operators.py --quick                           (two questions of each kind)

The questions stand in _operator_tasks.py, twenty of each kind, written before any was asked. Of the first ten
moments that are shown:
    excluded: share of the clips and scenes with x that are still among them
    kept: share of the right clips and scenes that are among them
    R@k, MRR: a right one is among the first k; 1 / the rank of the first right one
`to choose by` is kept less excluded of `A -x`, the MRR of `A then B`: the first half of the questions
chooses a way, the second half judges the choice. A row's interval (95 %) is of the difference to its
baseline, paired by question.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _operator_tasks as tasks
from bench._operator_ways import SHOWN, Shown, Ways
from bench._report import Row, add_videos, flags, publish
from bench.recall import DEPTHS, read_clips, searchable_clips

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Figures = NDArray[np.float64]

MARGINS = (0.5, 1.0)
COSINE_MARGINS = (0.0, 0.03)
LEAST_Z = (1.5, 2.5)
QUICK_QUESTIONS = 2
ALL = slice(None)
HALF_FIGURES = ("kept", "excluded", "MRR")
NONE, SHIPPED = "without the operator", "as shipped"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A scene of a clip, or all of it."""

    path: Path
    start_seconds: float = 0.0
    end_seconds: float = float("inf")

    def shows(self, moment: Shown, *, later: float = 0.0) -> bool:
        """Whether a moment begins in it, or at most so many seconds later."""
        is_in_time = self.start_seconds <= moment.seconds < self.end_seconds + later
        return moment.path == self.path and is_in_time


class Places:
    """What the tasks name: `FILE`, or `FILE#N` for a scene."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scenes = {
            clip.path: [(scene.start_seconds, scene.end_seconds) for scene in clip.scenes]
            for clip in read_clips(folder)
        }

    def __call__(self, named: Sequence[str]) -> list[Stretch]:
        """The stretches of these names."""
        return [self._stretch(name) for name in named]

    def _stretch(self, named: str) -> Stretch:
        name, is_scene, number = named.partition("#")
        path = self._folder.resolve() / name
        return Stretch(path, *self._scenes[path][int(number)]) if is_scene else Stretch(path)


def figures(
    shown: Sequence[Shown], right: Sequence[Stretch], wrong: Sequence[Stretch] = (), *, later: float = 0.0
) -> dict[str, float]:
    """What one answer is worth, in percent; `excluded` only where something is.

    Args:
        later: so many seconds behind the end of a right stretch are right, too.
    """
    shown = shown[:SHOWN]
    is_right = [any(stretch.shows(moment, later=later) for stretch in right) for moment in shown]
    first = is_right.index(True) + 1 if any(is_right) else float("inf")
    found = [any(stretch.shows(moment, later=later) for moment in shown) for stretch in right]
    values = {"kept": 100.0 * sum(found) / len(right)}
    if wrong:
        left = [any(stretch.shows(moment) for moment in shown) for stretch in wrong]
        values["excluded"] = 100.0 * sum(left) / len(wrong)
    values |= {f"R@{depth}": 100.0 * (first <= depth) for depth in DEPTHS}
    return {**values, "MRR": 100.0 / first}


@dataclass(frozen=True, slots=True)
class Trial:
    """The figures of one way of answering, each (questions,)."""

    figures: Mapping[str, Figures]

    @classmethod
    def of(cls, answers: Sequence[Mapping[str, float]]) -> Trial:
        """Of one answer a question."""
        import numpy as np

        return cls({name: np.array([one[name] for one in answers]) for name in answers[0]})

    def value(self, part: slice) -> float:
        """What a rule is chosen by, over some of the questions."""
        means = {name: float(values[part].mean()) for name, values in self.figures.items()}
        return means["kept"] - means["excluded"] if "excluded" in means else means["MRR"]


def negation_ways(ways: Ways) -> dict[str, Callable[[tasks.Negation], list[Shown]]]:
    """Ways to answer `A -x` by pictures, the shipped one first."""
    from mediaindex.search.channels.z_scores import z_scores

    found = {SHIPPED: ways.by_rule(lambda own, other: z_scores(other) > z_scores(own))}
    for margin in MARGINS:
        rule = partial(lambda own, other, least: z_scores(other) > z_scores(own) + least, least=margin)
        found[f"z-score greater by {margin}"] = ways.by_rule(rule)
    for margin in COSINE_MARGINS:
        rule = partial(lambda own, other, least: other > own + least, least=margin)
        found[f"similarity greater by {margin}"] = ways.by_rule(rule)
    for least in LEAST_Z:
        rule = partial(lambda _own, other, least: z_scores(other) > least, least=least)
        found[f"z-score of x above {least}"] = ways.by_rule(rule)
    return found


def sequence_ways(ways: Ways) -> dict[str, Callable[[tasks.Succession], list[Shown]]]:
    """Ways to answer `A then B`, the shipped one first."""
    return {
        SHIPPED: ways.one_after_the_other,
        "lesser z-score": ways.by_score(min),
        "sum of z-scores": ways.by_score(lambda first, second: first + second),
        "lesser similarity": ways.by_score(min, standard=False),
    }


def rows_of(
    title: str,
    trials: Mapping[str, Trial],
    baselines: Mapping[str, Trial],
    seed: int,
    *,
    part: slice = ALL,
    only: Sequence[str] = (),
) -> list[Row]:
    """Figures of some trials beside every baseline.

    Args:
        part: of the questions. only: these figures, all of them where none is named.
    """
    return [
        _row(f"{title}: {way}, beside {other}: {figure}", values[part], baseline.figures[figure][part], seed)
        for way, trial in trials.items()
        for other, baseline in baselines.items()
        for figure, values in trial.figures.items()
        if not only or figure in only
    ]


def _row(what: str, values: Figures, baseline: Figures, seed: int) -> Row:
    import numpy as np

    from mediaindex.learn.evaluation.metrics import paired_bootstrap

    gain = paired_bootstrap(values - baseline, np.arange(len(values)), seed=seed)
    unit = f"%, {gain.value:+.1f} [{gain.low:+.1f}, {gain.high:+.1f}]"
    return Row(what, float(values.mean()), unit, float(baseline.mean()))


def measured(
    title: str, trials: Mapping[str, Trial], baselines: Mapping[str, Trial], half: int, seed: int
) -> list[Row]:
    """To choose by, the first half; the second, of every way beside the first baseline; all, as shipped."""
    first = slice(half)
    rows = [
        Row(f"{title}, first half, to choose by: {way}", trial.value(first), "%")
        for way, trial in trials.items()
    ]
    beside = dict(list(baselines.items())[:1])
    rows += rows_of(f"{title}, second half", trials, beside, seed, part=slice(half, None), only=HALF_FIGURES)
    return [*rows, *rows_of(f"{title}, all", {SHIPPED: trials[SHIPPED]}, baselines, seed)]


def negation_rows(ways: Ways, places: Places, asked: Sequence[tasks.Negation], seed: int) -> list[Row]:
    """`A -x` beside `A`, by pictures; and as it is shipped, words too."""

    def trial(answer: Callable[[tasks.Negation], list[Shown]]) -> Trial:
        return Trial.of([figures(answer(task), places(task.right), places(task.wrong)) for task in asked])

    trials = {name: trial(answer) for name, answer in negation_ways(ways).items()}
    rows = measured("-x", trials, {NONE: trial(ways.without_negation)}, len(asked) // 2, seed)
    both = {SHIPPED: trial(ways.words_with_negation), "x in words alone": trial(ways.words_negated)}
    without = {NONE: trial(ways.words_without_negation)}
    return rows + rows_of("-x, words too, all", both, without, seed)


def sequence_rows(ways: Ways, places: Places, asked: Sequence[tasks.Succession], seed: int) -> list[Row]:
    """`A then B` beside its first part alone, and beside both in one sentence."""

    def trial(answer: Callable[[tasks.Succession], list[Shown]], *, generous: bool = False) -> Trial:
        return Trial.of(
            [
                figures(answer(task), places(task.right), later=task.seconds if generous else 0.0)
                for task in asked
            ]
        )

    trials = {name: trial(answer) for name, answer in sequence_ways(ways).items()}
    # An answer without the operator may as well show the second part.
    baselines = {
        "A alone": trial(ways.first_alone, generous=True),
        "one sentence": trial(ways.one_sentence, generous=True),
    }
    return measured("then", trials, baselines, len(asked) // 2, seed)


def main() -> None:
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="a library that has the clips already")
    arguments = parser.parse_args()
    count = QUICK_QUESTIONS if arguments.quick else None
    negations, sequences = tasks.NEGATIONS[:count], tasks.SEQUENCES[:count]
    clips, places = read_clips(arguments.videos), Places(arguments.videos)
    if arguments.quick:
        named = [name for task in negations for name in (*task.right, *task.wrong)]
        named += [name for task in sequences for name in task.right]
        needed = {stretch.path for stretch in places(named)}
        clips = [clip for clip in clips if clip.path in needed]
    with searchable_clips(clips, arguments.library) as held:
        ways = Ways(held)
        rows = negation_rows(ways, places, negations, arguments.seed)
        rows += sequence_rows(ways, places, sequences, arguments.seed)
    publish("operators", rows, arguments.json)


if __name__ == "__main__":
    main()
