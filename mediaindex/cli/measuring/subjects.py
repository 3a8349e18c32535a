"""What `eval` measures on: the test features of a benchmark or a file, and a bank of training queries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.measuring.feature_making import (
    benchmark_media,
    make_feature_file,
    sampling_name,
    stage_of,
)
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import NoSpace, UsageError
from mediaindex.store.layout import make_private_folder

if TYPE_CHECKING:
    import argparse

    from mediaindex.embed.encoder import Encoder
    from mediaindex.learn.benchmarks.annotation_split import Benchmark
    from mediaindex.learn.benchmarks.video_files import LeftOut
    from mediaindex.learn.evaluation.benchmark_rankings import QueryBank
    from mediaindex.learn.features.captioned_media import CaptionedMedia
    from mediaindex.learn.features.feature_rows import Header
    from mediaindex.learn.features.feature_set import Features
    from mediaindex_models.pairs import Pairs

# Training queries of a bank, evenly spread over all.
BANK = 3000
NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Test features of one encoder, in one sampling.

    Attributes:
        benchmark: its name, or the file's. sampling: benchmark or library.
        header: of the features. pairs: the features as tensors.
        bank: None without QB-Norm. left_out: clips of the split that are not in it; None where unknown.
        files: the videos of clips by name; empty where features were given.
        categories: of clips by name, where the benchmark has them.
    """

    benchmark: str
    sampling: str
    header: Header
    features: Features
    pairs: Pairs
    bank: QueryBank | None
    left_out: tuple[LeftOut, ...] | None
    files: Mapping[str, Path] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)


def subjects_of_files(
    arguments: argparse.Namespace, paths: Sequence[str], benchmark: Benchmark | None, config: Config
) -> list[Subject]:
    """The one subject in feature files: those of the split test are measured on, of train they are the bank.

    Args:
        benchmark: whose captions they must hold; None for any.

    Raises:
        UsageError: they hold no test, other captions, or no bank where --qb-norm asks for one.
        EncoderMismatch: they are of several encoders, or of another one than --encoder names.
    """
    from mediaindex.assembly.encoders import load_encoder
    from mediaindex.learn.features.feature_rows import read_header
    from mediaindex.learn.features.feature_set import joined, read_features

    files = [absolute_unless_empty(path) for path in paths]
    headers = {path: read_header(path) for path in files}
    first = headers[files[0]]
    encoder = first if arguments.encoder is None else load_encoder(config, device="cpu").spec
    by_split = {
        split: [read_features(path, encoder=encoder) for path in files if headers[path].split == split]
        for split in ("test", "train")
    }
    if not by_split["test"]:
        raise UsageError(f"{files[0]} is of the split {first.split}; give features of the split test")
    features = joined(by_split["test"])
    if benchmark is not None and set(features.sources) != {benchmark.name}:
        raise UsageError(f"{files[0]} holds captions of {features.sources[0]}, not of {benchmark.name}")
    training = joined(by_split["train"]) if by_split["train"] else None
    if arguments.qb_norm and training is None:
        raise UsageError("--qb-norm needs a bank: give features of the split train beside those of test")
    header = next(headers[path] for path in files if headers[path].split == "test")
    return [
        Subject(
            files[0].name if benchmark is None else benchmark.name,
            "library" if header.sampling == sampling_name(config, None, None) else "benchmark",
            header,
            features,
            _pairs(features, config),
            _bank_of_features(training, config) if training is not None and arguments.qb_norm else None,
            None,
        )
    ]


def subjects_of_videos(
    arguments: argparse.Namespace, benchmark: Benchmark, encoder: Encoder, config: Config, output: Output
) -> list[Subject]:
    """The subjects of a folder of videos: by the benchmark's protocol, and as the index samples if asked for.

    Features lie in the library's folder `features` afterwards, and are read from there the next time.

    Raises:
        UsageError: videos are missing, doubled or unreadable, and --allow-missing is not given.
        NoSpace: the features cannot be written.
    """
    with ProgressLine(output) as line:
        media, left_out = benchmark_media(
            benchmark,
            "test",
            arguments.videos,
            arguments.annotations,
            config,
            stage_of(line, "looking for videos"),
        )
    _require_all(left_out, len(media) + len(left_out), arguments.allow_missing)
    bank = _bank_of_captions(arguments, benchmark, encoder, config) if arguments.qb_norm else None
    files = {item.name: item.path for item in media}
    categories = benchmark.categories(absolute_unless_empty(arguments.annotations))
    samplings = ("benchmark", "library") if arguments.sampling == "library" else ("benchmark",)
    subjects = []
    for sampling in samplings:
        protocol_of = benchmark if sampling == "benchmark" else None
        path, unread = _features(media, benchmark, protocol_of, encoder, config, output)
        missing = (*left_out, *unread)
        _require_all(missing, len(media) + len(left_out), arguments.allow_missing)
        subject = _subject(path, benchmark, sampling, encoder, missing, bank, config)
        subjects.append(replace(subject, files=files, categories=categories))
    return subjects


