"""Make a feature file of captioned media, to train and evaluate on."""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.cli.shared.arguments import add_device, named
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.cli.shared.paths import absolute_unless_empty
from mediaindex.config import Config
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, UsageError

if TYPE_CHECKING:
    from mediaindex.learn.features.caption_tables import SkippedInput
    from mediaindex.learn.features.captioned_media import CaptionedMedia
    from mediaindex.learn.features.feature_pass import FeatureSummary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `features`."""
    parser.add_argument("source", metavar="SOURCE", help="folder of captioned videos or pictures")
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
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Make the file, and print what is in it."""
    began = time.monotonic()
    target = absolute_unless_empty(arguments.out)
    check_target(target)
    with ProgressLine(output) as line:
        media, skipped = captioned(
            arguments.source, arguments.captions, config, _stage(line, "reading captions")
        )
        split_media = [item for item in media if item.split == arguments.split]
        if not media and not skipped:
            folder = absolute_unless_empty(arguments.source)
            raise UsageError(
                f"nothing in {folder} has a caption: put a captions.csv there with the columns path and "
                "caption, or subtitles beside the films, or give --captions FILE"
            )
        if media and not split_media:
            for row in skipped:
                output.say(f"skipped {row.path}: {row.reason}")
            raise UsageError(
                f"none of the {len(media)} captioned files is of the split {arguments.split}; the captions "
                "may name a split for each"
            )
        summary = make(split_media, target, arguments.split, config, output, _stage(line, "embedding"))
    skipped = [*skipped, *summary.skipped]
    report(target, arguments.split, config, summary, skipped, time.monotonic() - began, output)
    return SOME_MEDIA_FAILED if skipped else DONE


def captioned(
    source: str, captions: str | None, config: Config, progress: Callable[[int, int], None]
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The captioned media of SOURCE, and what is skipped.

    Args:
        captions: path of their table; None to look for one, or for subtitles, in SOURCE.

    Raises:
        UsageError: SOURCE is no folder, or its captions cannot be read.
    """
    from mediaindex.assembly import rules_of
    from mediaindex.learn.features.captioned_media import find_captioned

    folder = absolute_unless_empty(source)
    if not os.path.isdir(folder):
        raise UsageError(f"{source} is no folder; SOURCE is a folder of captioned videos or pictures")
    table = None if captions is None else absolute_unless_empty(captions)
    return find_captioned(folder, table=table, rules=rules_of(config), progress=progress)


def make(
    media: list[CaptionedMedia],
    target: Path,
    split: str,
    config: Config,
    output: Output,
    progress: Callable[[int, int], None],
) -> FeatureSummary:
    """Embed the media of one split into the file.

    Raises:
        EncoderUnavailable: the encoder is not here. WriterBusy: another process makes the same file.
        NoSpace: it cannot be written.
    """
    import datetime

    from mediaindex.assembly import decoding_of, load_encoder
    from mediaindex.learn.features.feature_parts import FeatureParts
    from mediaindex.learn.features.feature_pass import make_features
    from mediaindex.learn.features.feature_rows import header_for

    encoder, decoding = load_encoder(config), decoding_of(config)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    header = header_for(encoder.spec, sampling=repr(decoding.sampling), split=split, created=now)
    with FeatureParts(target, header) as parts:
        if before := sum(item.key in parts.done for item in media):
            output.say(f"going on: {before} of {len(media)} files are done")
        return make_features(media, encoder, parts, decoding, progress=progress)


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


def _stage(line: ProgressLine, stage: str) -> Callable[[int, int], None]:
    """Progress of one stage, as counts of what is done and of all."""

    def show(done: int, total: int) -> None:
        line({"stage": stage, "done": done, "total": total})

    return show
