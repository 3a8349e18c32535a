"""The local cache of the Hugging Face hub: read by name, filled by `download` alone."""

from __future__ import annotations

from pathlib import Path

from mediaindex.embed.weights.checkpoint import reason
from mediaindex.errors import EncoderUnavailable

_PATTERNS = ("*.json", "*.txt", "*.model", "README.md")
_TIMEOUT_SECONDS = 20.0


def cached_file(repository: str, name: str) -> Path | None:
    """A file of a repository, None where this machine has not cached it; opens no connection."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repository, name)
    return Path(path) if isinstance(path, str) else None  # a marker where the hub is known to lack it


def cached_folder(repository: str, *names: str) -> Path | None:
    """The snapshot of a repository that holds any of these files, None where none is cached."""
    for name in names:
        path = cached_file(repository, name)
        if path is not None:
            return path.parents[len(Path(name).parts) - 1]
    return None


def download(repository: str, *, weights: bool = True) -> Path:
    """The folder of a repository's newest files, downloaded from the hub into its cache.

    No other function of the package opens a connection. Takes safetensors where there are any, else
    torch's own files, which are later read without running code.

    Raises:
        EncoderUnavailable: no network, no such repository, or no space; one sentence.
    """
    from huggingface_hub import HfApi, snapshot_download

    try:
        patterns: list[str] = list(_PATTERNS)
        if weights:
            siblings = HfApi().model_info(repository, timeout=_TIMEOUT_SECONDS).siblings or []
            patterns.append(_weights_pattern([sibling.rfilename for sibling in siblings]))
        return Path(snapshot_download(repository, allow_patterns=patterns))
    except Exception as error:
        # the hub's client passes on the errors of its HTTP library, which changes with its version
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
