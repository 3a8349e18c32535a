"""Weights on this machine: listed, pulled from the hub, imported from a file or folder.

An import is a folder of its own under the models folder, complete with configuration and
tokenizer, so that it loads without anything else; mediaindex.json in it says what it is.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaindex.embed import checkpoint, hub
from mediaindex.embed.presets import PRESETS
from mediaindex.errors import EncoderMismatch, EncoderUnavailable, UsageError

_MANIFEST = "mediaindex.json"
_OPEN_CLIP_CONFIG = "open_clip_config.json"
_HUB_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_BUILTIN_FILES: Path | None = Path(__file__).parent / "builtin_files"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEPT = ("*.json", "*.txt", "*.model", "README.md", "LICENSE*", "NOTICE*")


@dataclass(frozen=True, slots=True)
class Import:
    """Imported weights.

    Attributes:
        library: open_clip or transformers.
    """

    name: str
    folder: Path
    library: str
    licence: str
    commercial: bool


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """One line of `models list`.

    Attributes:
        source: "package", "hub cache", "imported" or "not here".
        size_bytes: on this machine where present, else what a pull brings.
        path: the folder or file, None where it is not here.
    """

    name: str
    library: str
    model: str
    licence: str
    commercial: bool
    source: str
    size_bytes: int
    path: Path | None

    @property
    def present(self) -> bool:
        """Whether it loads without network."""
        return self.path is not None


def installed(models: Path) -> list[EncoderEntry]:
    """Every preset, present or not, then what was imported under other names."""
    brought = imported(models)
    entries = [_preset_entry(name, brought.get(name)) for name in PRESETS]
    entries += [_import_entry(item) for name, item in sorted(brought.items()) if name not in PRESETS]
    return entries


def imported(models: Path) -> Mapping[str, Import]:
    """The imports of a models folder by name; a folder without a readable manifest is none."""
    return {item.name: item for item in _imports(models)}


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
    """Copy weights into the models folder under a name, once they have been loaded and tried.

    Args:
        source: a file of weights, or a folder with them beside open_clip_config.json or config.json.
        name: a preset whose weights these are, or a new name.
        model: open_clip's name of the model, for a file under a new name.

    Raises:
        UsageError: an unfit name, or one already taken.
        EncoderUnavailable: no checkpoint, or one that holds code.
        EncoderMismatch: weights of another shape than the model.
    """
    if not _NAME.fullmatch(name) or name == "builtin":
        raise UsageError(f"an encoder's name is letters, digits, '.', '_' and '-', not {name!r}")
    if (models / name).exists():
        raise UsageError(f"{models / name} exists: remove it first, or import under another name")
    if not source.exists():
        raise EncoderUnavailable(f"there is no file or folder {source}")
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=models) as waiting:
        folder = Path(waiting) / name
        folder.mkdir()
        library = _copy_folder(source, folder) if source.is_dir() else _copy_file(source, folder, name, model)
        licence, commercial = _licence(name, folder)
        manifest = {"schema": 1, "library": library, "licence": licence, "commercial": commercial}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        _try(Import(name, folder, library, licence, commercial))
        folder.rename(models / name)
    return Import(name, models / name, library, licence, commercial)


def _copy_folder(source: Path, folder: Path) -> str:
    """Copy what loading needs; gives the library."""
    if (source / _OPEN_CLIP_CONFIG).is_file():
        library = "open_clip"
    elif (source / "config.json").is_file():
        library = "transformers"
    else:
        raise EncoderUnavailable(
            f"{source} is no encoder: neither {_OPEN_CLIP_CONFIG} nor config.json lies beside the weights"
        )
    weights = checkpoint.weights_in(source)
    for path in {weights, *(found for pattern in _KEPT for found in source.glob(pattern))}:
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    return library


def _copy_file(source: Path, folder: Path, name: str, model: str | None) -> str:
    """Copy a file of weights and write the configuration of its model beside it."""
    preset = PRESETS.get(name)
    model = model or (preset.model if preset is not None else None)
    if model is None:
        raise UsageError(
            f"{source.name} does not say which model it is for: import it under a preset's name "
            f"({', '.join(p for p in PRESETS if p != 'builtin')}), or with --model MODEL of open_clip"
        )
    from mediaindex.embed.openclip_files import files_of_weights

    files = files_of_weights(model, source)
    for path in checkpoint.tokenizer_files(files.tokenizer) if files.tokenizer else []:
        shutil.copyfile(path, folder / path.name)
    if files.model["text_cfg"].get("hf_model_name"):
        shutil.copyfile(
            Path(files.model["text_cfg"]["hf_model_name"]) / "config.json", folder / "config.json"
        )
    config: dict[str, Any] = {"model_cfg": files.model, "preprocess_cfg": files.pixels}
    (folder / _OPEN_CLIP_CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(source, folder / f"open_clip_model{source.suffix}")
    return "open_clip"


def _try(item: Import) -> None:
    """Load an import on the CPU and embed one picture and one sentence with it."""
    import numpy as np

    from mediaindex.embed import load_encoder

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


def _imports(models: Path) -> Iterator[Import]:
    for manifest in sorted(models.glob(f"*/{_MANIFEST}")):
        try:
            said = checkpoint.read_json(manifest)
        except EncoderUnavailable:  # a mismatch is one too
            continue
        library = said.get("library")
        if library in ("open_clip", "transformers") and not manifest.parent.name.startswith("."):
            yield Import(
                manifest.parent.name,
                manifest.parent,
                str(library),
                str(said.get("licence", "not stated")),
                said.get("commercial") is True,
            )


def _preset_entry(name: str, brought: Import | None) -> EncoderEntry:
    if brought is not None:
        return _import_entry(brought)
    preset = PRESETS[name]
    source, path = "package", _BUILTIN_FILES
    if preset.repository is not None:
        cached = hub.cached_folder(preset.repository, *_HUB_WEIGHTS)
        source, path = ("hub cache", cached) if cached is not None else ("not here", None)
    return EncoderEntry(
        name=name,
        library=preset.library,
        model=preset.model,
        licence=preset.licence,
        commercial=preset.commercial,
        source=source,
        size_bytes=preset.size_bytes if path is None else _size(path),
        path=path,
    )


def _import_entry(item: Import) -> EncoderEntry:
    preset = PRESETS.get(item.name)
    return EncoderEntry(
        name=item.name,
        library=item.library,
        model=item.name if preset is None else preset.model,
        licence=item.licence,
        commercial=item.commercial,
        source="imported",
        size_bytes=_size(item.folder),
        path=item.folder,
    )


def _pull_open_clip(model: str, tag: str) -> Path:
    from mediaindex.embed.openclip_files import repository_of, text_repositories

    for repository in text_repositories(model):
        hub.download(repository, weights=False)
    return hub.download(repository_of(model, tag))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
