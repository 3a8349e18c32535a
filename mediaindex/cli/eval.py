"""Measure how well it finds: on a benchmark, on your own library, or on a feature file."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.measuring.figure_tables import (
    EvalReport,
    Measurement,
    differences_between,
    print_report,
    row_of,
)
from mediaindex.cli.measuring.library_figures import evaluate_library
from mediaindex.cli.measuring.report_sections import clip_gallery, write_report
from mediaindex.cli.measuring.subjects import Subject, subjects_of_files, subjects_of_videos
from mediaindex.cli.shared.arguments import add_device, named
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import (
    DONE,
    SOME_MEDIA_FAILED,
    GeneratorUnavailable,
    MediaIndexError,
    NoSpace,
    UsageError,
)

if TYPE_CHECKING:
    from mediaindex.learn.benchmarks.annotation_split import Benchmark
    from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
    from mediaindex.learn.report_page.answered import AnsweredQueries
    from mediaindex.search.ranking.gate import Gate

CHEAP = ("base", "blend", "qb-norm")
NO_GENERATOR = "none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `eval`."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        nargs="?",
        help="msrvtt, msvd, lsmdc, activitynet or didemo; 'library'; or a feature file (see 'features')",
    )
    parser.add_argument(
        "--nightly",
        action="store_true",
        help="keep the figures, and compare them with those of the nights before: of the library, or without "
        "SOURCE of all that [nightly] names in the settings",
    )
    parser.add_argument("--videos", metavar="DIR", help="of a benchmark: folder of its videos")
    parser.add_argument("--annotations", metavar="DIR", help="of a benchmark: folder of its annotation files")
    parser.add_argument(
        "--features",
        metavar="FILE",
        nargs="+",
        action="extend",
        default=[],
        help="of a benchmark: its feature files in place of its videos; those of split train are the bank "
        "of --qb-norm",
    )
    parser.add_argument("--encoder", type=named, metavar="NAME", help="encoder (see 'models list')")
    parser.add_argument(
        "--generator",
        type=named,
        metavar="NAME",
        help="generator that orders the best candidates anew: folder, name or preset; none for none",
    )
    parser.add_argument(
        "--against",
        type=named,
        metavar="NAME",
        help="compare, query by query, with another generator, none, another encoder, or a feature file",
    )
    parser.add_argument(
        "--direction",
        choices=("t2v", "v2t", "both"),
        default="both",
        help="texts that look for videos, videos that look for texts, or both (default)",
    )
    parser.add_argument(
        "--qb-norm", action="store_true", help="a row more: normalised by a bank of training queries"
    )
    parser.add_argument(
        "--sampling",
        choices=("benchmark", "library"),
        default="benchmark",
        help="library: rows more, with frames as the index takes them (default: the benchmark's alone)",
    )
    parser.add_argument(
        "--allow-missing",
        action="store_true",
        help="evaluate what is there where videos are missing, doubled or unreadable",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write an HTML page of the figures, which opens offline; only a page written before is replaced",
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Evaluate, and print the figures."""
    from mediaindex.learn.report_page.page_file import require_page_place

    began = time.monotonic()
    if arguments.nightly:
        from mediaindex.cli.nightly.nightly_run import run_nightly

        return run_nightly(arguments, config, output, _on_features)
    if arguments.source is None:
        raise UsageError("name what to measure: a benchmark, 'library' or a feature file; or --nightly")
    if arguments.against == NO_GENERATOR and arguments.generator in (None, NO_GENERATOR):
        raise UsageError("--against none compares a generator: name it with --generator")
    page = None if arguments.report is None else absolute_unless_empty(arguments.report)
    if page is not None:
        require_page_place(page)
    if arguments.source == "library":
        _refuse_options(arguments, "videos", "annotations", "features", "qb_norm", "allow_missing", "encoder")
        report = evaluate_library(arguments, config, output)
    else:
        report = _on_features(arguments, config, output)
    seconds = time.monotonic() - began
    unwritten = None if page is None else _unwritten(report, seconds, page, config)
    print_report(report, seconds, output, page if unwritten is None else None)
    if unwritten is not None:
        output.say(f"mediaindex eval: {unwritten}")
        return unwritten.exit_code
    return SOME_MEDIA_FAILED if report.left_out else DONE


