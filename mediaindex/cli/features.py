"""Make a feature file of captioned media, to train and evaluate on."""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.measuring.feature_making import benchmark_media, make_feature_file, stage_of
from mediaindex.cli.shared.arguments import add_device, named
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, UsageError

if TYPE_CHECKING:
    from mediaindex.learn.benchmarks.annotation_split import Benchmark
    from mediaindex.learn.features.caption_tables import SkippedInput
    from mediaindex.learn.features.captioned_media import CaptionedMedia
    from mediaindex.learn.features.feature_pass import FeatureSummary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `features`."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="folder of captioned videos or pictures; 'library' for the library's captions; or a benchmark: "
        "msrvtt, msvd, lsmdc, activitynet, didemo",
    )
    parser.add_argument("--split", choices=("train", "val", "test"), required=True, help="which share of it")
    parser.add_argument(
        "--encoder", type=named, metavar="NAME", help="encoder that sees them (see 'models list')"
    )
    parser.add_argument("--out", metavar="FILE", required=True, help="feature file to write")
    parser.add_argument(
        "--captions",
        metavar="FILE",
        help="CSV or JSON Lines (default: captions.csv or .jsonl in SOURCE, else subtitles beside films)",
    )
    parser.add_argument("--videos", metavar="DIR", help="of a benchmark: folder of its videos")
    parser.add_argument("--annotations", metavar="DIR", help="of a benchmark: folder of its annotation files")
    parser.add_argument(
        "--sampling",
        choices=("benchmark", "library"),
        default="benchmark",
        help="of a benchmark: frames and words by its protocol (default), or frames as the index takes them",
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Make the file, and print what is in it."""
    began = time.monotonic()
    target = absolute_unless_empty(arguments.out)
    check_target(target)
    with ProgressLine(output) as line:
        found = _found(arguments, config, stage_of(line, "reading captions"))
        split_media = [item for item in found.media if item.split == arguments.split]
        if not split_media:
            _refuse(found, arguments.split, output)
        summary = make_feature_file(
            split_media,
            target,
            arguments.split,
            config,
            output,
            stage_of(line, "embedding"),
            benchmark=found.benchmark,
        )
    skipped = [*found.skipped, *summary.skipped]
    report(target, arguments.split, config, summary, skipped, time.monotonic() - began, output)
    return SOME_MEDIA_FAILED if skipped else DONE


@dataclass(frozen=True, slots=True)
class _Found:
    """The captioned media of SOURCE, what is skipped, and whose protocol shows them, None for the index's."""

    media: list[CaptionedMedia]
    skipped: list[SkippedInput]
    nothing: str
    benchmark: Benchmark | None = None


def _found(arguments: argparse.Namespace, config: Config, progress: Callable[[int, int], None]) -> _Found:
    """What SOURCE names.

    Raises:
        UsageError: SOURCE is no folder, an option does not fit it, or captions cannot be read.
    """
    from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS
    from mediaindex.learn.features.caption_tables import SkippedInput

    benchmark = BENCHMARKS.get(arguments.source)
    if benchmark is None and (arguments.videos or arguments.annotations):
        raise UsageError(f"--videos and --annotations are for a benchmark: one of {', '.join(BENCHMARKS)}")
    if benchmark is not None:
        if arguments.captions is not None:
            raise UsageError("--captions is for a folder; a benchmark's captions are in --annotations DIR")
        media, left_out = benchmark_media(
            benchmark, arguments.split, arguments.videos, arguments.annotations, config, progress
        )
        skipped = [SkippedInput(one.id, one.reason) for one in left_out]
        protocol = benchmark if arguments.sampling == "benchmark" else None
        return _Found(media, skipped, f"none of the {len(skipped)} videos is in --videos DIR", protocol)
    if arguments.source == "library":
        nothing = "the library has no caption: 'mediaindex caption import FILE' takes them in"
        return _Found(*_of_library(config, progress), nothing)
    folder = absolute_unless_empty(arguments.source)
    nothing = (
        f"nothing in {folder} has a caption: put a captions.csv there with the columns path and "
        "caption, or subtitles beside the films, or give --captions FILE"
    )
    return _Found(*captioned(arguments.source, arguments.captions, config, progress), nothing)


def _refuse(found: _Found, split: str, output: Output) -> NoReturn:
    """Say why there is nothing to embed.

    Raises:
        UsageError: always.
    """
    if not found.media and (not found.skipped or found.benchmark is not None):
        raise UsageError(found.nothing)
    for row in found.skipped:
        output.say(f"skipped {row.path}: {row.reason}")
    raise UsageError(
        f"none of the {len(found.media)} captioned files is of the split {split}; the captions "
        "may name a split for each"
    )


def _of_library(
    config: Config, progress: Callable[[int, int], None]
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The videos of the library that the user captioned, each caption on its stretch."""
    from mediaindex.learn.features.captioned_media import Caption, captioned_files
    from mediaindex.store.library import open_library
    from mediaindex.store.notes import captions

    with open_library(config.library) as library, library.read() as connection:
        written = captions.every(connection)
    return captioned_files(
        (
            (one.path, (one.start_seconds, one.end_seconds), Caption(one.text, captions.SOURCE, one.language))
            for one in written
        ),
        progress=progress,
    )


def captioned(
    source: str, captions: str | None, config: Config, progress: Callable[[int, int], None]
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The captioned media of a folder, and what is skipped.

    Args:
        captions: path of their table; None to look for one, or for subtitles, in the folder.

    Raises:
        UsageError: it is no folder, or its captions cannot be read.
    """
    from mediaindex.assembly.reading import rules_of
    from mediaindex.learn.features.captioned_media import find_captioned

    folder = absolute_unless_empty(source)
    if not os.path.isdir(folder):
        raise UsageError(
            f"{source} is no folder; SOURCE is a folder of captioned videos or pictures, 'library', or the "
            "name of a benchmark"
        )
    table = None if captions is None else absolute_unless_empty(captions)
    return find_captioned(folder, table=table, rules=rules_of(config), progress=progress)


def report(
    target: Path,
    split: str,
    config: Config,
    summary: FeatureSummary,
    skipped: list[SkippedInput],
    seconds: float,
    output: Output,
) -> None:
    """Print what the file holds, and what was skipped."""
    output.data(
        {
            "path": str(target) if summary.clips else None,
            "encoder": config.encoder,
            "split": split,
            "rows": summary.clips,
            "captions": summary.captions,
            "frames": summary.frames,
            "skipped": [dataclasses.asdict(row) for row in skipped],
            "elapsed_seconds": round(seconds, 3),
        }
    )
    if summary.clips:
        counts = f"{summary.clips} clips, {summary.captions} captions, {summary.frames} frames"
        output.line(f"{target}: {counts} of the split {split}")
    else:
        output.line("no file was written: nothing could be read")
    for row in skipped:
        output.line(f"skipped {row.path}: {row.reason}")


def check_target(target: Path) -> None:
    """The file must be new, in a folder that is there.

    Raises:
        UsageError: it is not.
    """
    from mediaindex.learn.features.feature_parts import require_new

    require_new(target)
    if not os.path.isdir(target.parent):
        raise UsageError(f"{target.parent} is no folder; make it, or choose another --out")
