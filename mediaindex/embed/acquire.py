"""How weights get onto this machine: pulled from the hub, or imported from a file or folder."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from mediaindex.embed.families.builtin_files import NAMES as BUILTIN_NAMES
from mediaindex.embed.presets import PRESETS
from mediaindex.embed.weights import checkpoint, hub
from mediaindex.embed.weights.checkpoint import OPEN_CLIP_CONFIG
from mediaindex.embed.weights.files import MANIFEST, Import, imported
from mediaindex.errors import EncoderMismatch, EncoderUnavailable, UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_COPIED_PATTERNS = ("*.json", "*.txt", "*.model", "README.md", "LICENSE*", "NOTICE*")


def pull(name: str, models: Path) -> Path:
    """The folder of a preset's or reference's files, downloaded into the hub's cache.

    Raises:
        EncoderUnavailable: no network, or nothing of that name; one sentence.
    """
    library, _, reference = name.partition(":")
    preset = PRESETS.get(name)
    if preset is not None and preset.repository is None:
        raise UsageError(f"{name} ships with mediaindex, there is nothing to pull")
    if name in imported(models):
        raise UsageError(f"{name} was imported and is here already; remove {models / name} to pull it")
    if preset is not None and preset.repository is not None:
        return hub.download(preset.repository)
    if library == "transformers" and reference:
        return hub.download(reference)
    if library == "open_clip" and "/" in reference:
        return _pull_open_clip(*reference.split("/", 1))
    raise EncoderUnavailable(
        f"there is no encoder {name!r} to pull: known are {', '.join(PRESETS)}, and open_clip:MODEL/TAG "
        f"or transformers:REPO"
    )


def import_weights(source: Path, name: str, models: Path, *, model: str | None = None) -> Import:
    """Copy weights into the models folder under a name, if they load and embed a picture and a sentence.

    Args:
        source: a file of weights, or a folder with them beside open_clip_config.json or config.json.
        name: a preset whose weights these are, or a new name.
        model: open_clip's name of the model, for a file under a new name.

    Raises:
        UsageError: the name is not allowed, or taken.
        EncoderUnavailable: the source is no checkpoint, or holds code.
        EncoderMismatch: the weights have another shape than the model.
    """
    if not _NAME.fullmatch(name) or name in BUILTIN_NAMES:
        raise UsageError(f"an encoder's name is letters, digits, '.', '_' and '-', not {name!r}")
    if (models / name).exists():
        raise UsageError(f"{models / name} exists: remove it first, or import under another name")
    if not source.exists():
        raise EncoderUnavailable(f"there is no file or folder {source}")
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=models) as staging:
        folder = Path(staging) / name
        folder.mkdir()
        library = _copy_folder(source, folder) if source.is_dir() else _copy_file(source, folder, name, model)
        licence, commercial = _licence(name, folder)
        manifest = {"schema": 1, "library": library, "licence": licence, "commercial": commercial}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        _check(Import(name, folder, library, licence, commercial))
        folder.rename(models / name)
    return Import(name, models / name, library, licence, commercial)


def _copy_folder(source: Path, folder: Path) -> str:
    """Copy the files that loading needs; gives the name of the library that reads them."""
    if (source / OPEN_CLIP_CONFIG).is_file():
        library = "open_clip"
    elif (source / "config.json").is_file():
        library = "transformers"
    else:
        raise EncoderUnavailable(
            f"{source} is no encoder: neither {OPEN_CLIP_CONFIG} nor config.json lies beside the weights"
        )
    weights = checkpoint.weights_in(source)
    for path in {weights, *(file for pattern in _COPIED_PATTERNS for file in source.glob(pattern))}:
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    return library


def _copy_file(source: Path, folder: Path, name: str, model: str | None) -> str:
    """Copy a file of weights and write the configuration of its model beside it; gives the library."""
    preset = PRESETS.get(name)
    model = model or (preset.model if preset is not None else None)
    if model is None:
        raise UsageError(
            f"{source.name} does not say which model it is for: import it under a preset's name "
            f"({', '.join(p for p in PRESETS if p not in BUILTIN_NAMES)}), or with --model MODEL of open_clip"
        )
    from mediaindex.embed.weights.open_clip_files import files_of_weights

    files = files_of_weights(model, source)
    for path in checkpoint.tokenizer_files(files.tokenizer) if files.tokenizer else []:
        shutil.copyfile(path, folder / path.name)
    if files.model["text_cfg"].get("hf_model_name"):
        shutil.copyfile(
            Path(files.model["text_cfg"]["hf_model_name"]) / "config.json", folder / "config.json"
        )
    config: dict[str, Any] = {"model_cfg": files.model, "preprocess_cfg": files.pixels}
    (folder / OPEN_CLIP_CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(source, folder / f"open_clip_model{source.suffix}")
    return "open_clip"


def _check(item: Import) -> None:
    """Load an import on the CPU and embed one picture and one sentence with it.

    Raises:
        EncoderMismatch: pictures and sentences have vectors of different width.
    """
    import numpy as np

    from mediaindex.embed.loading import load_encoder

    encoder = load_encoder(item.name, device="cpu", models=item.folder.parent)
    picture = encoder.images([np.full((32, 32, 3), 128, np.uint8)]).vectors
    sentence = encoder.texts(["a dog on a beach"]).pooled
    if picture.shape != sentence.shape or picture.shape[1] != encoder.spec.dim:
        raise EncoderMismatch(
            f"{item.name} gives pictures of {picture.shape[1]} and sentences of {sentence.shape[1]} numbers: "
            f"its two sides are not of one space"
        )


def _licence(name: str, folder: Path) -> tuple[str, bool]:
    preset = PRESETS.get(name)
    return (preset.licence, preset.commercial) if preset is not None else checkpoint.licence_of(folder)


def _pull_open_clip(model: str, tag: str) -> Path:
    from mediaindex.embed.weights.open_clip_files import repository_of, text_repositories

    for repository in text_repositories(model):
        hub.download(repository, weights=False)
    return hub.download(repository_of(model, tag))