def _unwritten(report: EvalReport, seconds: float, page: Path, config: Config) -> MediaIndexError | None:
    """Write the page; why it could not be, so that the figures are printed all the same."""
    try:
        write_report(report, seconds, page, config)
    except (NoSpace, UsageError) as error:
        return error
    return None


def _on_features(arguments: argparse.Namespace, config: Config, output: Output) -> EvalReport:
    """The evaluation of a benchmark or a feature file."""
    import torch

    from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS

    torch.set_num_threads(config.threads)
    benchmark = BENCHMARKS.get(arguments.source)
    if arguments.sampling == "library" and (benchmark is None or arguments.features):
        raise UsageError("--sampling library needs the videos of a benchmark: --videos and --annotations")
    if benchmark is None:
        _refuse_options(arguments, "videos", "annotations", "features", "qb_norm", "allow_missing")
        if not os.path.isfile(arguments.source):
            raise UsageError(
                f"{arguments.source} is no benchmark ({', '.join(BENCHMARKS)}), not 'library', and no file"
            )
    subjects = _subjects(arguments, benchmark, config, output)
    report = EvalReport(arguments.source, subjects[0].header.encoder)
    first = subjects[0]
    report.gallery = partial(clip_gallery, first.features, first.files, first.categories)
    for subject in subjects:
        ranked = _evaluate(subject, arguments, config, report)
        report.answered = report.answered or _answered(subject, ranked)
    if arguments.against is not None:
        _compare(subjects[0], arguments, benchmark, config, output, report)
    report.main_ranking = report.answered[-1].ranked.ranking if report.answered else ""
    left_out = [one for subject in subjects for one in subject.left_out or ()]
    report.left_out = list(dict.fromkeys(left_out))
    report.notes += _notes(subjects, benchmark, arguments)
    return report


def _subjects(
    arguments: argparse.Namespace, benchmark: Benchmark | None, config: Config, output: Output
) -> list[Subject]:
    from mediaindex.assembly.encoders import load_encoder

    if benchmark is None:
        return subjects_of_files(arguments, [arguments.source], None, config)
    if arguments.features:
        _refuse_options(arguments, "videos", "annotations", "allow_missing")
        return subjects_of_files(arguments, arguments.features, benchmark, config)
    return subjects_of_videos(arguments, benchmark, load_encoder(config), config, output)


def _evaluate(
    subject: Subject, arguments: argparse.Namespace, config: Config, report: EvalReport
) -> list[RankedQueries]:
    """Add the rows of a subject, the differences of its generator and the gate of these; its rankings."""
    import numpy as np

    from mediaindex.learn.evaluation.benchmark_rankings import cheap_scores, ranked_queries

    cheap = _wanted(ranked_queries(cheap_scores(subject.features, subject.pairs, subject.bank)), arguments)
    domain: str | None = None
    by_generator: list[RankedQueries] = []
    if arguments.generator not in (None, NO_GENERATOR):
        by_generator, domain = _by_generator(arguments.generator, subject, arguments, config)
    missing = None if subject.left_out is None else len(subject.left_out)
    for one in [*cheap, *by_generator]:
        own = domain if one in by_generator else None
        row = row_of(one, subject.benchmark, sampling=subject.sampling, domain=own, missing=missing)
        report.rows.append(row)
        features = subject.features
        names = [Path(path).stem for path in features.paths]
        about, digest = features.clip.astype(np.intp), subject.header.digest
        report.measurements.append(Measurement(row, one, names, features.captions, about, digest))
    for generated in (one for one in by_generator if one.ranking == "generator"):
        best = max(
            (one for one in cheap if one.direction == generated.direction),
            key=lambda one: float(one.precisions.mean()),
        )
        report.differences += differences_between(
            [generated], [best], ("generator", best.ranking), subject.benchmark, sampling=subject.sampling
        )
    if subject.sampling == "benchmark" or not report.gates:
        report.gates += _gates(report, subject)
    return [*cheap, *by_generator]


