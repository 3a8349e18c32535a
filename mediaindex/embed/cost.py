"""What each encoder costs on this machine: size, licence, and hours for this library.

The hours follow from the model's number of operations and a measured speed. The built-in encoder itself is
measured. For a transformer, whose weights may not be here yet, one layer of ViT-B's shape is measured for a
second; larger networks come a little closer to a machine's peak, so that theirs is rather underestimated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mediaindex.embed.presets import PRESETS, Preset
from mediaindex.embed.weights.files import installed

FRAMES_A_MEDIA_HOUR = 1200
"""Frames that are sampled of an hour: one in three seconds, where the film has no more keyframes."""

_WIDTH, _HEADS, _INNER, _TOKENS, _BATCH = 768, 12, 3072, 197, 8
_LAYER_GFLOP = 2e-9 * _BATCH * _TOKENS * (4 * _WIDTH * _WIDTH + 2 * _WIDTH * _INNER + 2 * _TOKENS * _WIDTH)


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
        measure: whether to measure this machine, which takes about three seconds.
    """
    gflops = machine_gflops(device=device) if measure else None
    rows = []
    for entry in installed(models):
        rate = None
        preset = PRESETS.get(entry.name)
        if preset is not None and gflops is not None:
            is_builtin = preset.library == "builtin"
            rate = machine_rate(preset, device=device) if is_builtin else gflops / preset.gflop_per_frame
        rows.append(
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
    return rows


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


def machine_rate(preset: Preset, *, device: str = "cpu", seconds: float = 1.0) -> float:
    """Frames a second that the preset's image tower would embed here, about.

    Args:
        seconds: how long to measure, after one run that is not counted.
    """
    if preset.library == "builtin":
        from mediaindex.embed.families.builtin import load_builtin

        encoder = load_builtin(device=device, name=preset.name)
        pictures = [np.zeros((224, 224, 3), np.uint8)] * encoder.spec.batch
        return len(pictures) * _runs_per_second(partial(encoder.images, pictures), seconds)
    return machine_gflops(device=device, seconds=seconds) / preset.gflop_per_frame


def machine_gflops(*, device: str = "cpu", seconds: float = 1.0) -> float:
    """10^9 float32 operations a second in a transformer layer; measure once for many presets."""
    layer = nn.TransformerEncoderLayer(
        _WIDTH, _HEADS, _INNER, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    layer.eval().to(device)
    tokens = torch.zeros(_BATCH, _TOKENS, _WIDTH, device=device)

    def one_pass() -> None:
        with torch.inference_mode():
            layer(tokens).sum().item()  # waits for a GPU, which else only queues the work

    return _LAYER_GFLOP * _runs_per_second(one_pass, seconds)


def _runs_per_second(run: Callable[[], object], seconds: float) -> float:
    run()
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or count == 0:
        run()
        count += 1
    return count / elapsed
