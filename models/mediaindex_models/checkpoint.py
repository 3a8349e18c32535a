"""A generator on disk: model.safetensors + config.json + README.md, the model card. Never a pickle.

config.json names the encoder whose features the generator reads; loading for another is refused. A
folder appears whole or not at all: it is written under another name and then renamed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mediaindex_models.denoiser import known_direction
from mediaindex_models.distribution import Calibration
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.presets import GeneratorSpec, require_count
from mediaindex_models.reference import (
    denoiser_from_reference,
    generator_from_reference,
    matcher_from_reference,
)

__all__ = [
    "CheckpointError",
    "EncoderIdentity",
    "OtherEncoder",
    "SavedGenerator",
    "ScorerIdentity",
    "denoiser_from_reference",
    "digest",
    "generator_from_reference",
    "load",
    "matcher_from_reference",
    "read_reference",
    "save",
]

FORMAT = 1
WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"

_LARGEST_CONFIG_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_MOST_LAYERS, _MOST_PLACES = 64, 4096
_STORED = ("F16", "BF16", "F32", "F64")


class CheckpointError(ValueError):
    """A generator's files cannot be read; `str()` of it is one line that names the file and why."""


class OtherEncoder(CheckpointError):
    """The generator was trained for the features of another encoder."""


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """The encoder whose features a generator reads: its name and the digest of its weights."""

    name: str
    digest: str

    def __post_init__(self) -> None:
        for text in (self.name, self.digest):
            if type(text) is not str:  # read from a file
                raise ValueError(f"an encoder's name and digest are texts, not {text!r}")


@dataclass(frozen=True, slots=True)
class ScorerIdentity:
    """The scorer of regions whose numbers a generator reads.

    Attributes:
        digest: of its weights. deviation: by which a similarity is divided, see `evidence_mixture`.
    """

    digest: str
    deviation: float

    def __post_init__(self) -> None:
        if type(self.digest) is not str or not 0 < self.deviation < float("inf"):
            raise ValueError(f"a scorer has a digest and a deviation above zero, not {self}")


@dataclass(frozen=True, slots=True, eq=False)
class SavedGenerator:
    """A generator with its evaluation, as a folder holds it.

    Attributes:
        encoder: the encoder whose features it reads.
        calibration: by direction, for its distribution; absent where none was fitted.
        report: evaluation and gates as JSON; the application writes and reads it.
        matcher: the first stage that it was trained behind, if any.
        scorer: whose numbers it reads, None for none.
    """

    generator: Generator
    encoder: EncoderIdentity
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    matcher: Matcher | None = None
    scorer: ScorerIdentity | None = None


