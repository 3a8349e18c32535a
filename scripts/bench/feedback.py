"""What marks are worth: Rocchio's formula against networks that read the marks.

    python scripts/bench/feedback.py --quick                                 (a made-up world, seconds)
    python scripts/bench/feedback.py --features ../shared/builtin/features --work DIR
    python scripts/bench/feedback.py --features … --work DIR --pieces 1      (one training, then exit 75)
    python scripts/bench/feedback.py --clips FILE.parquet                    (Rocchio's weights alone)

A query of two or three words could mean several groups of pictures; the user has one in mind and marks what
is shown. Each method is measured after 0, 1 and 2 marks on its own first item, and after one right picture
is given:
    the order of search
    Rocchio (mediaindex/search/feedback.py)
    a set network trained on masked labels, alone and fused with Rocchio
    a diffusion over 0/1 sets that reads the marks as inputs
`--seeds` is the number of training runs of each network. The control `without marks + Rocchio` fuses Rocchio
with the network that reads no mark: it shows what the network is worth as a reranker. Every weight is chosen
on validation pictures. A row is compared with Rocchio unless it names another baseline; its interval (95 %)
is of the difference, paired by query, resampled by picture. With `--work` every training and trial is kept,
and an interrupted run continues from there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import CHECKOUT, Row, flags, publish, say

if TYPE_CHECKING:
    import numpy as np
    from bench._feedback_lists import Lists, Questions
    from bench._feedback_networks import Challenger, Kind, Recipe
    from bench._feedback_pictures import Pictures
    from bench._feedback_trial import Method, Outcome
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

MORE_TO_DO = 75
RIGHT_WEIGHTS = (0.25, 0.5, 1.0, 1.5, 2.5, 4.0, 8.0)
WRONG_WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5)
SHARES = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
ROCCHIO, NETWORK, DIFFUSION = "Rocchio", "set network", "diffusion"
FUSED, CONTROL = "set network + Rocchio", "set network without marks + Rocchio"


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run: pictures per gallery, candidates per list, training galleries, limits of queries."""

    gallery: int = 500
    candidates: int = 64
    galleries: int = 40
    validation: int = 700
    test: int = 2400
    seeds: int = 3
    seed: int = 0


QUICK = Plan(
    gallery=60,
    candidates=16,
    galleries=2,
    validation=30,
    test=40,
    seeds=1,
)
QUICK_RECIPE = {"steps": 12, "batch": 8, "width": 16, "samples": 2, "evaluations": 3}


class MoreToDo(Exception):
    """The requested number of new pieces has been made."""


class ResultCache:
    """Results in a folder, each computed once for the same settings."""

    def __init__(self, folder: Path, settings: str, most: int | None) -> None:
        self._folder = folder
        self._key = hashlib.sha256(settings.encode()).hexdigest()[:10]
        self._remaining = most

    def piece(self, name: str, make: Callable[[], Arrays]) -> dict[str, NDArray[Any]]:
        """The named arrays, from the folder or made now; raises MoreToDo where none may be made."""
        import numpy as np

        file = self._folder / f"{name.replace(' ', '-')}-{self._key}.npz"
        if not file.exists():
            if self._remaining == 0:
                raise MoreToDo
            say(f"making {file.name}")
            unfinished = file.with_suffix(".part.npz")
            np.savez(unfinished, allow_pickle=False, **make())
            unfinished.replace(file)
            self._remaining = None if self._remaining is None else self._remaining - 1
        with np.load(file) as stored:
            return dict(stored)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The inputs that every part of a run shares."""

    plan: Plan
    recipe: Recipe
    pictures: Pictures
    training: Lists
    validation: Questions
    test: Questions
    cache: ResultCache

    def challenger(self, kind: Kind, seed: int) -> Challenger:
        """The challenger of a seed, from the cache or trained now."""
        import torch
        from bench._feedback_networks import new_challenger
        from bench._feedback_training import train_challenger

        def make() -> Mapping[str, NDArray[np.float32]]:
            result = train_challenger(kind, self.recipe, self.pictures, self.training, seed=seed)
            return {name: value.numpy() for name, value in result.network.state_dict().items()}

        state = self.cache.piece(f"trained-{kind}-{seed}", make)
        challenger = new_challenger(kind, self.recipe, self.pictures, seed=seed)
        challenger.network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
        return challenger

    def method(self, kind: Kind, seed: int) -> Method:
        """A challenger as a method of a trial."""
        import torch

        challenger = self.challenger(kind, seed)
        return lambda lists, marks: challenger.scores(lists, torch.from_numpy(marks)).numpy()

    def test_outcome(self, name: str, method: Method) -> Outcome:
        """The method's figures on the test queries."""
        from bench._feedback_trial import Outcome, outcome

        return Outcome(self.cache.piece(f"tested-{name}", lambda: outcome(method, self.test).figures))


