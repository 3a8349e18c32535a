"""How fast each encoder embeds on this machine, by `mediaindex models list`: it loads torch, and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mediaindex_tui.finder.commands import printed

SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Speeds:
    """Frames a second by the name of an encoder, as far as they can be measured here."""

    of_encoder: Mapping[str, float]

    def hours(self, encoder: str, frames: int) -> float | None:
        """How long an encoder takes for so many frames; None where nobody knows, or there are none."""
        speed = self.of_encoder.get(encoder)
        return frames / speed / 3600.0 if speed and frames else None


class _Encoder(msgspec.Struct):
    name: str
    frames_per_second: float | None


class _Listed(msgspec.Struct):
    encoders: list[_Encoder]


def speeds(library: Path) -> Speeds:
    """The speeds of all encoders; of none where the command fails."""
    listed = printed(("models", "list"), library, _Listed, seconds=SECONDS)
    encoders = [] if listed is None else listed.encoders
    return Speeds({one.name: one.frames_per_second for one in encoders if one.frames_per_second})
