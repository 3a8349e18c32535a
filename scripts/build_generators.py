#!/usr/bin/env python3
"""Rebuild the generators that ship for the built-in encoder: features, training, reports, cards.

    scripts/build_generators.py --builtin ../shared/builtin --flickr8k GITDIR --work DIR

`residual` and `paper` learn from half of the validation photographs: apart from the test (`val2`) and the
other half, which chooses their constants, the shipped head was trained on all. They ship turned off. What is
finished in --work is reused, and an interrupted training resumes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from _builtin_pairs import rows_of, shares_of_the_box
from _pseudo_frames import write_feature_files

from mediaindex.embed.families.builtin_files import FILES
from mediaindex.errors import MediaIndexError, UsageError
from mediaindex.learn.training.data import TrainingData, read_training_data
from mediaindex.learn.training.model_card import model_card
from mediaindex.learn.training.plan import plan_training
from mediaindex.learn.training.train import train
from mediaindex_models.checkpoint import load, save

RECIPES = ("residual", "paper")
BOX = Path(__file__).resolve().parent.parent / "mediaindex" / "search" / "ranking" / "boxed_generators"
# Few photographs: 800 steps overfitted five times as many (docs/design.md).
STEPS = 200


def boxed(recipe: str, data: TrainingData, work: Path, out: Path, *, steps: int, seed: int) -> str:
    """Train a recipe and write its folder to `out`, weights as float16, turned off; why it is off.

    Args:
        work: folder of the training; a finished one is reused.

    Raises:
        UsageError: `out` exists.
    """
    if out.exists():
        raise UsageError(f"{out} exists; remove it first, or choose another --out")
    if not work.exists():
        plan = replace(plan_training(recipe, data, steps=steps, seed=seed), half=True)
        _say(f"{recipe}: {plan.config.steps} steps on {len(data.train.paths)} photographs")
        train(data, work, plan, resume=work.with_name(f"{work.name}.partial").exists(), progress=_report)
    trained = load(work)
    gate = closed(trained.report["gates"][0], len(data.train.paths))
    report = {**trained.report, "gates": [gate]}
    save(replace(trained, report=report), out, card=model_card(report), dtype=torch.float16)
    return str(gate["reason"])


def closed(measured: Mapping[str, Any], photographs: int) -> dict[str, Any]:
    """The gate of a generator that was trained on too little to be on by default, with its evaluation."""
    reason = (
        f"trained on {photographs} photographs, half of validation, which is too little: the encoder's head "
        f"has seen all others; {measured['by']} says {measured['reason']}"
    )
    return {**measured, "on": False, "reason": reason}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="../shared/builtin")
    parser.add_argument(
        "--flickr8k", type=Path, required=True, metavar="GITDIR", help="holds the photographs of Flickr8k"
    )
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="features and trainings, kept between runs"
    )
    parser.add_argument("--out", type=Path, default=BOX, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="one of them alone")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N", help="of a training (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the trainings (0)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        build(arguments)
    except MediaIndexError as error:
        sys.exit(str(error))
    except KeyboardInterrupt as interrupt:
        sys.exit(str(interrupt) or "interrupted")


def build(arguments: argparse.Namespace) -> None:
    """Features, trainings, and the folders of the box."""
    photographs = shares_of_the_box(list(rows_of(arguments.builtin)))
    files = write_feature_files(
        photographs, arguments.flickr8k, arguments.work / "features", files=FILES, progress=_say
    )
    data = read_training_data(files)
    for recipe in arguments.recipe or RECIPES:
        out = arguments.out / f"builtin-{recipe}"
        how = {"steps": arguments.steps, "seed": arguments.seed}
        _say(f"{out}: off, {boxed(recipe, data, arguments.work / recipe, out, **how)}")


def _report(progress: Mapping[str, Any]) -> None:
    if progress["stage"] == "training" and progress["done"] % 50 == 0:
        _say(f"  {progress['note']}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