def main() -> int:
    """Print the table."""
    parser = flags(__doc__ or "")
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        default=CHECKOUT.parent / "shared" / "builtin" / "features",
        help="folder of flickr8k.npz and flickr8k.jsonl.gz (../shared/builtin/features)",
    )
    parser.add_argument(
        "--clips",
        type=Path,
        metavar="FILE",
        help="choose Rocchio's weights on this feature file of the built-in encoder, and end",
    )
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep every training and trial there")
    parser.add_argument("--pieces", type=int, metavar="N", help="end after N new ones, with exit code 75")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each network (3)")
    arguments = parser.parse_args()

    if arguments.clips is not None:
        publish("feedback", weights_on(arguments.clips, arguments.seed), arguments.json)
        return 0
    features: Path | None = None if arguments.quick else arguments.features
    if features is not None and not (features / "flickr8k.npz").is_file():
        say(f"feedback: there is no {features / 'flickr8k.npz'}; name its folder with --features")
        return 1

    import torch

    torch.set_num_threads(1)
    plan = dataclasses.replace(QUICK if arguments.quick else Plan(seeds=arguments.seeds), seed=arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        work: Path = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        try:
            run = prepare(plan, features, work, arguments.pieces)
            rows = comparison_rows(run)
        except MoreToDo:
            say("that many pieces are made; the next run goes on from them")
            return MORE_TO_DO
    publish("feedback", rows, arguments.json)
    return 0


def weights_on(clips: Path, seed: int) -> list[Row]:
    """Rocchio over its grid on the clips of a feature file, in the encoder's own vectors."""
    from bench._feedback_lists import lists_of, questions_of, sub_galleries
    from bench._feedback_pictures import of_clips
    from bench._feedback_trial import SITUATIONS, by_similarity, outcome

    plan = Plan(seed=seed)
    pictures = of_clips(clips, seed)
    own = pictures.parts["validation"]
    size = min(plan.gallery, len(own))
    galleries = sub_galleries(own, size, len(own) // size, seed=seed)
    lists = lists_of(pictures, "validation", galleries, k=min(plan.candidates, size), seed=seed + 1)
    questions = questions_of(lists, seed=seed, limit=plan.validation)
    ap_of_weights = grid_search(pictures, questions)
    before = outcome(by_similarity, questions).ap(*SITUATIONS[1:])
    return [
        Row(f"AP with marks, right {right:g}, wrong {wrong:g} (search's order)", ap, "%", before)
        for (right, wrong), ap in ap_of_weights.items()
    ]


def grid_search(pictures: Pictures, questions: Questions) -> dict[tuple[float, float], float]:
    """Mean AP over the situations with marks, by Rocchio's weights of right and wrong ones."""
    from bench._feedback_trial import SITUATIONS, outcome, rocchio

    return {
        (right, wrong): outcome(rocchio(pictures, right, wrong), questions).ap(*SITUATIONS[1:])
        for right in RIGHT_WEIGHTS
        for wrong in WRONG_WEIGHTS
    }


def prepare(plan: Plan, features: Path | None, work: Path, most: int | None) -> Run:
    """Pictures, lists and questions; the made-up world where no features are named."""
    from bench._feedback_lists import Lists, lists_of, questions_of, sub_galleries
    from bench._feedback_networks import Recipe
    from bench._feedback_pictures import flickr8k, synthetic

    recipe = Recipe(**QUICK_RECIPE) if features is None else Recipe()
    pictures = synthetic(plan.seed) if features is None else flickr8k(features, work, plan.seed)
    settings = [dataclasses.replace(plan, seeds=0), dataclasses.replace(recipe, samples=0, evaluations=0)]
    cache = ResultCache(
        work, f"{settings} {pictures.strings.shape} {pictures.vectors[0].tobytes().hex()}", most
    )

    def lists(part: str, count: int | None, seed: int) -> Lists:
        own = pictures.parts[part]
        size = min(plan.gallery, len(own))
        galleries = sub_galleries(own, size, count or len(own) // size, seed=seed)
        return lists_of(pictures, part, galleries, k=plan.candidates, seed=seed + 1)

    names = Lists.__slots__
    training = cache.piece(
        "lists",
        lambda: {
            name: getattr(part_lists, name)
            for part_lists in [lists("train", plan.galleries, 100)]
            for name in names
        },
    )
    validation = questions_of(lists("validation", None, 200), seed=plan.seed, limit=plan.validation)
    test = questions_of(lists("test", None, 300), seed=plan.seed + 1, limit=plan.test)
    counts = len(training["query"]), len(validation.lists), len(test.lists)
    say("lists: {} to train, {} to validate, {} to test".format(*counts))
    return Run(plan, recipe, pictures, Lists(**training), validation, test, cache)


def comparison_rows(run: Run) -> list[Row]:
    """All rows: what was chosen, then every method's figures."""
    from bench._feedback_trial import by_similarity, fused, mean_of, rocchio, without_marks

    right_weight, wrong_weight = chosen_weights(run)
    rocchio_method = rocchio(run.pictures, right_weight, wrong_weight)
    seeds = range(run.plan.seed, run.plan.seed + run.plan.seeds)
    masked = [run.method("masked", seed) for seed in seeds]
    shares = {
        FUSED: chosen_share(run, FUSED, masked, rocchio_method),
        CONTROL: chosen_share(run, CONTROL, [without_marks(method) for method in masked], rocchio_method),
    }
    outcomes = {
        "similarity": run.test_outcome("similarity", by_similarity),
        ROCCHIO: run.test_outcome(ROCCHIO, rocchio_method),
    }
    outcomes[NETWORK] = mean_of([run.test_outcome(f"{NETWORK}-{seed}", masked[seed]) for seed in seeds])
    for name, methods in ((FUSED, masked), (CONTROL, [without_marks(method) for method in masked])):
        outcomes[name] = mean_of(
            [
                run.test_outcome(f"{name}-{seed}", fused(methods[seed], rocchio_method, shares[name]))
                for seed in seeds
            ]
        )
    draws = f"{DIFFUSION}-{run.recipe.samples}x{run.recipe.evaluations}"
    outcomes[DIFFUSION] = mean_of(
        [run.test_outcome(f"{draws}-{seed}", run.method("diffusion", seed)) for seed in seeds]
    )
    rows = [
        Row("test queries", len(run.test.lists), "queries"),
        Row("pictures that they were made of", len(set(run.test.lists.picture.tolist())), "pictures"),
        Row("Rocchio: weight of right marks, by validation", right_weight, ""),
        Row("Rocchio: weight of wrong marks, by validation", wrong_weight, ""),
        *(Row(f"{name}: share of the network, by validation", share, "") for name, share in shares.items()),
    ]
    return [*rows, *figures(run, outcomes)]


def figures(run: Run, outcomes: Mapping[str, Outcome]) -> list[Row]:
    """Each method beside Rocchio, then diffusion beside the set network and fusion beside its control."""
    from bench._feedback_trial import GIVEN, SHOWN, SITUATIONS

    pictures, intentions = run.test.lists.picture, run.test.intention
    wanted = [f"{measure}, {s}" for measure in ("AP", "success@1") for s in SITUATIONS]
    wanted += [SHOWN, f"success@3, {GIVEN}"]
    beside = partial(_beside, run.plan.seed, outcomes)
    rows = [beside(name, ROCCHIO, figure, pictures) for name in outcomes for figure in wanted]
    for name, other in ((DIFFUSION, NETWORK), (FUSED, CONTROL)):
        rows += [beside(name, other, figure, pictures) for figure in wanted]
    for name in (NETWORK, FUSED, DIFFUSION):
        for situation in SITUATIONS[1:]:
            rows.append(beside(name, ROCCHIO, f"AP, {situation}", intentions, ", resampled by intention"))
    return rows


def _beside(
    seed: int,
    outcomes: Mapping[str, Outcome],
    name: str,
    other: str,
    figure: str,
    group: NDArray[np.int64],
    note: str = "",
) -> Row:
    """One figure of one method beside another's, with the interval of the difference in its unit."""
    from mediaindex.learn.evaluation.metrics import paired_bootstrap

    own, baseline = outcomes[name].figures[figure], outcomes[other].figures[figure]
    if name == other:
        return Row(f"{name}: {figure}", float(own.mean()), "%")
    difference = paired_bootstrap(own - baseline, group, seed=seed)
    interval = f"%, {difference.value:+.1f} [{difference.low:+.1f}, {difference.high:+.1f}]"
    title = name if other == ROCCHIO else f"{name}, beside {other}"
    return Row(f"{title}: {figure}{note}", float(own.mean()), interval, float(baseline.mean()))


def chosen_weights(run: Run) -> tuple[float, float]:
    """Rocchio's two weights: the best mean AP of the validation queries over the situations with marks."""
    import numpy as np

    grid = [(right, wrong) for right in RIGHT_WEIGHTS for wrong in WRONG_WEIGHTS]

    def make() -> Mapping[str, NDArray[np.float64]]:
        return {"ap": np.array(list(grid_search(run.pictures, run.validation).values()))}

    average_precisions = run.cache.piece("chosen weights", make)["ap"]
    for right, row in zip(RIGHT_WEIGHTS, average_precisions.reshape(len(RIGHT_WEIGHTS), -1), strict=True):
        say(f"Rocchio, right {right:g}: " + " ".join(f"{ap:.2f}" for ap in row))
    return grid[int(average_precisions.argmax())]


def chosen_share(run: Run, name: str, methods: list[Method], rocchio_method: Method) -> float:
    """The network's share in the fusion: the best mean AP of the validation queries and the seeds."""
    import numpy as np
    from bench._feedback_trial import SITUATIONS, fused, outcome

    def make() -> Mapping[str, NDArray[np.float64]]:
        mean_ap = [
            [
                outcome(fused(method, rocchio_method, share), run.validation).ap(*SITUATIONS)
                for method in methods
            ]
            for share in SHARES
        ]
        return {"ap": np.array(mean_ap)}

    mean_ap = run.cache.piece(f"chosen share of {name}", make)["ap"].mean(1)
    say(f"{name}: " + " ".join(f"{share:g}: {ap:.2f}" for share, ap in zip(SHARES, mean_ap, strict=True)))
    return SHARES[int(mean_ap.argmax())]


if __name__ == "__main__":
    raise SystemExit(main())
