"""What a night measures, from the settings: seen to be there before anything is measured."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from mediaindex.config import Config
from mediaindex.errors import ConfigError, GeneratorUnavailable, UsageError


@dataclass(frozen=True, slots=True)
class Part:
    """One source with one encoder, by the cheap rankings, or by a generator too.

    Attributes:
        source: library or a benchmark. encoder: its name; of the library "", whatever serves searches.
        generator: its name; None for the rankings without one, and what a search does by itself.
        videos, annotations: folders of a benchmark.
    """

    source: str
    encoder: str
    generator: str | None
    videos: str | None = None
    annotations: str | None = None

    @property
    def title(self) -> str:
        """The part as a person reads it."""
        names = [self.source, f"with {self.encoder}" * bool(self.encoder)]
        names.append("" if self.generator is None else f"generator {self.generator}")
        return ", ".join(filter(None, names))


def parts_of(arguments: argparse.Namespace, config: Config) -> list[Part]:
    """The parts of a night, the library first.

    Raises:
        UsageError: SOURCE is a benchmark or a file, or an option does not go with a night.
        ConfigError: a benchmark is unknown, a folder is not there, a command cannot be read, or there is
            nothing to measure.
    """
    _refuse(arguments)
    generators = (None, *config.nightly_generators)
    parts: list[Part] = []
    if config.nightly_library or arguments.source == "library":
        parts += [Part("library", "", generator) for generator in generators]
    if arguments.source is None:
        _must_be_there(config)
        parts += [
            Part(one["name"], encoder, generator, one["videos"], one["annotations"])
            for one in config.nightly_benchmarks
            for encoder in config.nightly_encoders or (config.encoder,)
            for generator in generators
            if generator is None or _fits(generator, encoder, config)
        ]
    if not parts:
        raise ConfigError("[nightly] names nothing to measure: neither the library nor a benchmark")
    if config.nightly_notify is not None:
        from mediaindex.learn.nightly.notification import command_of

        command_of(config.nightly_notify)
    return parts


def _refuse(arguments: argparse.Namespace) -> None:
    if arguments.source not in (None, "library"):
        raise UsageError("--nightly goes with 'library', or without SOURCE with all that [nightly] names")
    names = ("videos", "annotations", "features", "encoder", "generator", "against", "qb_norm")
    for name in names:
        if getattr(arguments, name):
            raise UsageError(
                f"--{name.replace('_', '-')} does not go with --nightly: [nightly] says what is measured"
            )
    if (arguments.direction, arguments.sampling) != ("both", "benchmark"):
        raise UsageError("a night measures both directions by the benchmark's own sampling")


def _must_be_there(config: Config) -> None:
    from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS

    where = config.origins["nightly.benchmarks"]
    for one in config.nightly_benchmarks:
        if one["name"] not in BENCHMARKS:
            known = ", ".join(BENCHMARKS)
            raise ConfigError(f"{where}: {one['name']} is no benchmark; there are {known}")
        for key in ("videos", "annotations"):
            if not os.path.isdir(one[key]):
                raise ConfigError(f"{where}: {key} of {one['name']} is no folder: {one[key]}")


def _fits(generator: str, encoder: str, config: Config) -> bool:
    """Whether a generator may read this encoder's features; one that is not here is told when measured."""
    from mediaindex.search.ranking.generator_registry import PRESETS, generator_named

    if generator in PRESETS:
        return True
    try:
        return generator_named(config.library, generator, "").encoder == encoder
    except GeneratorUnavailable:
        return True
