"""Whether a trained generator beats the cheap rankings: DiffusionRet, as published and tuned, and `residual`.

    python scripts/bench/generator.py --quick                           (made-up features, seconds)
    python scripts/bench/generator.py --work DIR --train F… --validation F… --test F… --minutes 12
    python scripts/bench/generator.py … --so-far                        (the tables of what is there)
    python scripts/bench/generator.py … --ablate                        (the paper's ablations as well)
    python scripts/bench/generator.py … --only residual --dimensions 16 (with a weaker encoder)

Feature files come from `mediaindex features`, or from scripts/build_generators.py for the built-in encoder;
no picture may be in two roles. Every constant comes from validation, the test is read for the tables alone.
Beside each generator stand its twins, trained alike: the same network without diffusion, and a pointwise one
of as many parameters. Each source is left out once: its queries are answered by networks, and with a bank,
that were made without it, at the c that the other sources chose. Differences are paired, their intervals
from a bootstrap over pictures. Each training is a piece in the work folder; an interrupted run continues
from there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import flags, say, write_report

if TYPE_CHECKING:
    from bench._generator_study import Study, Table

    from mediaindex.learn.training.data import TrainingData

STEPS, BATCH, SEEDS = 400, 32, 3
ALONE = ("residual", "residual, without diffusion", "pointwise")


def main() -> None:
    """Train what is missing, then print the tables."""
    parser = _parser()
    arguments = parser.parse_args()
    files = (arguments.train, arguments.validation, arguments.test)
    if arguments.ablate and arguments.only:
        parser.error("--ablate needs all networks; leave --only out")
    if not all(files) and (any(files) or not arguments.quick):
        parser.error("--train, --validation and --test are needed, all three")
    with ExitStack() as stack:
        if arguments.work is None:
            arguments.work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = flags(__doc__ or "")
    for role in ("train", "validation", "test"):
        parser.add_argument(f"--{role}", type=Path, nargs="+", default=[], metavar="F", help="feature files")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keeps the pieces (else none are kept)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of a training ({STEPS})")
    parser.add_argument("--batch", type=int, default=BATCH, help=f"queries of a step ({BATCH})")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"trainings of a network ({SEEDS})")
    parser.add_argument("--left-out-seeds", type=int, default=1, help="the same without a source (1)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after them (never)")
    parser.add_argument("--so-far", action="store_true", help="train nothing: tables of what is there")
    parser.add_argument("--ablate", action="store_true", help="the paper's ablations, too; one seed")
    parser.add_argument("--only", choices=ALONE, action="append", help="of these networks alone")
    parser.add_argument(
        "--dimensions", type=int, metavar="N", help="weaken the encoder to N principal directions"
    )
    parser.add_argument("--share", type=float, default=1.0, metavar="S", help="of the clips to train on (1)")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    import torch
    from bench._generator_ablation import Ablation
    from bench._generator_answers import OutOfTime, Work
    from bench._generator_recipes import Size
    from bench._generator_study import Study

    from mediaindex_models.checkpoint import EncoderIdentity

    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    data = _data(arguments)
    size = Size(4, 8, 8, 16) if arguments.quick else Size(arguments.steps, arguments.batch)
    work = Work(
        arguments.work,
        EncoderIdentity(data.encoder, data.digest),
        time.monotonic() + 60.0 * arguments.minutes,
        train=not arguments.so_far,
    )
    seeds = 1 if arguments.quick else arguments.seeds
    study = Study(data, work, size, seeds, arguments.left_out_seeds, arguments.seed, arguments.only or ())
    ablation = Ablation(study, quick=arguments.quick) if arguments.ablate else None
    try:
        missing = study.work_through()
        if ablation is not None:
            missing += ablation.work_through()
    except OutOfTime:
        sys.exit("out of time; the same command goes on, and --so-far shows what is there")
    if missing:
        say(f"{missing} pieces are not there yet")
    tables = study.tables() + (ablation.tables() if ablation is not None else [])
    _publish(study, tables, arguments.json)


def _data(arguments: argparse.Namespace) -> TrainingData:
    """The features of the command line, or made-up ones; weakened and thinned where that is asked for."""
    from bench._generator_folds import read_shares
    from bench._generator_poorer import thinned, weakened
    from bench._generator_synthetic import made_up

    if arguments.train:
        data = read_shares(arguments.train, arguments.validation, arguments.test)
    else:
        data = made_up(seed=arguments.seed)
    if arguments.dimensions is not None:
        data = weakened(data, arguments.dimensions)
    if arguments.share < 1:
        data = thinned(data, arguments.share, seed=arguments.seed)
    return data


def _publish(study: Study, tables: Sequence[Table], file: Path | None) -> None:
    """Tables on stdout, rows as JSON."""
    from bench._generator_recipes import RESIDUAL, RESIDUAL_ON_BLEND
    from bench._generator_table import markdown, markdown_by_weight, rows_of

    print(study.described())
    for title, comparisons in tables:
        print()
        print(markdown(title, comparisons))
    published = [comparisons for _title, comparisons in tables]
    for name in (RESIDUAL, RESIDUAL_ON_BLEND):
        if by_weight := study.by_weight(name):
            print()
            print(markdown_by_weight(f"R@1 of {name}, less that of the cheap ranking, by c", by_weight))
            published += by_weight.values()
    print()
    print("\n".join(study.verdict()))
    rows = [row for comparisons in published for row in rows_of(comparisons)]
    if file is not None:
        write_report("generator", rows, file)


if __name__ == "__main__":
    main()
