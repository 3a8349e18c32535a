"""Which weights are on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.embed.families.builtin_files import NAMES as BUILTIN_NAMES
from mediaindex.embed.presets import PRESETS
from mediaindex.embed.weights.files import imported, installed

pytestmark = pytest.mark.usefixtures("hub")


def test_a_fresh_machine_has_the_builtin_encoders_alone(tmp_path: Path) -> None:
    entries = {entry.name: entry for entry in installed(tmp_path / "models")}
    assert list(entries) == list(PRESETS)
    assert [name for name, entry in entries.items() if entry.present] == list(BUILTIN_NAMES)
    assert 30e6 < entries["builtin"].size_bytes < 60e6
    assert entries["balanced"].source == "not here"
    assert entries["balanced"].size_bytes == PRESETS["balanced"].size_bytes


def test_a_cached_preset_is_present(tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--timm--PE-Core-B-16" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "open_clip_model.safetensors").write_bytes(b"12345")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("0" * 40)
    entry = next(entry for entry in installed(tmp_path / "models") if entry.name == "balanced")
    assert (entry.source, entry.size_bytes, entry.path) == ("hub cache", 5, snapshot)


@pytest.mark.parametrize("manifest", ["{", "[]", '{"library": "own"}', "{}"])
def test_a_folder_without_a_readable_manifest_is_no_import(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "mediaindex.json").write_text(manifest)
    assert not imported(tmp_path)
