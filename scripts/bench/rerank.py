"""The cost of a generator's answer: the exact fast path and one evaluation against the plain 50 steps.

    python scripts/bench/rerank.py --quick                              (small lists, seconds)
    python scripts/bench/rerank.py                                      (3 minutes on one core)
    python scripts/bench/rerank.py --device cuda

Random features and weights of an encoder 512 wide with 12 frames a clip, one query (and 32 together),
one thread. Milliseconds per query: CPU time of the thread, the best of several interleaved runs; on a GPU
wall time. The baseline of every row is the published loop in the same run: the paper's network, 50 DDIM
steps, everything computed anew at each, its products in the published order. Goals are in brackets.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish, say

if TYPE_CHECKING:
    import torch

    from mediaindex_models.candidates import Candidates
    from mediaindex_models.denoiser import Direction
    from mediaindex_models.generator import RankedLists, Ranker

WIDTH, FRAMES, EVIDENCE = 512, 12, 256
SIZES = ((1, 64), (1, 128), (1, 1024), (32, 32))
QUICK_SIZES = ((1, 16), (4, 8))
QUICK_WIDTH = 64
REPEATS, QUICK_REPEATS = 7, 2
PLAIN_REPEATS = 3
GOALS = {64: 20, 128: 25, 1024: 25}
SINGLE_GOALS = {"paper": 80, "residual": 45}
EXACT = "paper, 50 exact steps"


@dataclass(frozen=True, slots=True)
class Setting:
    """How long and on what to measure."""

    width: int
    sizes: Sequence[tuple[int, int]]
    repeats: int
    device: torch.device
    seed: int


def main() -> None:
    """Print the table."""
    parser = flags(__doc__ or "")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="where to run (cpu)")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    if arguments.device == "cuda":
        say(f"on {torch.cuda.get_device_name(device)}")
    setting = Setting(
        width=QUICK_WIDTH if arguments.quick else WIDTH,
        sizes=QUICK_SIZES if arguments.quick else SIZES,
        repeats=QUICK_REPEATS if arguments.quick else REPEATS,
        device=device,
        seed=arguments.seed,
    )
    publish("rerank", measure(setting), arguments.json)


def measure(setting: Setting) -> list[Row]:
    """Rows of both directions at every size."""
    from mediaindex_models.denoiser import DIRECTIONS

    rows = []
    for direction in DIRECTIONS:
        rankers = rankers_of(direction, setting)
        for queries, count in setting.sizes:
            say(f"{direction}: {queries} x {count} candidates")
            rows += compare(direction, rankers, queries, count, setting)
    return rows


def rankers_of(direction: Direction, setting: Setting) -> dict[str, Ranker]:
    """The plain loop, and the rankers that are compared with it."""
    from dataclasses import replace

    import torch

    from mediaindex_models.generator import Generator
    from mediaindex_models.presets import preset

    torch.manual_seed(setting.seed)
    paper = Generator(preset("paper", width=setting.width)).to(setting.device)
    residual = Generator(preset("residual", width=setting.width, evidence=EVIDENCE)).to(setting.device)
    half = torch.bfloat16
    return {
        "plain": paper.ranker(direction, plain=True),
        EXACT: paper.ranker(direction),
        "paper, one evaluation": paper.ranker(direction, spec=replace(paper.spec, sampling="single")),
        "residual, one evaluation": residual.ranker(direction),
        "paper, 50 steps, bfloat16": paper.ranker(direction, dtype=half),
        "residual, one evaluation, bfloat16": residual.ranker(direction, dtype=half),
    }


def compare(
    direction: Direction, rankers: dict[str, Ranker], queries: int, count: int, setting: Setting
) -> list[Row]:
    """Rows of one direction and size: times, the largest error, memory."""
    bare, full = (lists_of(direction, queries, count, setting, evidence=e) for e in (0, EVIDENCE))
    seeds = list(range(queries))
    calls: dict[str, Callable[[], RankedLists]] = {}
    for name, ranker in rankers.items():
        lists = full if name.startswith("residual") else bare
        calls[name] = partial(ranker, lists, seeds=seeds)
    calls["plain"] = partial(published, rankers["plain"], bare, seeds)
    best = fastest(calls, setting)
    title = f"{direction} {queries} x {count}"
    plain = 1e3 * best.pop("plain") / queries
    rows = []
    for name, seconds in best.items():
        milliseconds = 1e3 * seconds / queries
        goal = f" (at least {least}x)" if queries == 1 and (least := goal_of(name, count)) else ""
        rows.append(Row(f"{title}, {name}{goal}", milliseconds, "ms", plain, plain / milliseconds))
    exact = calls["plain"]().clean
    for name in (EXACT, "paper, 50 steps, bfloat16"):
        error = float((calls[name]().clean - exact).abs().max())
        rows.append(Row(f"{title}, {name}: largest error of x_0", 1e6 * error, "1e-6"))
    factored = rankers[EXACT].factored
    assert factored is not None
    prepared = factored.over(bare.text, bare.video, bare.mask)
    parts = (prepared.mixed, prepared.hidden, prepared.scratch, prepared.logits)
    prepared_mib = sum(part.nbytes for part in parts) / queries / 2**20
    frames_mib = bare.video.nbytes / queries / 2**20
    rows.append(
        Row(
            f"{title}, prepared lists (frames to prepared)",
            prepared_mib,
            "MiB",
            frames_mib,
            frames_mib / prepared_mib,
        )
    )
    return rows


def published(ranker: Ranker, lists: Candidates, seeds: Sequence[int]) -> RankedLists:
    """The answer by the published loop; all steps, from the ranker's own noise."""
    import torch
    from bench._published import published_denoiser

    from mediaindex_models.denoiser import PaperDenoiser
    from mediaindex_models.generator import RankedLists, fused
    from mediaindex_models.sampler import ddim, last, seeded_noise

    network = ranker.network
    assert isinstance(network, PaperDenoiser)

    def denoise(x: torch.Tensor, t: int) -> torch.Tensor:
        steps = torch.full((len(x),), t, device=x.device)
        return published_denoiser(network, x, steps, lists.text, lists.video, lists.mask)

    with torch.inference_mode():
        start = seeded_noise(seeds, lists.count, like=lists.score)
        clean = last(ddim(denoise, start, ranker.diffusion, clamp=ranker.spec.clamp))
        return RankedLists(fused(ranker.spec, clean, lists.score), clean)


