"""Encoders, with the threads and the device of the settings, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.embed.cost import Cost
    from mediaindex.embed.encoder import Arithmetic, Encoder


def models_folder(library: Path) -> Path:
    """Where a library keeps imported encoders."""
    return library / "encoders"


def load_encoder(
    config: Config,
    name: str | None = None,
    *,
    library: Path | None = None,
    device: str | None = None,
    digest: str | None = None,
    arithmetic: Arithmetic | None = "float32",
) -> Encoder:
    """An encoder with the threads of the settings; without arguments, the one of the settings.

    Args:
        name: of the encoder; the one of the settings where None.
        library: folder of the library whose imported encoders count too; the one of the settings where None.
        device: auto, cpu, cuda or mps; the one of the settings where None.
        digest, arithmetic: see `embed.loading.load_encoder`.

    Raises:
        EncoderUnavailable, EncoderMismatch: see `embed.loading.load_encoder`.
    """
    from mediaindex.embed import loading

    return loading.load_encoder(
        name or config.encoder,
        device=device or config.device,
        models=models_folder(library or config.library),
        threads=config.threads,
        digest=digest,
        arithmetic=arithmetic,
    )


def encoder_costs(config: Config, *, measure: bool) -> list[Cost]:
    """Every encoder with what it costs to embed the cached frames of the library, where there is one.

    Args:
        measure: whether the speed of the encoders that are here is measured.

    Raises:
        EncoderUnavailable: the device of the settings cannot be used.
    """
    from mediaindex.embed.cost import costs
    from mediaindex.embed.device import resolve_device
    from mediaindex.store.catalog import videos
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    frames = 0
    if (config.library / DATABASE).is_file():
        with open_library(config.library) as library, library.read() as connection:
            frames = videos.cached_frames(connection)
    device, _note = resolve_device(config.device)
    return costs(models_folder(config.library), frames, device=device, measure=measure)
