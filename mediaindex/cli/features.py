"""Make a feature file of captioned media, to train and evaluate on."""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.cli import add_device
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import (
    DONE,
    SOME_MEDIA_FAILED,
    UsageError,
)

if TYPE_CHECKING:
    from mediaindex.learn.features.caption_tables import SkippedInput
    from mediaindex.learn.features.captioned_media import CaptionedMedia
    from mediaindex.learn.features.feature_pass import FeatureSummary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `features`."""
    parser.add_argument("source", metavar="SOURCE", help="folder of captioned videos or pictures")
    parser.add_argument("--split", choices=("train", "val", "test"), required=True, help="which share of it")
    parser.add_argument("--encoder", metavar="NAME", help="encoder that sees them (see 'models list')")
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
    target = _absolute(arguments.out)
    check_target(target)
    with ProgressLine(output) as line:
        media, skipped = captioned(arguments, config, _told(line, "reading captions"))
        chosen = [item for item in media if item.split == arguments.split]
        if not media and not skipped:
            raise UsageError(
                f"nothing in {_absolute(arguments.source)} has a caption: put a captions.csv there with the "
                "columns path and caption, or subtitles beside the films, or give --captions FILE"
            )
        if media and not chosen:
            for row in skipped:
                output.say(f"skipped {row.path}: {row.reason}")
            raise UsageError(
                f"none of the {len(media)} captioned files is of the split {arguments.split}; the captions "
                "may name a split for each"
            )
        made = make(chosen, target, arguments.split, config, output, _told(line, "embedding"))
    left_out = [*skipped, *made.skipped]
    report(target, arguments.split, config, made, left_out, time.monotonic() - began, output)
    return SOME_MEDIA_FAILED if left_out else DONE


def captioned(
    arguments: argparse.Namespace, config: Config, progress: Callable[[int, int], None]
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The captioned media of SOURCE, and what is left out.

    Raises:
        UsageError: SOURCE is no folder, or its captions cannot be read.
    """
    from mediaindex.assembly import rules_of
    from mediaindex.learn.features.captioned_media import find_captioned

    folder = _absolute(arguments.source)
    if not folder.is_dir():
        raise UsageError(
            f"{arguments.source} is no folder; SOURCE is a folder of captioned videos or pictures"
        )
    table = _absolute(arguments.captions) if arguments.captions else None
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

    from mediaindex.assembly import new_decoder, sampling_of
    from mediaindex.embed.loading import load_encoder
    from mediaindex.ingest.pools.file_reading import Decoding
    from mediaindex.learn.features.feature_parts import FeatureParts
    from mediaindex.learn.features.feature_pass import make_features
    from mediaindex.learn.features.feature_rows import header_for

    encoder = load_encoder(
        config.encoder, device=config.device, models=config.library / "encoders", threads=config.threads
    )
    sampling = sampling_of(config)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    header = header_for(encoder.spec, sampling=repr(sampling), split=split, created=now)
    with FeatureParts(target, header) as parts:
        if before := sum(item.key in parts.done for item in media):
            output.say(f"going on: {before} of {len(media)} files are done")
        decoding = Decoding(sampling, config.jobs, lambda: new_decoder(config))
        return make_features(media, encoder, parts, decoding, progress=progress)


def report(
    target: Path,
    split: str,
    config: Config,
    made: FeatureSummary,
    left_out: list[SkippedInput],
    seconds: float,
    output: Output,
) -> None:
    """Print what was made."""
    output.data(
        {
            "path": str(target) if made.clips else None,
            "encoder": config.encoder,
            "split": split,
            "rows": made.clips,
            "captions": made.captions,
            "frames": made.frames,
            "skipped": [dataclasses.asdict(row) for row in left_out],
            "elapsed_seconds": round(seconds, 3),
        }
    )
    if made.clips:
        counts = f"{made.clips} clips, {made.captions} captions, {made.frames} frames"
        output.line(f"{target}: {counts} of the split {split}")
    else:
        output.line("no file was written: nothing could be read")
    for row in left_out:
        output.line(f"skipped {row.path}: {row.reason}")


def check_target(target: Path) -> None:
    """The file must be new, in a folder that is there.

    Raises:
        UsageError: it is not.
    """
    from mediaindex.learn.features.feature_parts import require_new

    require_new(target)
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is no folder; make it, or choose another --out")


def _told(line: ProgressLine, stage: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        line({"stage": stage, "done": done, "total": total})

    return tell


def _absolute(path: str) -> Path:
    if not path:
        raise UsageError("a path is empty")
    return Path(os.path.abspath(os.path.expanduser(path)))
