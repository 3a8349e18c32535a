"""Settings → the objects that commands and the interface work with; below, functions get plain values.

Importing this loads no network and no store; what a function gives may.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.background.loop import WatchLoop, WatchPolicy
    from mediaindex.decode.sampling.policy import Sampling
    from mediaindex.decode.worker import DecodeWorker
    from mediaindex.embed.encoder import Arithmetic, Encoder, TextEncoder
    from mediaindex.ingest.pools.file_reading import Decoding
    from mediaindex.ingest.writer.perform import Writer, WriterSettings
    from mediaindex.search.by_example import FileReading
    from mediaindex.sources.rules import Rules
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


def sampling_of(config: Config) -> Sampling:
    """The sampling policy that the settings ask for."""
    from mediaindex.decode.sampling.policy import Sampling

    return Sampling(
        short_side=config.frame_short_side, quality=config.frame_quality, gap_seconds=config.gap_seconds
    )


def rules_of(config: Config) -> Rules:
    """The exclusion rules of the settings."""
    from mediaindex.sources.rules import Rules

    return Rules(not_media=config.not_media, exclude=config.exclude, apart=[config.library])


def new_decoder(config: Config) -> DecodeWorker:
    """A decoding process with the limits of the settings."""
    from mediaindex.decode.worker import new_worker

    return new_worker(
        decoder=config.decoder,
        memory_mib=config.decode_memory_mib,
        reply_seconds=config.decode_timeout_seconds,
    )


def decoding_of(config: Config) -> Decoding:
    """How files are decoded, by the settings."""
    from mediaindex.ingest.pools.file_reading import Decoding

    return Decoding(sampling_of(config), config.jobs, lambda: new_decoder(config))


def models_folder(library: Path) -> Path:
    """Where a library keeps imported encoders."""
    return library / "encoders"


def load_encoder(
    config: Config,
    name: str | None = None,
    *,
    library: Path | None = None,
    device: str | None = None,
    arithmetic: Arithmetic | None = "float32",
) -> Encoder:
    """An encoder with the threads of the settings; without arguments, the one of the settings.

    Args:
        name: of the encoder; the one of the settings where None.
        library: folder of the library whose imported encoders count too; the one of the settings where None.
        device: auto, cpu, cuda or mps; the one of the settings where None.
        arithmetic: see `embed.loading.load_encoder`.

    Raises:
        EncoderUnavailable, EncoderMismatch: see `embed.loading.load_encoder`.
    """
    from mediaindex.embed import loading

    return loading.load_encoder(
        name or config.encoder,
        device=device or config.device,
        models=models_folder(library or config.library),
        threads=config.threads,
        arithmetic=arithmetic,
    )


def serving_space(library: Library) -> Space | None:
    """The embedding space that answers queries; None in a library without any."""
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        return active_space(connection)


def load_space_encoder(library: Library, space: Space, config: Config) -> Encoder:
    """The encoder that made the vectors of a space.

    Raises:
        EncoderMismatch: the weights here are not those that made the space.
        EncoderUnavailable: see `embed.loading.load_encoder`.
    """
    from mediaindex.embed.encoder import arithmetic_of

    arithmetic = arithmetic_of(space.preprocessing)
    encoder = load_encoder(config, space.encoder, library=library.root, arithmetic=arithmetic)
    _must_have_made(space, encoder)
    return encoder


def load_space_text_encoder(library: Library, space: Space, config: Config) -> TextEncoder:
    """The encoder of a space for texts alone: the built-in one is loaded without torch.

    Raises:
        EncoderMismatch, EncoderUnavailable: as `load_space_encoder`.
    """
    from mediaindex.embed import loading
    from mediaindex.embed.encoder import arithmetic_of

    encoder = loading.load_text_encoder(
        space.encoder,
        device=config.device,
        models=models_folder(library.root),
        arithmetic=arithmetic_of(space.preprocessing),
    )
    _must_have_made(space, encoder)
    return encoder


def _must_have_made(space: Space, encoder: TextEncoder) -> None:
    from mediaindex.errors import EncoderMismatch

    spec = encoder.spec
    if (spec.digest, spec.preprocessing) != (space.digest, space.preprocessing):
        raise EncoderMismatch(
            f"this library was indexed with other weights of {space.encoder}; "
            f"run 'mediaindex models use {space.encoder}' to embed its frames with those that are here"
        )


def file_reading(library: Library, space: Space, config: Config) -> FileReading:
    """How a file that is not indexed is looked at, to be compared with the vectors of a space."""
    from mediaindex.search.by_example import FileReading

    return FileReading(
        lambda: load_space_encoder(library, space, config), lambda: new_decoder(config), sampling_of(config)
    )


def writer_settings(library: Library, config: Config) -> WriterSettings:
    """How a writer of this library reads files and makes vectors."""
    from mediaindex.ingest.writer.perform import WriterSettings

    is_chosen = config.origins.get("encoder", "default") != "default"
    return WriterSettings(
        rules=rules_of(config),
        decoding=decoding_of(config),
        encoder=config.encoder if is_chosen else None,
        default_encoder=config.encoder,
        load_encoder=lambda name, arithmetic: load_encoder(
            config, name, library=library.root, arithmetic=arithmetic
        ),
        exact_limit_mib=config.exact_limit_mib,
        cache_limit_mib=config.cache_limit_mib,
    )


def new_writer(library: Library, config: Config) -> Writer:
    """Who carries out requests on a library; only for the holder of its lock."""
    from mediaindex.ingest.writer.perform import Writer

    return Writer(library, writer_settings(library, config))


def new_watch_loop(
    library: Library,
    config: Config,
    policy: WatchPolicy,
    *,
    tell: Callable[[dict[str, Any]], None],
    progress: Callable[[dict[str, Any]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> WatchLoop:
    """The loop of `watch` on a library; only for the holder of its lock."""
    from mediaindex.background.loop import WatchLoop
    from mediaindex.background.throttle import Throttle

    throttle = Throttle(config.max_load, config.pause_on_battery)
    settings = writer_settings(library, config)
    return WatchLoop(library, settings, policy, throttle, tell=tell, progress=progress, clock=clock)
