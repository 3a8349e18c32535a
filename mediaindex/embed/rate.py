"""How many frames a second this machine embeds: arithmetic of the model over a measured speed.

The built-in encoder is measured itself. For a transformer that may not be here yet, one second of
a transformer layer of ViT-B's shape is measured; the larger networks come a little closer to a
machine's peak, so the figure is rather low for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from mediaindex.embed.presets import PRESETS, Preset

_WIDTH, _HEADS, _INNER, _TOKENS, _BATCH = 768, 12, 3072, 197, 8
_LAYER_GFLOP = 2e-9 * _BATCH * _TOKENS * (4 * _WIDTH * _WIDTH + 2 * _WIDTH * _INNER + 2 * _TOKENS * _WIDTH)


def machine_rate(preset: Preset, *, device: str = "cpu", seconds: float = 1.0) -> float:
    """Frames a second that the preset's image tower would embed here, about.

    Args:
        seconds: how long to measure, after one run that is not counted.
    """
    if preset is PRESETS["builtin"]:
        from mediaindex.embed.builtin import load_builtin

        encoder = load_builtin(device=device)
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
