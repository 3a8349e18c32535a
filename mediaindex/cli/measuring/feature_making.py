"""Feature files, as `features` and `eval` make them: of a benchmark's videos, or of any captioned media."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import UsageError

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder
    from mediaindex.learn.benchmarks.annotation_split import Benchmark
    from mediaindex.learn.benchmarks.video_files import LeftOut
    from mediaindex.learn.features.caption_tables import Split
    from mediaindex.learn.features.captioned_media import CaptionedMedia
    from mediaindex.learn.features.clip_protocol import ClipProtocol
    from mediaindex.learn.features.feature_pass import FeatureSummary


def benchmark_media(
    benchmark: Benchmark,
    split: Split,
    videos: str | None,
    annotations: str | None,
    config: Config,
    progress: Callable[[int, int], None],
) -> tuple[list[CaptionedMedia], list[LeftOut]]:
    """The clips of a split whose video is there, and those that are left out.

    Args:
        videos, annotations: the folders as they were typed.

    Raises:
        UsageError: a folder is not given or none, or its annotations are of another version.
    """
    from mediaindex.assembly.reading import rules_of
    from mediaindex.learn.benchmarks.video_files import media_of

    folders = []
    for option, typed in (("--videos", videos), ("--annotations", annotations)):
        if typed is None:
            raise UsageError(
                f"{benchmark.name} needs --videos DIR, its videos, and --annotations DIR, its annotations"
            )
        folders.append(absolute_unless_empty(typed))
        if not os.path.isdir(folders[-1]):
            raise UsageError(f"{option} {typed} is no folder")
    clips = benchmark.read(folders[1], split)
    return media_of(
        clips, folders[0], split, benchmark=benchmark.name, rules=rules_of(config), progress=progress
    )


def sampling_name(config: Config, benchmark: Benchmark | None, protocol: ClipProtocol | None) -> str:
    """How the frames of a feature file are chosen, as its header says it."""
    from mediaindex.assembly.reading import sampling_of

    if benchmark is not None and protocol is not None:
        return f"{benchmark.name}: {protocol}"
    return repr(sampling_of(config))


def make_feature_file(
    media: Sequence[CaptionedMedia],
    target: Path,
    split: str,
    config: Config,
    output: Output,
    progress: Callable[[int, int], None],
    *,
    encoder: Encoder | None = None,
    benchmark: Benchmark | None = None,
) -> FeatureSummary:
    """Embed the media of one split into a new file.

    Args:
        encoder: the one of the settings where None.
        benchmark: whose protocol shows the clips; None samples them as the index does.

    Raises:
        EncoderUnavailable: the encoder is not here. WriterBusy: another process makes the same file.
        NoSpace: it cannot be written.
    """
    from mediaindex.assembly.encoders import load_encoder
    from mediaindex.assembly.reading import decoding_of
    from mediaindex.learn.features.feature_parts import FeatureParts
    from mediaindex.learn.features.feature_pass import make_features
    from mediaindex.learn.features.feature_rows import header_for

    encoder, decoding = encoder or load_encoder(config), decoding_of(config)
    protocol = None if benchmark is None else benchmark.protocol
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    sampling = sampling_name(config, benchmark, protocol)
    header = header_for(encoder.spec, sampling=sampling, split=split, created=now)
    with FeatureParts(target, header) as parts:
        if before := sum(item.key in parts.done for item in media):
            output.say(f"going on: {before} of {len(media)} files are done")
        return make_features(media, encoder, parts, decoding, protocol=protocol, progress=progress)


def stage_of(line: ProgressLine, stage: str) -> Callable[[int, int], None]:
    """Progress of one stage, as counts of what is done and of all."""

    def show(done: int, total: int) -> None:
        line({"stage": stage, "done": done, "total": total})

    return show