def _answered(subject: Subject, ranked: Sequence[RankedQueries]) -> list[AnsweredQueries]:
    """The captions one by one, for the page: by each ranking, that of a generator last."""
    import numpy as np

    from mediaindex.learn.report_page.answered import AnsweredQueries, Moment

    return [
        AnsweredQueries(
            one,
            "captions",
            subject.features.captions,
            tuple(map(Moment, one.videos.tolist())),
            tuple(map(Moment, one.first.tolist())),
            np.full(len(one.ranks), np.nan),
        )
        for one in ranked
        if one.direction == "t2v" and one.first is not None
    ]


def _wanted(ranked: Sequence[RankedQueries], arguments: argparse.Namespace) -> list[RankedQueries]:
    return [one for one in ranked if arguments.direction in ("both", one.direction)]


def _by_generator(
    name: str, subject: Subject, arguments: argparse.Namespace, config: Config
) -> tuple[list[RankedQueries], str]:
    """The rows of a generator, and whether it was trained on captions of this source: in or out.

    Raises:
        GeneratorUnavailable: it is not there, or reads what feature files do not hold.
    """
    from mediaindex.learn.evaluation.benchmark_rankings import BLEND, generator_ranked
    from mediaindex.search.ranking.generator_registry import generator_named
    from mediaindex_models.checkpoint import CheckpointError, EncoderIdentity, load

    described = generator_named(config.library, name, subject.header.digest)
    if described.scorer is not None or described.mixture is not None:
        raise GeneratorUnavailable(
            f"{described.name} reads a scorer's evidence of regions, which feature files do not hold; "
            "'mediaindex eval library --generator' measures it"
        )
    try:
        saved = load(described.folder, encoder=EncoderIdentity(subject.header.encoder, subject.header.digest))
    except (CheckpointError, ValueError) as error:
        raise GeneratorUnavailable(str(error)) from error
    if subject.pairs.clips < 2:
        raise UsageError("a generator orders candidates: it needs a gallery of two clips at the least")
    spec = saved.generator.spec
    width = 0 if subject.pairs.evidence is None else subject.pairs.evidence.shape[2]
    if spec.evidence not in (0, width):
        raise GeneratorUnavailable(f"{described.name} reads evidence, which these features have not")
    constants = saved.report.get("constants")
    blend = constants.get("blend") if isinstance(constants, dict) else None
    device = subject.pairs.text.device
    ranked = generator_ranked(
        subject.features,
        subject.pairs,
        saved.generator.to(device),
        matcher=None if saved.matcher is None else saved.matcher.to(device),
        blend=float(blend) if isinstance(blend, int | float) else BLEND,
        candidates=config.rerank_candidates,
    )
    trained_on = _training_sources(saved.report)
    is_in = bool(set(subject.features.sources) & trained_on)
    return _wanted(ranked, arguments), "in" if is_in else "out"


def _training_sources(report: object) -> set[str]:
    """Where the captions come from that a generator was trained on, as its report says."""
    for key in ("data", "train", "sources"):
        report = report.get(key) if isinstance(report, dict) else None
    return {str(source) for source in report} if isinstance(report, list) else set()


def _compare(
    subject: Subject,
    arguments: argparse.Namespace,
    benchmark: Benchmark | None,
    config: Config,
    output: Output,
    report: EvalReport,
) -> None:
    """Add the rows of what --against names, and the paired differences to it."""
    name = arguments.against
    own = _best_rows(subject, arguments.generator, arguments, config)
    if os.path.isfile(name):
        other = subjects_of_files(arguments, [name], benchmark, config)[0]
        compared = _best_rows(other, None, arguments, config)
        _require_same_clips(subject, other, name)
    else:
        other, compared = _other(subject, arguments, benchmark, config, output)
    if name != NO_GENERATOR:
        missing = None if other.left_out is None else len(other.left_out)
        for one in compared:
            labelled = replace(one, ranking=f"{one.ranking} of {name}")
            report.rows.append(row_of(labelled, other.benchmark, sampling=other.sampling, missing=missing))
    labels = (own[0].ranking, f"{compared[0].ranking} of {name}" if name != NO_GENERATOR else "blend")
    report.differences += differences_between(
        own, compared, labels, subject.benchmark, sampling=subject.sampling
    )


