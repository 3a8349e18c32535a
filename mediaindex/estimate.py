"""What each encoder costs on this machine: size, licence, and hours for this library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mediaindex.embed.presets import PRESETS
from mediaindex.embed.rate import machine_gflops, machine_rate
from mediaindex.embed.weights import installed

FRAMES_A_MEDIA_HOUR = 1200
"""Frames that sampling takes of an hour: one in three seconds, where the film has no more keyframes."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One encoder with what it would cost here.

    Attributes:
        frames_per_second: on this machine, None where not measured.
        hours_for_library: to embed the frames that are cached now, None without frames or measurement.
    """

    name: str
    library: str
    model: str
    licence: str
    commercial: bool
    source: str
    present: bool
    size_bytes: int
    path: str | None
    frames_per_second: float | None
    hours_for_library: float | None


def costs(models: Path, frames: int, *, device: str = "cpu", measure: bool) -> list[Cost]:
    """Every preset and import.

    Args:
        frames: cached frames of the library.
        measure: measure this machine (about three seconds).
    """
    gflops = machine_gflops(device=device) if measure else None
    found = []
    for entry in installed(models):
        rate = None
        preset = PRESETS.get(entry.name)
        if preset is not None and gflops is not None:
            is_builtin = preset.library == "builtin"
            rate = machine_rate(preset, device=device) if is_builtin else gflops / preset.gflop_per_frame
        found.append(
            Cost(
                name=entry.name,
                library=entry.library,
                model=entry.model,
                licence=entry.licence,
                commercial=entry.commercial,
                source=entry.source,
                present=entry.present,
                size_bytes=entry.size_bytes,
                path=None if entry.path is None else str(entry.path),
                frames_per_second=rate,
                hours_for_library=None if not rate or not frames else frames / rate / 3600.0,
            )
        )
    return found


def described(cost: Cost) -> str:
    """One line for a person."""
    size = "present" if cost.present else f"{cost.size_bytes / 1e6:.0f} MB to bring"
    parts = [f"{cost.name:13} {cost.model}", cost.licence, size]
    if not cost.commercial:
        parts.append("not cleared for commercial use")
    if cost.frames_per_second is not None:
        media = 3600.0 * cost.frames_per_second / FRAMES_A_MEDIA_HOUR
        parts.append(f"{cost.frames_per_second:.1f} frames/s here, {media:.1f} h of video an hour")
    if cost.hours_for_library is not None:
        parts.append(f"about {cost.hours_for_library:.2f} h for this library")
    return ", ".join(parts)
