"""`train` without --features: a ranking of the library by the captions, marks and picks of its user."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.serving import load_space_text_encoder, serving_space
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import DONE, MediaIndexError, UsageError
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.personal_selection import Selection, personal_lock, read_selection
from mediaindex.search.ranking.user_gate import UserGates

if TYPE_CHECKING:
    from mediaindex.learn.personal.examples import Examples
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space

OF_FEATURES = ("media", "recipe", "stage", "first_stage", "steps", "seed", "out", "resume")
KEPT = "kept the old one"


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is trained on: a library, and what was said in it."""

    library: Library
    space: Space
    examples: Examples
    selection: Selection


def train_personally(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Train on the library's captions, and print the report.

    Raises:
        UsageError: an option does not go without --features, or nothing is indexed.
        MediaIndexError, WriterBusy, NoSpace: see `learn.personal.train`.
    """
    from mediaindex.learn.personal.examples import read_examples
    from mediaindex.learn.personal.train import enough
    from mediaindex.store.library import open_library

    _refuse_options(arguments)
    with open_library(config.library) as library:
        space = serving_space(library)
        if space is None:
            raise UsageError("nothing is indexed yet; run 'mediaindex index FOLDER'")
        if arguments.encoder not in (None, space.encoder):
            raise UsageError(
                f"{space.encoder} answers searches here, and training on captions is for what answers; "
                f"'mediaindex models use {arguments.encoder}' comes first"
            )
        with library.read() as connection:
            examples = read_examples(connection, space.id)
        subject = _Subject(library, space, examples, read_selection(library.root, space.digest))
        if (missing := enough(examples)) is not None:
            return _refused(subject, missing, output)
        report = _trained(subject, config, output)
    output.data(report)
    _show(report, output)
    return DONE


def _refused(subject: _Subject, missing: str, output: Output) -> int:
    """Say what is missing; nothing is written."""
    from mediaindex.learn.personal.train import NEEDED

    output.say(f"mediaindex {output.command}: {missing}")
    output.data(
        {
            "captions": subject.examples.count("caption"),
            "needed": NEEDED,
            "promoted": False,
            "previous": subject.selection.previous,
            "error": missing,
            "exit_code": MediaIndexError.exit_code,
        }
    )
    return MediaIndexError.exit_code


def _trained(subject: _Subject, config: Config, output: Output) -> dict[str, Any]:
    from mediaindex.learn.fitting.refit import refit_confidence
    from mediaindex.learn.personal.lists import Asking
    from mediaindex.learn.personal.train import rankings_before, train
    from mediaindex.search.searcher import Searcher

    began = time.monotonic()
    library, space, examples = subject.library, subject.space, subject.examples
    gates = UserGates.of(library)
    before = rankings_before(library.root, space, gates)
    output.say(
        f"{examples.count('caption')} captions of {examples.captioned_videos} videos, "
        f"{examples.count('mark')} marked queries and {examples.count('pick')} picks, for the encoder "
        f"{space.encoder}; {examples.left_out} captions are of videos that no search shows"
    )
    searcher = Searcher(library, space, None, exact_limit_mib=config.exact_limit_mib)
    searcher.encoder = encoder = load_space_text_encoder(library, space, config)
    asking = Asking(searcher, hub_gate(space, "auto", library.root, gates).on, config.rerank_candidates)
    with personal_lock(library.root), ProgressLine(output) as line:
        report = train(library.root, asking, examples, before, threads=config.threads, progress=line)
    refit = refit_confidence(library, space, encoder)
    return {**report, "refit": refit, "elapsed_seconds": round(time.monotonic() - began, 3)}


def _show(report: Mapping[str, Any], output: Output) -> None:
    """The report for a person."""
    from mediaindex.learn.personal.model_card import rehearsed_of, trained_of
    from mediaindex.learn.training.model_card import interval

    output.line(
        f"{report['captions']} captions, each ranked by what never saw its video; percent with 95 % intervals"
    )
    rows = [(row["ranking"], row["metrics"], False) for row in report["rows"]]
    rows += [(f"personal less {row['against']}", row["metrics"], True) for row in report["differences"]]
    width = max(len(what) for what, _metrics, _signed in rows)
    for what, metrics, signed in rows:
        figures = "  ".join(
            f"{name} {interval(metrics[name], signed=signed)}" for name in ("R@1", "R@10", "MRR")
        )
        output.line(f"{what:{width}}  {figures}")
    output.line(f"{trained_of(report)}: of {len(report['tried'])} choices the most cautious within one error")
    output.line(rehearsed_of(report))
    for of_kind in (report["refit"], report["refit"]["words"]):
        output.line(of_kind["reason"])
    reason = report["gates"][0]["reason"]
    if not report["promoted"]:
        output.line(f"{reason}; {KEPT}")
        return
    before = report["previous"] or "the ranking without one"
    output.line(
        f"{report['current']} ranks searches now, {reason}; {before}: 'mediaindex models use previous'"
    )


def _refuse_options(arguments: argparse.Namespace) -> None:
    """Refuse what only a training on feature files has.

    Raises:
        UsageError: one is given.
    """
    for name in OF_FEATURES:
        if getattr(arguments, name) not in (None, False):
            raise UsageError(
                f"--{name.replace('_', '-')} needs --features FILE; without, the library's captions are taken"
            )