def _other(
    subject: Subject,
    arguments: argparse.Namespace,
    benchmark: Benchmark | None,
    config: Config,
    output: Output,
) -> tuple[Subject, list[RankedQueries]]:
    """Another generator on the same features; where no generator bears the name, another encoder.

    Raises:
        GeneratorUnavailable, EncoderUnavailable: there is neither.
    """
    from mediaindex.assembly.encoders import load_encoder

    name = arguments.against
    try:
        return subject, _best_rows(subject, name, arguments, config)
    except GeneratorUnavailable:
        if benchmark is None or arguments.features:
            raise
    other = subjects_of_videos(arguments, benchmark, load_encoder(config, name), config, output)[0]
    _require_same_clips(subject, other, name)
    return other, _best_rows(other, None, arguments, config)


def _best_rows(
    subject: Subject, generator: str | None, arguments: argparse.Namespace, config: Config
) -> list[RankedQueries]:
    """The ranking to be compared: the generator's where there is one, else the blend."""
    from mediaindex.learn.evaluation.benchmark_rankings import cheap_scores, ranked_queries

    if generator not in (None, NO_GENERATOR):
        ranked = _by_generator(generator, subject, arguments, config)[0]
        return [one for one in ranked if one.ranking == "generator"]
    cheap = ranked_queries(cheap_scores(subject.features, subject.pairs, None))
    return [one for one in _wanted(cheap, arguments) if one.ranking == "blend"]


def _require_same_clips(one: Subject, other: Subject, name: str) -> None:
    """Two features can be compared query by query where they hold the same clips and captions in one order.

    Raises:
        UsageError: they do not.
    """
    theirs, own = other.features, one.features
    if (own.paths, own.captions, own.clip.tolist()) != (theirs.paths, theirs.captions, theirs.clip.tolist()):
        raise UsageError(f"{name} holds other clips or captions, or in another order: make both files anew")


def _gates(report: EvalReport, subject: Subject) -> list[Gate]:
    """What the generator's difference in text → video says: on where it is better for certain."""
    from mediaindex.search.ranking.gate import Gate

    for row in report.differences:
        if (row.direction, row.ranking, row.sampling) == ("t2v", "generator", subject.sampling):
            gain = row.metrics["mAP"]
            figure = (
                f"mAP {gain['value']:+.2f} [{gain['low']:+.2f}, {gain['high']:+.2f}] against {row.against}"
            )
            reason = f"{figure}: {row.verdict}"
            return [Gate("generator", row.verdict == "better", subject.benchmark, reason)]
    return []


def _notes(
    subjects: Sequence[Subject], benchmark: Benchmark | None, arguments: argparse.Namespace
) -> list[str]:
    """What has to be known of the figures."""
    notes = ["items that score the same as the right one count as before it"]
    if subjects[0].left_out:
        notes.append(f"{len(subjects[0].left_out)} videos are left out: a smaller gallery is an easier one")
    if benchmark is not None:
        clips = len(subjects[0].features.paths)
        if clips != benchmark.published[0]:
            notes.append(f"the published gallery has {benchmark.published[0]} clips, this one {clips}")
        if benchmark.several_captions:
            notes.append(
                "a clip's captions are grouped with their own clip; the released code shifts them by one"
            )
    bank = subjects[0].bank
    if arguments.qb_norm and bank is not None and bank.clips is None and arguments.direction != "t2v":
        notes.append("qb-norm of v2t needs training videos: give features of the split train")
    return notes


def _refuse_options(arguments: argparse.Namespace, *names: str) -> None:
    """Refuse options that SOURCE does not have.

    Raises:
        UsageError: one is given.
    """
    for name in names:
        if getattr(arguments, name):
            raise UsageError(f"--{name.replace('_', '-')} does not go with {arguments.source}")
