"""How files are found and decoded, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.decode.sampling.policy import Sampling
    from mediaindex.decode.worker import DecodeWorker
    from mediaindex.ingest.pools.file_reading import Decoding
    from mediaindex.sources.rules import Rules


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
