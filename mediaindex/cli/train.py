"""Train a ranking: on the library's captions, or a generator on feature files."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.measuring.encoder_fitting import fit_encoder, lines_of
from mediaindex.cli.measuring.personal_training import train_personally
from mediaindex.cli.shared.arguments import add_device, named, whole
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import DONE, UsageError

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder
    from mediaindex.learn.training.data import TrainingData
    from mediaindex.learn.training.plan import Plan
    from mediaindex.learn.training.train import AboutSpace
    from mediaindex_models.training_config import Stage

RECIPES = ("residual", "paper")
STAGES = ("1", "2", "joint", "generative")
ON_FEATURES: Stage = "2"
FEW_QUERIES = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `train`."""
    parser.add_argument(
        "--features",
        metavar="FILE",
        nargs="+",
        action="extend",
        help="feature files of the splits train, val and test (see 'features'); without them, the captions, "
        "marks and picks of the library",
    )
    parser.add_argument(
        "--encoder",
        type=named,
        metavar="NAME",
        help="make everything for this encoder: hub correction and confidence, too",
    )
    parser.add_argument(
        "--media",
        metavar="DIR",
        help="with --encoder: folder that 'features' was given; train the scorer of regions, too",
    )
    parser.add_argument("--recipe", choices=RECIPES, help="generator (default: residual)")
    parser.add_argument("--stage", choices=STAGES, help="what is trained (default: 2)")
    parser.add_argument("--first-stage", metavar="DIR", help="folder of a stage 1 run to begin with")
    parser.add_argument("--steps", type=whole, metavar="N", help="updates (default: by recipe and stage)")
    parser.add_argument("--seed", type=whole, metavar="N", help="of every random choice (default: 0)")
    parser.add_argument("--out", metavar="DIR", help="folder to write (default: in the library's generators)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that did not end")
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Train, and print the report."""
    if not arguments.features:
        return train_personally(arguments, config, output)
    return _on_features(arguments, config, output)


def _on_features(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Train on feature files, and print the report."""
    began = time.monotonic()
    paths = [absolute_unless_empty(path) for path in arguments.features]
    first_stage = None if arguments.first_stage is None else absolute_unless_empty(arguments.first_stage)
    if arguments.media is not None and arguments.encoder is None:
        raise UsageError("--media trains a scorer for an encoder: name it with --encoder NAME")

    import torch

    from mediaindex.assembly.encoders import load_encoder
    from mediaindex.embed.device import resolve_device
    from mediaindex.learn.training.data import read_training_data
    from mediaindex.learn.training.plan import plan_training
    from mediaindex.learn.training.train import train
    from mediaindex.store.vectors.fitted import fitted_file

    torch.set_num_threads(config.threads)
    device, note = resolve_device(config.device)
    if note is not None:
        output.say(note)
    encoder = None if arguments.encoder is None else load_encoder(config, device="cpu")
    recipe: str = arguments.recipe or RECIPES[0]
    stage: Stage = arguments.stage or ON_FEATURES
    words = stage != ON_FEATURES or first_stage is not None
    data = read_training_data(paths, encoder=None if encoder is None else encoder.spec, words=words)
    plan = plan_training(recipe, data, stage=stage, steps=arguments.steps, seed=arguments.seed or 0)
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
            about_space=partial(_about_encoder, encoder, data, config, arguments, line),
            progress=line,
        )
    fitted = None if encoder is None else fitted_file(config.library, data.digest)
    output.data(
        {
            "path": str(out),
            "fitted": str(fitted) if fitted is not None and fitted.is_file() else None,
            "device": device,
            **report,
            "elapsed_seconds": round(time.monotonic() - began, 3),
        }
    )
    _show(out, report, output)
    if plan.config.stage != ON_FEATURES or first_stage is not None:
        output.line("search does not use it: it ranks behind a first stage, which search has not")
    return DONE


def _about_encoder(
    encoder: Encoder | None,
    data: TrainingData,
    config: Config,
    arguments: argparse.Namespace,
    line: ProgressLine,
) -> AboutSpace:
    """What is made for the encoder beside the generator; nothing where none is named."""
    from mediaindex.learn.training.train import AboutSpace

    if encoder is None:
        return AboutSpace()
    media = None if arguments.media is None else absolute_unless_empty(arguments.media)
    mixture = _folder_in_library(config, f"{data.encoder}-linear")
    return fit_encoder(encoder, data, config, media, mixture, arguments.seed or 0, line)


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
    for line in lines_of(report):
        output.line(line)


def _in_library(config: Config, data: TrainingData, plan: Plan) -> Path:
    """A folder of the library for this encoder and recipe."""
    return _folder_in_library(
        config,
        f"{data.encoder}-{plan.recipe}"
        + ("" if plan.config.stage == ON_FEATURES else f"-{plan.config.stage}"),
    )


def _folder_in_library(config: Config, name: str) -> Path:
    return config.library / "generators" / re.sub(r"[^\w.-]+", "-", name).strip(".-")
