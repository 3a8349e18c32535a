"""Which weights are on this machine: in the package, in the cache of the hub, or imported.

An import is a folder of its own under the models folder, complete with configuration and
tokenizer, so that it loads without anything else; mediaindex.json in it says what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mediaindex.embed.presets import PRESETS
from mediaindex.embed.weights import checkpoint, hub
from mediaindex.errors import (
    EncoderUnavailable,
)

MANIFEST = "mediaindex.json"
OPEN_CLIP_CONFIG = "open_clip_config.json"
_HUB_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_BUILTIN_FILES: Path | None = Path(__file__).parents[1] / "builtin_files"


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


def _imports(models: Path) -> Iterator[Import]:
    for manifest in sorted(models.glob(f"*/{MANIFEST}")):
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


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