def goal_of(name: str, count: int) -> int | None:
    """The ratio to reach, where there is a goal."""
    if name == EXACT:
        return GOALS.get(count)
    recipe, _, rest = name.partition(", ")
    return SINGLE_GOALS.get(recipe) if rest == "one evaluation" and count in GOALS else None


def lists_of(
    direction: Direction, queries: int, count: int, setting: Setting, *, evidence: int
) -> Candidates:
    """Candidates with random features."""
    import torch

    from mediaindex_models.candidates import Candidates

    random = torch.Generator().manual_seed(setting.seed)
    sides: list[tuple[int, ...]] = [(queries,), (queries, count)]
    of_text, of_clip = sides if direction == "t2v" else sides[::-1]

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random).to(setting.device)

    return Candidates(
        direction,
        text=normal(*of_text, setting.width),
        video=normal(*of_clip, FRAMES, setting.width),
        mask=torch.ones(*of_clip, FRAMES, dtype=torch.bool, device=setting.device),
        score=normal(queries, count),
        evidence=normal(*of_clip, FRAMES, evidence) if evidence else None,
    )


def fastest(calls: dict[str, Callable[[], RankedLists]], setting: Setting) -> dict[str, float]:
    """Seconds of the best run of each, all measured by turns so that a busy moment hits all."""
    best = {name: float("inf") for name in calls}
    for repeat in range(setting.repeats + 1):
        for name, call in calls.items():
            if name == "plain" and repeat > PLAIN_REPEATS:
                continue
            seconds = elapsed(call, setting.device)
            if repeat:  # the first run warms caches and allocators
                best[name] = min(best[name], seconds)
    return best


def elapsed(call: Callable[[], RankedLists], device: torch.device) -> float:
    """CPU seconds of this thread, or wall seconds of a GPU that was idle before."""
    import torch

    if device.type == "cpu":
        start = time.thread_time()
        call()
        return time.thread_time() - start
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    call()
    torch.cuda.synchronize(device)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
