"""Train a generator on feature files."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.shared.arguments import add_device, named, whole
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import DONE

if TYPE_CHECKING:
    from mediaindex.learn.training.data import TrainingData
    from mediaindex.learn.training.plan import Plan

RECIPES = ("residual", "paper")
STAGES = ("1", "2", "joint", "generative")
FEW_QUERIES = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `train`."""
    parser.add_argument(
        "--features",
        metavar="FILE",
        nargs="+",
        action="extend",
        required=True,
        help="feature files of the splits train, val and test (see 'features')",
    )
    parser.add_argument("--encoder", type=named, metavar="NAME", help="refuse features of any other encoder")
    parser.add_argument("--recipe", choices=RECIPES, default="residual", help="generator (default: residual)")
    parser.add_argument("--stage", choices=STAGES, default="2", help="what is trained (default: 2)")
    parser.add_argument("--first-stage", metavar="DIR", help="folder of a stage 1 run to begin with")
    parser.add_argument("--steps", type=whole, metavar="N", help="updates (default: by recipe and stage)")
    parser.add_argument(
        "--seed", type=whole, default=0, metavar="N", help="of every random choice (default: 0)"
    )
    parser.add_argument("--out", metavar="DIR", help="folder to write (default: in the library's generators)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that did not end")
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Train, and print the report."""
    began = time.monotonic()
    paths = [absolute_unless_empty(path) for path in arguments.features]
    first_stage = None if arguments.first_stage is None else absolute_unless_empty(arguments.first_stage)

    import torch

    from mediaindex.assembly.encoders import load_encoder
    from mediaindex.embed.device import resolve_device
    from mediaindex.learn.training.data import read_training_data
    from mediaindex.learn.training.plan import plan_training
    from mediaindex.learn.training.train import train

    torch.set_num_threads(config.threads)
    device, note = resolve_device(config.device)
    if note is not None:
        output.say(note)
    encoder = None
    if arguments.encoder is not None:
        encoder = load_encoder(config, device="cpu").spec
    words = arguments.stage != "2" or first_stage is not None
    data = read_training_data(paths, encoder=encoder, words=words)
    plan = plan_training(
        arguments.recipe, data, stage=arguments.stage, steps=arguments.steps, seed=arguments.seed
    )
    out = (
        absolute_unless_empty(arguments.out) if arguments.out is not None else _in_library(config, data, plan)
    )
    _introduce(data, plan, out, device, output)
    with ProgressLine(output) as line:
        report = train(
            data,
            out,
            plan,
            first_stage=first_stage,
            device=device,
            resume=arguments.resume,
            progress=line,
        )
    output.data(
        {"path": str(out), "device": device, **report, "elapsed_seconds": round(time.monotonic() - began, 3)}
    )
    _show(out, report, output)
    if plan.config.stage != "2" or first_stage is not None:
        output.line("search does not use it: it ranks behind a first stage, which search has not")
    return DONE


def _introduce(data: TrainingData, plan: Plan, out: Path, device: str, output: Output) -> None:
    """Say on stderr what will be trained, on what, and where it is written."""
    config = plan.config
    output.say(
        f"{plan.recipe}, stage {config.stage}, for the encoder {data.encoder}: "
        f"{len(data.train.paths)} clips to train on, {len(data.validation.paths)} to choose by"
        + (" (held out of them)" if data.held_out else "")
        + (f", {len(data.test.paths)} to measure on" if data.test is not None else "")
    )
    if data.overlap:
        output.say(f"{data.overlap} clips are left out: other clips of their group are in another split")
    output.say(
        f"{config.steps} steps of {config.batch} queries with {config.candidates} candidates, on {device}, "
        f"into {out}"
    )


def _show(out: Path, report: Mapping[str, Any], output: Output) -> None:
    """The report for a person."""
    from mediaindex.learn.training.model_card import interval

    output.line(f"{out}: measured on {report['measured_on']}, percent with 95 % intervals")
    width = max(len(row["ranking"]) for row in report["rows"])
    for row in report["rows"]:
        figures = "  ".join(f"{name} {interval(row['metrics'][name])}" for name in ("R@1", "MRR"))
        output.line(
            f"{row['direction']}  {row['ranking']:{width}}  {figures}  "
            f"({row['queries']} queries, {row['gallery']} items)"
        )
    for row in report["differences"]:
        figures = ", ".join(
            f"{name} {interval(row['metrics'][name], signed=True)}" for name in ("R@1", "MRR")
        )
        source = "" if row["source"] is None else f", {row['source']}" + ", not trained on" * row["left_out"]
        output.line(f"{row['direction']}  {row['ranking']} less {row['against']}{source}: {figures}")
    if min(row["queries"] for row in report["rows"]) < FEW_QUERIES:
        output.line("too few queries to decide anything by")
    for gate in report["gates"]:
        output.line(f"{gate['component']} {'on' if gate['on'] else 'off'}: {gate['reason']}")


def _in_library(config: Config, data: TrainingData, plan: Plan) -> Path:
    """A folder of the library for this encoder and recipe."""
    name = f"{data.encoder}-{plan.recipe}" + ("" if plan.config.stage == "2" else f"-{plan.config.stage}")
    return config.library / "generators" / re.sub(r"[^\w.-]+", "-", name).strip(".-")