def _features(
    media: Sequence[CaptionedMedia],
    benchmark: Benchmark,
    protocol_of: Benchmark | None,
    encoder: Encoder,
    config: Config,
    output: Output,
) -> tuple[Path, list[LeftOut]]:
    """The feature file of some media, made if it is not there, and the media that it lacks."""
    from mediaindex.learn.benchmarks.video_files import without_features
    from mediaindex.learn.features.feature_rows import read_header, tables_in

    protocol = None if protocol_of is None else protocol_of.protocol
    identity = [encoder.spec.digest, encoder.spec.preprocessing, sampling_name(config, benchmark, protocol)]
    digest = hashlib.blake2b("\n".join([*identity, *(item.key for item in media)]).encode(), digest_size=8)
    path = config.library / "features" / f"{benchmark.name}-test-{digest.hexdigest()}.parquet"
    why: dict[str, str] = {}
    if media and not path.exists():
        try:
            make_private_folder(path.parent)
        except OSError as error:
            raise NoSpace(f"{path.parent} cannot be made: {error.strerror or error}") from error
        with ProgressLine(output) as line:
            summary = make_feature_file(
                media,
                path,
                "test",
                config,
                output,
                stage_of(line, "embedding"),
                encoder=encoder,
                benchmark=protocol_of,
            )
        why = {row.path: row.reason for row in summary.skipped}
    if not path.exists():
        raise UsageError(f"no video of {benchmark.name} could be read" + _first_reasons(list(why.values())))
    read_header(path)
    names = [name for table in tables_in(path, columns=["path"]) for name in table["path"].to_pylist()]
    return path, without_features(media, names, why)


def _subject(
    path: Path,
    benchmark: Benchmark,
    sampling: str,
    encoder: Encoder,
    missing: tuple[LeftOut, ...],
    bank: QueryBank | None,
    config: Config,
) -> Subject:
    from mediaindex.learn.features.feature_rows import read_header
    from mediaindex.learn.features.feature_set import read_features

    features = read_features(path, encoder=encoder.spec)
    pairs = _pairs(features, config)
    return Subject(benchmark.name, sampling, read_header(path), features, pairs, bank, missing)


def _bank_of_captions(
    arguments: argparse.Namespace, benchmark: Benchmark, encoder: Encoder, config: Config
) -> QueryBank:
    """Training captions as a bank, for text → video alone: training videos are not looked at."""
    import torch

    from mediaindex.learn.evaluation.benchmark_rankings import QueryBank
    from mediaindex.learn.features.clip_protocol import shortened

    clips = benchmark.read(absolute_unless_empty(arguments.annotations), "train")
    texts = [text for clip in clips for text in clip.captions]
    chosen = [texts[place * len(texts) // BANK] for place in range(BANK)] if len(texts) > BANK else texts
    pooled = encoder.texts(shortened(chosen, encoder, benchmark.protocol.tokens)).pooled
    return QueryBank(torch.from_numpy(pooled).to(_device(config)))


def _bank_of_features(training: Features, config: Config) -> QueryBank:
    """Training captions and clips as a bank, for both directions."""
    import numpy as np
    import torch

    from mediaindex.learn.evaluation.benchmark_rankings import QueryBank
    from mediaindex.learn.training.data import at_most

    pairs = _pairs(at_most(training, BANK), config)
    places = np.unique(np.linspace(0, len(pairs) - 1, min(len(pairs), BANK)).astype(np.int64))
    return QueryBank(pairs.text[torch.from_numpy(places).to(pairs.text.device)], pairs)


def _pairs(features: Features, config: Config) -> Pairs:
    from mediaindex.learn.training.data import pairs_of

    return pairs_of(features, _device(config))


def _device(config: Config) -> str:
    from mediaindex.embed.device import resolve_device

    return resolve_device(config.device)[0]


def _require_all(left_out: Sequence[LeftOut], clips: int, allowed: bool) -> None:
    """Refuse a gallery with holes: it would be easier than the published one.

    Raises:
        UsageError: something is left out, and that is not allowed.
    """
    if not left_out or allowed:
        return
    raise UsageError(
        f"{len(left_out)} of {clips} videos are missing, doubled or unreadable; --allow-missing evaluates "
        "the rest" + _first_reasons([f"{one.id} ({one.reason})" for one in left_out])
    )


def _first_reasons(reasons: Sequence[str]) -> str:
    if not reasons:
        return ""
    return ": " + "; ".join(reasons[:NAMED]) + f"; and {len(reasons) - NAMED} more" * (len(reasons) > NAMED)
