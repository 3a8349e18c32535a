"""What each encoder costs on this machine, for the library of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediaindex.assembly.encoders import models_folder
from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.embed.cost import Cost


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
