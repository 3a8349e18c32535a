"""The cache of the hub: read by name, filled by a download alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from mediaindex.embed.acquire import pull
from mediaindex.embed.weights.hub import cached_file, cached_folder, download
from mediaindex.errors import EncoderUnavailable


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (
            ["open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.safetensors"],
            "open_clip_model.safetensors",
        ),
        (["model.safetensors", "pytorch_model.bin", "onnx/model.onnx"], "model.safetensors"),
        (["ViT.safetensors", "pytorch_model.bin"], "*.safetensors"),
        (["pytorch_model.bin", "onnx/model.safetensors"], "*.bin"),
    ],
)
def test_a_pull_brings_one_form_of_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], taken: str
) -> None:
    import huggingface_hub
    from huggingface_hub.hf_api import RepoSibling

    asked: list[list[str]] = []

    def snapshot_download(repository: str, *, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(tmp_path / repository)

    siblings = [RepoSibling(name) for name in names]
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(
        huggingface_hub.HfApi, "model_info", lambda *_, **__: SimpleNamespace(siblings=siblings)
    )
    assert pull("transformers:some/model", tmp_path / "models") == tmp_path / "some" / "model"
    assert asked == [["*.json", "*.txt", "*.model", "README.md", taken]]


def snapshot_of(hub: Path, repository: str, *names: str) -> Path:
    """A snapshot in the cache with empty files."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / ("0" * 40)
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    for name in names:
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).touch()
    return snapshot


def test_a_cached_file_is_found_by_repository_and_name(hub: Path) -> None:
    snapshot = snapshot_of(hub, "some/model", "config.json")
    assert cached_file("some/model", "config.json") == snapshot / "config.json"
    assert cached_file("some/model", "weights.bin") is None
    assert cached_file("other/model", "config.json") is None


def test_a_folder_is_the_snapshot_whichever_of_the_names_is_there(hub: Path) -> None:
    snapshot = snapshot_of(hub, "some/model", "deep/inside.json", "b.json")
    assert cached_folder("some/model", "a.json", "b.json") == snapshot
    assert cached_folder("some/model", "deep/inside.json") == snapshot
    assert cached_folder("some/model", "a.json") is None


def test_what_the_hub_is_known_to_lack_is_not_there(hub: Path) -> None:
    folder = snapshot_of(hub, "some/model", "config.json").parents[1]
    marker = folder / ".no_exist" / ("0" * 40) / "weights.bin"
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert cached_file("some/model", "weights.bin") is None


@pytest.mark.usefixtures("hub")
def test_a_download_without_network_names_the_way_around() -> None:
    with pytest.raises(EncoderUnavailable, match="some/model could not be downloaded") as raised:
        download("some/model")
    assert "mediaindex models import FILE_OR_FOLDER" in str(raised.value)
    assert "\n" not in str(raised.value)
