"""The local cache of the Hugging Face hub: looked into by name, filled only by `pull`."""

from __future__ import annotations

from pathlib import Path

from mediaindex.embed.weights.checkpoint import reason
from mediaindex.errors import EncoderUnavailable

_PATTERNS = ("*.json", "*.txt", "*.model", "README.md")
_PATIENCE_SECONDS = 20.0


def cached_file(repository: str, name: str) -> Path | None:
    """A file of a repository where this machine has it; touches no network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, name)
    return Path(found) if isinstance(found, str) else None


def cached_folder(repository: str, *names: str) -> Path | None:
    """The snapshot of a repository that holds any of these files."""
    for name in names:
        path = cached_file(repository, name)
        if path is not None:
            return path.parents[len(Path(name).parts) - 1]
    return None


def download(repository: str, *, weights: bool = True) -> Path:
    """The folder of a repository's newest files, brought from the hub into its cache.

    The only function of the package that opens a connection. Takes safetensors where there are
    any, else torch's own files, which are later read without running code.

    Raises:
        EncoderUnavailable: no network, no such repository, or no space; one sentence.
    """
    from huggingface_hub import HfApi, snapshot_download

    try:
        patterns: list[str] = list(_PATTERNS)
        if weights:
            siblings = HfApi().model_info(repository, timeout=_PATIENCE_SECONDS).siblings or []
            patterns.append(_weights_pattern([sibling.rfilename for sibling in siblings]))
        return Path(snapshot_download(repository, allow_patterns=patterns))
    except Exception as error:
        # whatever HTTP library the hub's client uses in this version raises its own errors through it
        raise EncoderUnavailable(
            f"{repository} could not be downloaded ({reason(error)}); on a "
            f"machine without network bring the files from another one and run "
            f"`mediaindex models import FILE_OR_FOLDER`"
        ) from error


def _weights_pattern(names: list[str]) -> str:
    top = [name for name in names if "/" not in name]
    for name in ("open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin"):
        if name in top:
            return name
    return "*.safetensors" if any(name.endswith(".safetensors") for name in top) else "*.bin"
