"""The state of a training run on disk: one safetensors file, replaced whole, to resume from."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mediaindex_models.checkpoint import CheckpointError
from mediaindex_models.training_config import TrainingConfig

_KIND = "mediaindex training state 1"
_PARTS = ("weight", "average", "first", "second")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """Everything that the rest of a run depends on.

    Attributes:
        step: number of updates so far.
        data: fingerprint of the pairs. start: fingerprint of the untrained networks.
        weights: by parameter name. average: weights averaged over steps.
        moments: first and second moment of AdamW.
    """

    step: int
    config: TrainingConfig
    data: str
    start: str
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    moments: Mapping[str, tuple[Tensor, Tensor]]


def write_state(file: Path, state: TrainingState) -> None:
    """Replace the file whole: after a crash it holds the old state or the new one."""
    tensors: dict[str, Tensor] = {}
    for name, weight in state.weights.items():
        first, second = state.moments[name]
        parts = zip(_PARTS, (weight, state.average[name], first, second), strict=True)
        tensors |= {f"{part}/{name}": value.detach().cpu().contiguous() for part, value in parts}
    metadata = {
        "kind": _KIND,
        "step": str(state.step),
        "data": state.data,
        "start": state.start,
        "config": json.dumps(dataclasses.asdict(state.config), sort_keys=True),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    building = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        save_file(tensors, building, metadata=metadata)
        with building.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(building, file)
    finally:
        building.unlink(missing_ok=True)


def read_state(file: Path, config: TrainingConfig, data: str, start: str) -> TrainingState:
    """The state of the run with these settings, on these pairs, from these untrained networks.

    Raises CheckpointError for a damaged file, and for another run, naming the difference.
    """
    try:
        with safe_open(file, framework="pt") as held:
            metadata = held.metadata() or {}
            tensors = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118 (no mapping)
        if metadata.get("kind") != _KIND:
            raise CheckpointError(f"{file}: not a state of training")
        _require_same_run(file, json.loads(metadata["config"]), config)
        if metadata["data"] != data:
            raise CheckpointError(f"{file} keeps a run on other pairs")
        if metadata["start"] != start:
            raise CheckpointError(f"{file} keeps a run of another generator or first stage")
        step = int(metadata["step"])
        if not 0 <= step <= config.steps:
            raise CheckpointError(f"{file}: step {step} of {config.steps}")
        names = [key.removeprefix("weight/") for key in tensors if key.startswith("weight/")]
        for name in names:
            _require_alike(file, name, [tensors[f"{part}/{name}"] for part in _PARTS])
        return TrainingState(
            step,
            config,
            data,
            start,
            {name: tensors[f"weight/{name}"] for name in names},
            {name: tensors[f"average/{name}"] for name in names},
            {name: (tensors[f"first/{name}"], tensors[f"second/{name}"]) for name in names},
        )
    except CheckpointError:
        raise
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(f"{file}: {error}") from error


def _require_alike(file: Path, name: str, parts: Sequence[Tensor]) -> None:
    """Check the tensors of a parameter: moments of another size would make the optimiser corrupt memory."""
    weight = parts[0]
    for part, value in zip(_PARTS, parts, strict=True):
        if value.shape != weight.shape or value.dtype != torch.float32:
            raise CheckpointError(
                f"{file}: {part}/{name} is {tuple(value.shape)} of {value.dtype}, should be "
                f"{tuple(weight.shape)} of {torch.float32}"
            )
        if not bool(value.isfinite().all()):
            raise CheckpointError(f"{file}: {part}/{name} holds a NaN or an infinity")


def _require_same_run(file: Path, kept: object, config: TrainingConfig) -> None:
    if not isinstance(kept, dict):
        raise CheckpointError(f"{file}: its settings are no object")
    for name, value in dataclasses.asdict(config).items():
        if kept.get(name) != value:
            difference = f"{name} = {kept.get(name)}, this one has {value}"
            raise CheckpointError(f"{file} keeps a run with {difference}")
