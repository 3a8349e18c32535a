"""The folder of a linear mixture, as `search.ranking.mixture.Mixture` reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_CONFIG = "config.json"


def write_mixture(
    folder: Path,
    *,
    encoder: tuple[str, str],
    width: int,
    scorer: str,
    weights: Sequence[float],
    deviation: float,
    report: Mapping[str, Any],
) -> None:
    """Write it; one that is there is replaced, whole or not at all.

    Args:
        encoder: its name and digest. scorer: digest. report: with the `gates`.

    Raises:
        OSError: it cannot be written.
    """
    config = {
        "format": 1,
        "encoder": dict(zip(("name", "digest"), encoder, strict=True)),
        "generator": {"recipe": "linear", "width": width, "weights": list(map(float, weights))},
        "scorer": {"digest": scorer, "deviation": float(deviation)},
        "report": dict(report),
    }
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{_CONFIG}.new"
    unfinished.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, folder / _CONFIG)
