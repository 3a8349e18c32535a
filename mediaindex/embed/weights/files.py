"""Which weights are on this machine: in the package, in the cache of the hub, or imported.

An import is a folder under the models folder with weights, configuration and tokenizer, so that it loads
without anything else; mediaindex.json in it describes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mediaindex.embed.presets import PRESETS
from mediaindex.embed.weights import checkpoint, hub
from mediaindex.errors import EncoderUnavailable

MANIFEST = "mediaindex.json"
_HUB_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_BUILTIN_FILES: Path | None = Path(__file__).parents[1] / "builtin_files"


@dataclass(frozen=True, slots=True)
class Import:
    """Imported weights.

    Attributes:
        library: "open_clip" or "transformers", which reads them.
        commercial: whether the licence is known to allow commercial use.
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
        size_bytes: on this machine where present, else of the files that a pull downloads.
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
    """Every preset, present or not, then the imports under other names."""
    imports = imported(models)
    presets = [_preset_entry(name, imports.get(name)) for name in PRESETS]
    return presets + [_import_entry(item) for name, item in sorted(imports.items()) if name not in PRESETS]


def imported(models: Path) -> Mapping[str, Import]:
    """The imports of a models folder by name; folders without a readable manifest are left out."""
    return {item.name: item for item in _imports(models)}


def _imports(models: Path) -> Iterator[Import]:
    for path in sorted(models.glob(f"*/{MANIFEST}")):
        try:
            manifest = checkpoint.read_json(path)
        except EncoderUnavailable:  # EncoderMismatch is one too
            continue
        library = manifest.get("library")
        if library in ("open_clip", "transformers") and not path.parent.name.startswith("."):
            yield Import(
                path.parent.name,
                path.parent,
                str(library),
                str(manifest.get("licence", "not stated")),
                manifest.get("commercial") is True,
            )


def _preset_entry(name: str, own_import: Import | None) -> EncoderEntry:
    if own_import is not None:
        return _import_entry(own_import)
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
