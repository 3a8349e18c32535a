"""The files of one checkpoint: which of them holds the weights, their digest, the licence on the card."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mediaindex.embed.inputs import readable
from mediaindex.errors import EncoderMismatch, EncoderUnavailable

OPEN_CLIP_CONFIG = "open_clip_config.json"
_WEIGHTS = (
    "open_clip_model.safetensors",
    "model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "pytorch_model.bin",
)
_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth")
_FREE_LICENCES = ("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0")
_LARGEST_JSON = 64 * 1024 * 1024
_MANY_PIECES = 100_000


def weights_in(folder: Path) -> Path:
    """The file of weights in a folder, safetensors before anything else.

    Raises:
        EncoderUnavailable: there is none, or they are split into several.
    """
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    if any(folder.glob("*.index.json")):
        raise EncoderUnavailable(f"the weights in {folder} are split into several files: bring them as one")
    for suffix in _SUFFIXES:
        candidates = sorted(path for path in folder.glob(f"*{suffix}") if path.is_file())
        if candidates:
            return candidates[0]
    raise EncoderUnavailable(f"{folder} holds no weights: no file ends with {', '.join(_SUFFIXES)}")


def checked_weights(path: Path) -> Path:
    """The path.

    Raises:
        EncoderUnavailable: its ending is none of those that are read without running code.
    """
    if path.suffix not in _SUFFIXES:
        raise EncoderUnavailable(
            f"{path} is no checkpoint that is read here: its name must end with {', '.join(_SUFFIXES)}"
        )
    return path


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file of a checkpoint.

    Raises:
        EncoderUnavailable: the file is not there.
        EncoderMismatch: it is too large, or no JSON object.
    """
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise EncoderMismatch(f"{path} is too large for a configuration")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderUnavailable(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise EncoderMismatch(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EncoderMismatch(f"{path} is not a JSON object")
    return value


def digest_of(files: Sequence[Path], configuration: Mapping[str, object]) -> str:
    """SHA-256 over the files and the configuration that decide a vector."""
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True, default=str).encode())
    for path in files:
        digest.update(bytes.fromhex(_file_digest(path)))
    return digest.hexdigest()


def tokenizer_files(folder: Path) -> list[Path]:
    """The files of a Hugging Face tokenizer in a folder, in order of name."""
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "vocab.txt", "merges.txt")
    files = [folder / name for name in names if (folder / name).is_file()]
    return sorted([*files, *folder.glob("*.model")])


def licence_of(folder: Path | None) -> tuple[str, bool]:
    """The licence that the model card of a folder states, and whether it allows commercial use."""
    card = folder / "README.md" if folder else None
    if card is None or not card.is_file():
        return "not stated", False
    with card.open(encoding="utf-8", errors="replace") as lines:
        head = lines.read(4096)
    stated = re.search(r"^license:\s*([\w.+-]{1,60})\s*$", head, re.MULTILINE)
    licence = stated.group(1) if stated else "not stated"
    return licence, licence.lower() in _FREE_LICENCES


def reads_many_languages(pieces: int) -> bool:
    """Whether a vocabulary of that many pieces was made for many languages (English: 30 to 50 thousand)."""
    return pieces >= _MANY_PIECES


def reason(error: Exception) -> str:
    """What a library's error says, in one clean line."""
    if isinstance(error, pickle.UnpicklingError):
        return "it holds more than tensors, perhaps code"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # "Error(s) in loading state_dict for CLIP:" says less than the line after it
    if len(lines) > 1 and lines[0].endswith(":"):
        lines.pop(0)
    line = readable(lines[0], tokens=16).strip().rstrip(".") if lines else ""
    return line or type(error).__name__


def _file_digest(path: Path) -> str:
    # the hub's cache names a blob by its SHA-256, which saves reading gigabytes again
    blob = path.resolve()
    if blob.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", blob.name):
        return blob.name
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
