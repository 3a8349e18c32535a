"""The encoder that ships in the package: EfficientNet-Lite0 and MiniLM-L6 under a common head.

Its files lie in builtin_files/: int8 rows with one float16 scale each (NAME beside NAME#scale),
everything else float16. Each tower is read when it is first asked for. Token vectors of a text
average to its pooled vector; the evidence is described in scripts/fit_evidence.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from mediaindex.embed.encoder import EncoderSpec
from mediaindex.embed.families.two_towers import TwoTowers, batched_towers, pictures_in_batch
from mediaindex.embed.families.wordpiece import WordPieces
from mediaindex.embed.inputs import readable
from mediaindex.embed.preprocess import centre_squares
from mediaindex.errors import EncoderMismatch
from mediaindex_models.builtin_head import ImageTower, TextTower
from mediaindex_models.efficientnet import folded
from mediaindex_models.onednn import fuse

NAME = "builtin"
FILES = Path(__file__).parents[1] / "builtin_files"
# Larger batches leave the cache and, above 32 MiB an activation, page-fault on every layer.
_PICTURES_ON_CPU = 4
# the names of the head's parts here and in the file
_IMAGE_HEAD = {
    "class_vectors": "E",
    "mean": "mu",
    "deviation": "sg",
    "linear.weight": "res.weight",
    "linear.bias": "res.bias",
    "hidden.0.weight": "hid.0.weight",
    "hidden.0.bias": "hid.0.bias",
    "hidden.2.weight": "hid.3.weight",
    "hidden.2.bias": "hid.3.bias",
}
_TEXT_HEAD = {
    "hidden.0.weight": "t.0.weight",
    "hidden.0.bias": "t.0.bias",
    "hidden.2.weight": "t.3.weight",
    "hidden.2.bias": "t.3.bias",
}


def load_builtin(*, device: str, files: Path = FILES) -> TwoTowers:
    """The built-in encoder from its folder; the networks are read at their first use."""
    config = json.loads((files / "config.json").read_text(encoding="utf-8"))
    spec = EncoderSpec(
        name=NAME,
        digest=config["digest"],
        preprocessing=config["preprocessing"],
        dim=config["dim"],
        evidence_dim=config["evidence_dim"],
        image_size=config["image_size"],
        text_length=config["text_length"],
        batch=pictures_in_batch(device, on_cpu=_PICTURES_ON_CPU),
        blend=config["blend"],
        languages=config["languages"],
        licence=config["licence"],
        commercial=config["commercial"],
        has_tokens=True,
    )
    return batched_towers(
        spec,
        device=device,
        image_network=partial(image_tower, files, fused=device == "cpu"),
        text_network=partial(_text_tower, files, places=spec.text_length),
        prepare=partial(centre_squares, size=spec.image_size),
        tokenise=_Tokeniser(files / "vocab.txt", length=spec.text_length),
    )


class _Tokeniser:
    """Word pieces of texts, padded to the longest; the vocabulary is read at the first text."""

    def __init__(self, vocabulary: Path, *, length: int) -> None:
        self._vocabulary = vocabulary
        self._length = length
        self._pieces: WordPieces | None = None

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        if self._pieces is None:
            self._pieces = WordPieces(self._vocabulary.read_text(encoding="utf-8").split("\n"))
        rows = [
            self._pieces.encode(readable(text, tokens=self._length), length=self._length) for text in texts
        ]
        pieces = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        mask = torch.zeros(pieces.shape, dtype=torch.bool)
        for i, row in enumerate(rows):
            pieces[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = True
        return pieces, mask


def image_tower(files: Path = FILES, *, fused: bool = False) -> ImageTower:
    """The image network alone.

    Args:
        fused: faster on a CPU; the layers are then no longer those of the model.
    """
    state = _read(files / "builtin.safetensors", ("image.", "head."))
    evidence = _read(files / "evidence.safetensors", ("mean", "basis"))
    head = {new: state[f"head.{old}"] for new, old in _IMAGE_HEAD.items()}
    backbone = folded({name.removeprefix("image."): value for name, value in state.items()})
    with torch.device("meta"):
        tower = ImageTower(hidden=len(head["hidden.0.bias"]), evidence=evidence["basis"].shape[1])
    _fill(tower, backbone=backbone, head=head, evidence=evidence)
    if fused:
        fuse(tower)
    return tower.to(memory_format=torch.channels_last)


def _text_tower(files: Path, *, places: int) -> nn.Module:
    state = _read(files / "builtin.safetensors", ("minilm.", "head.t."))
    head = {new: state.pop(f"head.{old}") for new, old in _TEXT_HEAD.items()}
    sentence = {name.removeprefix("minilm."): value for name, value in state.items()}
    with torch.device("meta"):
        tower = TextTower(
            vocabulary=len(sentence["word.weight"]), places=places, hidden=len(head["hidden.0.bias"])
        )
    _fill(tower, sentence=sentence, head=head)
    return tower


def _read(path: Path, prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors whose names start with a prefix, as float32."""
    state: dict[str, Tensor] = {}
    with safe_open(path, framework="pt") as stored:
        names = set(stored.keys())
        for name in names:
            if not name.startswith(prefixes) or name.endswith("#scale"):
                continue
            value = stored.get_tensor(name).float()
            if f"{name}#scale" in names:
                scale = stored.get_tensor(f"{name}#scale").float()
                value *= scale.view(-1, *[1] * (value.ndim - 1))
            state[name] = value
    return state


def _fill(tower: nn.Module, **parts: Mapping[str, Tensor]) -> None:
    state = {f"{part}.{name}": value for part, of in parts.items() for name, value in of.items()}
    try:
        tower.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise EncoderMismatch(
            f"the files of the built-in encoder do not fit it: {error}; install mediaindex again"
        ) from error
