"""A saved residual generator for texts, read without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mediaindex_models.residual_numpy import NumpyResidual, expected_shapes

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_OWN = ("generator.directions.t2v.denoiser.", "generator.directions.t2v.")


@dataclass(frozen=True, slots=True)
class NumpyCalibration:
    """As `distribution.Calibration`."""

    temperature: float
    none_bias: float
    none_slope: float


@dataclass(frozen=True, slots=True, eq=False)
class NumpyGenerator:
    """A generator that ranks lists of one text.

    Attributes:
        evidence: E that it reads, 0 for none. scorer: digest of the scorer whose numbers it reads, None for
            none. deviation: by which a similarity is divided among these numbers.
    """

    network: NumpyResidual
    evidence: int
    calibration: NumpyCalibration | None
    scorer: str | None
    deviation: float


def load(folder: Path, *, encoder: tuple[str, str] | None = None) -> NumpyGenerator:
    """Read the text → video side of a residual generator that is evaluated once.

    Args:
        encoder: name and digest of the one whose features it will get; None accepts any.

    Raises ValueError, a line naming the file, where one is missing, damaged or of another recipe, or the
    generator is of another encoder.
    """
    try:
        config = json.loads((folder / CONFIG).read_bytes())
        own = config["encoder"]["name"], config["encoder"]["digest"]
        if encoder is not None and own != encoder:
            named, wanted = (f"{name} ({digest[:12]})" for name, digest in (own, encoder))
            raise ValueError(f"{folder.name} was trained for the encoder {named}, not for {wanted}")
        spec = config["generator"]
        if (spec["recipe"], spec["sampling"]) != ("residual", "single"):
            raise ValueError(f"the recipe is {spec['recipe']}")
        content = (folder / WEIGHTS).read_bytes()
        if hashlib.sha256(content).hexdigest() != config["weights"]:
            raise ValueError(f"{WEIGHTS} is not the file that {CONFIG} describes")
        weights = _weights(folder / WEIGHTS)
        _require_shapes(weights, spec)
        calibration, scorer = config["calibration"].get("t2v"), config.get("scorer")
        return NumpyGenerator(
            NumpyResidual(weights, steps=int(spec["steps"]), weight=float(spec["weight"])),
            int(spec["evidence"]),
            None if calibration is None else NumpyCalibration(**calibration),
            None if scorer is None else str(scorer["digest"]),
            1.0 if scorer is None else float(scorer["deviation"]),
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{folder / WEIGHTS}: {reason}") from error


def _weights(file: Path) -> dict[str, NDArray[np.float32]]:
    weights = {}
    with safe_open(file, framework="np") as held:
        for name in held.keys():  # noqa: SIM118
            own = next((name.removeprefix(start) for start in _OWN if name.startswith(start)), None)
            if own is not None:
                weights[own] = held.get_tensor(name).astype(np.float32)
    return weights


def _require_shapes(weights: Mapping[str, NDArray[np.float32]], spec: Mapping[str, Any]) -> None:
    width, evidence, numbers = int(spec["width"]), int(spec["evidence"]), int(spec.get("numbers", 0))
    shapes = expected_shapes(
        width, evidence=evidence, numbers=numbers, inner=int(spec["inner"]), hidden=int(spec["hidden"])
    )
    for name in sorted(weights.keys() | shapes.keys()):
        shape = weights[name].shape if name in weights else None
        if shape != shapes.get(name):
            raise ValueError(f"{name} is {shape}, should be {shapes.get(name)}")
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"{name} holds a NaN or an infinity")