def save(
    saved: SavedGenerator,
    folder: Path,
    *,
    card: str,
    dtype: torch.dtype = torch.float32,
    overwrite: bool = False,
) -> None:
    """Write a generator's folder.

    Args:
        folder: made here; an existing one is refused with FileExistsError unless `overwrite`.
        card: the model card's text, Markdown.
        dtype: of the stored weights; float16 halves the file.

    Raises CheckpointError for weights that hold a NaN or an infinity, or would in `dtype`, and for a
    report longer than `load` accepts.
    """
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} exists; choose another folder or allow it to be replaced")
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        tensors = _tensors(saved, dtype)
        _require_finite(folder, tensors)
        save_file(tensors, building / WEIGHTS)
        config = json.dumps(_config(saved, digest(building / WEIGHTS)), indent=1, sort_keys=True) + "\n"
        if len(config.encode()) > _LARGEST_CONFIG_BYTES:
            raise CheckpointError(f"{folder / CONFIG}: longer than {_LARGEST_CONFIG_BYTES} bytes")
        (building / CONFIG).write_text(config, encoding="utf-8")
        (building / CARD).write_text(card, encoding="utf-8")
        _open_to_others(building)
        _replace(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def load(folder: Path, *, encoder: EncoderIdentity | None = None) -> SavedGenerator:
    """Read a generator's folder, weights in float32, in eval mode.

    Args:
        encoder: the one whose features the generator will get; None accepts any, to show a folder.

    Raises CheckpointError for files that are missing, damaged or of a newer format, and OtherEncoder
    naming both encoders where they differ.
    """
    config = _read_config(folder / CONFIG)
    try:
        own = EncoderIdentity(**_object(config, "encoder"))
        spec = GeneratorSpec(**_object(config, "generator"))
        calibration: dict[str, Calibration] = {
            known_direction(direction): Calibration(**values)
            for direction, values in _object(config, "calibration").items()
        }
        report = _object(config, "report")
        scorer = None if config.get("scorer") is None else ScorerIdentity(**_object(config, "scorer"))
        # neither file is trusted: no memory is allocated before the weights fit the settings
        with torch.device("meta"):
            generator = Generator(spec)
            shape = config.get("matcher")
            matcher = None if shape is None else _matcher(spec.width, **_object(config, "matcher"))
    except (TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error
    if encoder is not None and own != encoder:
        raise OtherEncoder(
            f"{folder.name} was trained for the encoder {own.name} ({own.digest[:12]}), "
            f"not for {encoder.name} ({encoder.digest[:12]}); train one for it: mediaindex train"
        )
    weights = folder / WEIGHTS
    if config.get("weights") != digest(weights):
        raise CheckpointError(f"{weights}: not the file that {CONFIG} describes")
    _fill({"generator": generator, **({"matcher": matcher} if matcher else {})}, weights)
    return SavedGenerator(generator.eval(), own, calibration, report, matcher and matcher.eval(), scorer)


def digest(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal; CheckpointError where it cannot be read."""
    sha = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                sha.update(chunk)
    except OSError as error:
        raise CheckpointError(f"{file}: {error.strerror}") from error
    return sha.hexdigest()


def read_reference(file: Path) -> dict[str, Tensor]:
    """The tensors of a published `.pth` file, by name: all that it holds, or its `model`.

    Raises CheckpointError for a file that holds code, is no checkpoint, or has tensors larger than
    what it stores of them.
    """
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its parser meets
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{file}: not a checkpoint of tensors alone: {first}") from error
    if isinstance(state, dict) and isinstance(state.get("model"), dict):
        state = state["model"]
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise CheckpointError(f"{file}: not a checkpoint of tensors by name")
    for name, value in state.items():
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise CheckpointError(f"{file}: {name} is {tuple(value.shape)}, more than is stored of it")
    return dict(state)


def _tensors(saved: SavedGenerator, dtype: torch.dtype) -> dict[str, Tensor]:
    modules = {"generator": saved.generator, **({"matcher": saved.matcher} if saved.matcher else {})}
    return {
        f"{owner}.{name}": value.detach().to("cpu", dtype).contiguous()
        for owner, module in modules.items()
        for name, value in module.state_dict().items()
    }


def _config(saved: SavedGenerator, weights: str) -> dict[str, Any]:
    matcher = saved.matcher
    shape = matcher and {
        "layers": len(matcher.temporal.blocks),
        "places": matcher.temporal.places.num_embeddings,
        "corrected_padding": matcher.interaction.corrected,
    }
    return {
        "format": FORMAT,
        "encoder": dataclasses.asdict(saved.encoder),
        "generator": dataclasses.asdict(saved.generator.spec),
        "calibration": {name: dataclasses.asdict(held) for name, held in saved.calibration.items()},
        "matcher": shape,
        "scorer": None if saved.scorer is None else dataclasses.asdict(saved.scorer),
        "report": dict(saved.report),
        "weights": weights,
    }


def _read_config(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            text = stream.read(_LARGEST_CONFIG_BYTES + 1)
        if len(text) > _LARGEST_CONFIG_BYTES:
            raise CheckpointError(f"{file}: longer than {_LARGEST_CONFIG_BYTES} bytes")
        config = json.loads(text)
    except OSError as error:
        raise CheckpointError(f"{file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{file}: not JSON") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        version = config.get("format") if isinstance(config, dict) else None
        raise CheckpointError(f"{file}: format {version!r}, this version reads {FORMAT}")
    return config


def _object(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = config.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} is missing or no object")
    return value


def _matcher(width: int, *, layers: int, places: int, corrected_padding: bool) -> Matcher:
    """A matcher of bounded size: the file that asks for it is not trusted."""
    require_count("layers", layers, most=_MOST_LAYERS)
    require_count("places", places, most=_MOST_PLACES)
    return Matcher(width, layers=layers, places=places, corrected_padding=bool(corrected_padding))


def _fill(modules: Mapping[str, torch.nn.Module], file: Path) -> None:
    """Load the weights of modules on the meta device; names, shapes and types are checked first."""
    wanted = {
        f"{owner}.{name}": value
        for owner, module in modules.items()
        for name, value in module.state_dict().items()
    }
    try:
        with safe_open(file, framework="pt") as held:
            names = set(held.keys())
            if names != wanted.keys():
                other = min(names ^ wanted.keys())
                raise CheckpointError(f"{file}: {other} is missing or belongs to no such network")
            for name, value in wanted.items():
                kept = held.get_slice(name)
                shape = tuple(kept.get_shape())
                if shape != tuple(value.shape):
                    raise CheckpointError(f"{file}: {name} is {shape}, should be {tuple(value.shape)}")
                if kept.get_dtype() not in _STORED:
                    raise CheckpointError(f"{file}: {name} is of {kept.get_dtype()}, not of {_STORED}")
            tensors = {name: held.get_tensor(name).float() for name in wanted}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file}: {error}") from error
    _require_finite(file, tensors)
    for owner, module in modules.items():
        own = {name: tensors[f"{owner}.{name}"] for name in module.state_dict()}
        module.load_state_dict(own, assign=True)


def _require_finite(file: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, value in tensors.items():
        if not bool(value.isfinite().all()):
            raise CheckpointError(f"{file}: {name} holds a NaN or an infinity")


def _open_to_others(building: Path) -> None:
    """Set the modes that the umask gives: mkdtemp and safetensors create for the owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    building.chmod(0o777 & ~mask)
    for file in building.iterdir():
        file.chmod(0o666 & ~mask)


def _replace(building: Path, folder: Path) -> None:
    if not folder.exists():
        os.replace(building, folder)
        return
    # a folder cannot be renamed over a full one: the old one is moved aside and deleted last
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    os.replace(folder, aside / folder.name)
    os.replace(building, folder)
    shutil.rmtree(aside)
