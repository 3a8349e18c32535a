"""The encoder that ships in the package: EfficientNet-Lite0 and MiniLM-L6 under a common head.

Each tower is read when it is first asked for. Token vectors of a text average to its pooled vector; the
evidence is described in scripts/fit_evidence.py. `builtin_text` embeds texts alone, without torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from mediaindex.embed.device import has_bfloat16
from mediaindex.embed.encoder import Arithmetic
from mediaindex.embed.families.builtin_files import (
    FILES,
    PICTURES_ON_CPU,
    TEXT_TENSORS,
    WEIGHTS,
    Tokeniser,
    builtin_spec,
    name_in_text_tower,
    tensors,
    unfit,
)
from mediaindex.embed.families.two_towers import TwoTowers, batched_towers, pictures_in_batch
from mediaindex.embed.preprocess import centre_squares
from mediaindex_models.builtin_head import ImageTower, TextTower
from mediaindex_models.efficientnet import folded
from mediaindex_models.onednn import fuse

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


def load_builtin(*, device: str, files: Path = FILES, arithmetic: Arithmetic = "float32") -> TwoTowers:
    """The built-in encoder from its folder; the networks are read at their first use.

    Args:
        arithmetic: of the space. Where this device has no bfloat16 it computes in float32, whose vectors have
            a cosine of 0.9994 to those in the mean.
    """
    own = arithmetic if device == "cpu" and has_bfloat16() else "float32"
    batch = pictures_in_batch(device, on_cpu=PICTURES_ON_CPU[own])
    spec = builtin_spec(files, batch=batch, arithmetic=arithmetic)
    return batched_towers(
        spec,
        device=device,
        image_network=partial(image_tower, files, fused=device == "cpu", arithmetic=own),
        text_network=partial(_text_tower, files, places=spec.text_length),
        prepare=partial(centre_squares, size=spec.image_size),
        tokenise=partial(_padded_pieces, Tokeniser(files, length=spec.text_length)),
    )


def _padded_pieces(tokenise: Tokeniser, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Word pieces of B texts, padded to the longest, and their mask, both (B, T)."""
    rows = tokenise(texts)
    pieces = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros(pieces.shape, dtype=torch.bool)
    for i, row in enumerate(rows):
        pieces[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = True
    return pieces, mask


def image_tower(
    files: Path = FILES, *, fused: bool = False, arithmetic: Arithmetic = "float32"
) -> ImageTower:
    """The image network alone.

    Args:
        fused: faster on a CPU; the layers are then no longer those of the model.
        arithmetic: of most convolutions; the head computes in float32.
    """
    state = _read(files / WEIGHTS, ("image.", "head."))
    evidence = _read(files / "evidence.safetensors", ("mean", "basis"))
    head = {new: state[f"head.{old}"] for new, old in _IMAGE_HEAD.items()}
    backbone = folded({name.removeprefix("image."): value for name, value in state.items()})
    with torch.device("meta"):
        tower = ImageTower(hidden=len(head["hidden.0.bias"]), evidence=evidence["basis"].shape[1])
    parts = {"backbone": backbone, "head": head, "evidence": evidence}
    _load(tower, {f"{part}.{name}": value for part, of in parts.items() for name, value in of.items()})
    if arithmetic == "bfloat16":
        tower.backbone.in_bfloat16()
    if fused:
        fuse(tower)
    return tower.to(memory_format=torch.channels_last)


def _text_tower(files: Path, *, places: int) -> nn.Module:
    stored = _read(files / WEIGHTS, TEXT_TENSORS)
    state = {name_in_text_tower(name): value for name, value in stored.items()}
    with torch.device("meta"):
        tower = TextTower(
            vocabulary=len(state["sentence.word.weight"]),
            places=places,
            hidden=len(state["head.hidden.0.bias"]),
        )
    _load(tower, state)
    return tower


def _read(path: Path, prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors whose names start with a prefix, as float32."""
    state: dict[str, Tensor] = {}
    for name, stored, scale in tensors(path, prefixes, framework="pt"):
        state[name] = stored.float()
        if scale is not None:
            state[name] *= scale.float().view(-1, *[1] * (stored.ndim - 1))
    return state


def _load(tower: nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        tower.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise unfit(error) from error
