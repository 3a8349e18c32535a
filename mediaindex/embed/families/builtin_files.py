"""The files of the built-in encoder in builtin_files/: its identity, its tensors, its vocabulary.

Weights are int8 rows with one float16 scale each (NAME beside NAME#scale), everything else is float16.
Importing this loads neither torch nor numpy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mediaindex.embed.encoder import Arithmetic, EncoderSpec, preprocessing_in
from mediaindex.embed.families.wordpiece import WordPieces
from mediaindex.embed.inputs import readable
from mediaindex.errors import EncoderMismatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "builtin"
FILES = Path(__file__).parents[1] / "builtin_files"
WEIGHTS = "builtin.safetensors"
BANK = "bank.safetensors"
# Larger batches leave the cache and, above 32 MiB an activation, page-fault on every layer.
PICTURES_ON_CPU: Mapping[Arithmetic, int] = {"float32": 4, "bfloat16": 8}
TEXT_TENSORS = ("minilm.", "head.t.")
"""What the names of the text tower's tensors start with."""
# the names of the text head's parts in the file and in the network
_TEXT_HEAD = {"head.t.0.": "head.hidden.0.", "head.t.3.": "head.hidden.2."}


def builtin_spec(files: Path, *, batch: int | None = None, arithmetic: Arithmetic = "float32") -> EncoderSpec:
    """The identity of the encoder.

    Args:
        batch: pictures in one pass, by device; None for that of a CPU. arithmetic: of its image tower.
    """
    config = json.loads((files / "config.json").read_text(encoding="utf-8"))
    return EncoderSpec(
        name=NAME,
        digest=config["digest"],
        preprocessing=preprocessing_in(config["preprocessing"], arithmetic),
        dim=config["dim"],
        evidence_dim=config["evidence_dim"],
        image_size=config["image_size"],
        text_length=config["text_length"],
        batch=PICTURES_ON_CPU[arithmetic] if batch is None else batch,
        blend=config["blend"],
        languages=config["languages"],
        licence=config["licence"],
        commercial=config["commercial"],
        has_tokens=True,
    )


def tensors(
    path: Path, prefixes: tuple[str, ...], *, framework: Literal["np", "pt"]
) -> Iterator[tuple[str, Any, Any]]:
    """Name, values and scale (None without one) of the tensors whose names start with a prefix.

    Args:
        framework: numpy arrays or torch tensors.
    """
    from safetensors import safe_open

    with safe_open(path, framework=framework) as stored:
        names = set(stored.keys())
        for name in names:
            if name.startswith(prefixes) and not name.endswith("#scale"):
                scale = f"{name}#scale"
                yield name, stored.get_tensor(name), stored.get_tensor(scale) if scale in names else None


def builtin_bank(files: Path) -> NDArray[np.float32]:
    """The encoder's bank of queries, (M, D) unit rows: general captions, and captions of its training.

    Raises:
        EncoderMismatch: the file is damaged, or of other weights.
    """
    import numpy as np
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(files / BANK, framework="np") as stored:
            rows: NDArray[np.float32] = stored.get_tensor("queries").astype(np.float32)
            made_for = (stored.metadata() or {}).get("encoder")
    except (OSError, SafetensorError) as error:
        raise unfit(error) from error
    if made_for != builtin_spec(files).digest:
        raise unfit(f"{BANK} is of other weights")
    lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths)


def name_in_text_tower(name: str) -> str:
    """How the networks call a tensor of the text tower: by the parts `sentence` and `head`."""
    for stored, own in _TEXT_HEAD.items():
        name = name.replace(stored, own, 1)
    return name.replace("minilm.", "sentence.", 1)


def unfit(reason: object) -> EncoderMismatch:
    """The error for files that are not those of the encoder."""
    return EncoderMismatch(
        f"the files of the built-in encoder do not fit it: {reason}; install mediaindex again"
    )


class Tokeniser:
    """Word pieces of texts; the vocabulary is read at the first text."""

    def __init__(self, files: Path, *, length: int) -> None:
        self._vocabulary = files / "vocab.txt"
        self._length = length
        self._pieces: WordPieces | None = None

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """The piece numbers of each text, start and end mark included."""
        if self._pieces is None:
            self._pieces = WordPieces(self._vocabulary.read_text(encoding="utf-8").split("\n"))
        return [
            self._pieces.encode(readable(text, tokens=self._length), length=self._length) for text in texts
        ]
