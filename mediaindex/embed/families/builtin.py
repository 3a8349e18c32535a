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
    NAME,
    PICTURES_ON_CPU,
    SCORER_BETA,
    SCORER_OF_PICTURES,
    TEXT_HEAD,
    TEXT_TOWER,
    TOWERS,
    HeadFiles,
    ScorerFile,
    Tokeniser,
    builtin_spec,
    head_of,
    name_in_text_tower,
    scorer_of,
    scorer_tensors,
    side_by_side,
    tensors,
    unfit,
)
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.embed.families.scorer_network import bank_of, float32, set_weights
from mediaindex.embed.families.two_towers import TwoTowers, batched_towers, pictures_in_batch
from mediaindex.embed.preprocess import centre_squares
from mediaindex_models.builtin_head import HeadSize, ImageTower, TextTower
from mediaindex_models.efficientnet import folded
from mediaindex_models.onednn import fuse
from mediaindex_models.region_evidence import MapEvidence

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


def load_builtin(
    *,
    device: str,
    files: Path = FILES,
    name: str = NAME,
    digest: str | None = None,
    arithmetic: Arithmetic = "float32",
) -> TwoTowers:
    """The built-in encoder from its folder; the networks are read at their first use.

    Args:
        name, digest: of its head, see `builtin_files.head_of`.
        arithmetic: of the space. Where this device has no bfloat16 it computes in float32, whose vectors have
            a cosine of 0.9994 to those in the mean.

    Raises:
        EncoderMismatch: there is no such head.
    """
    head = head_of(files, name, digest)
    own = arithmetic if device == "cpu" and has_bfloat16() else "float32"
    batch = pictures_in_batch(device, on_cpu=PICTURES_ON_CPU[own])
    spec = builtin_spec(files, head=head, batch=batch, arithmetic=arithmetic)
    return batched_towers(
        spec,
        device=device,
        image_network=partial(
            image_tower, files, head=head, fused=device == "cpu", arithmetic=own, with_regions=True
        ),
        text_network=partial(text_tower, files, head=head, places=spec.text_length),
        prepare=partial(centre_squares, size=spec.image_size),
        tokenise=partial(_padded_pieces, Tokeniser(files, length=spec.text_length)),
        ask=BuiltinTexts(files, name=name, digest=digest).asked,
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
    files: Path = FILES,
    *,
    head: HeadFiles | None = None,
    fused: bool = False,
    arithmetic: Arithmetic = "float32",
    with_regions: bool = False,
) -> ImageTower:
    """The image network alone.

    Args:
        head: None for that of new libraries.
        with_regions: with what the scorer's evidence is made by, where there is a scorer.
        fused: faster on a CPU; the layers are then no longer those of the model.
        arithmetic: of most convolutions; the head computes in float32.
    """
    published = _read(files / TOWERS, ("image.",))
    members = [_read(files / file, ("head.",)) for file in (head or head_of(files)).members]
    evidence = _read(files / "evidence.safetensors", ("mean", "basis"))
    heads = {
        f"{number}.{new}": member[f"head.{old}"]
        for number, member in enumerate(members)
        for new, old in _IMAGE_HEAD.items()
    }
    backbone = folded({name.removeprefix("image."): value for name, value in published.items()})
    with torch.device("meta"):
        tower = ImageTower(
            [HeadSize(len(member["head.hid.0.bias"]), len(member["head.mu"])) for member in members],
            evidence=evidence["basis"].shape[1],
        )
    parts: dict[str, Mapping[str, Tensor]] = {"backbone": backbone, "heads": heads, "evidence": evidence}
    _load(tower, {f"{part}.{name}": value for part, of in parts.items() for name, value in of.items()})
    if with_regions and (scorer := scorer_of(files, (head or head_of(files)).name)) is not None:
        regions = tower.regions = region_network(files, scorer)
        if arithmetic == "bfloat16" and fused:
            regions.in_bfloat16(tower.backbone.classifier)
    if arithmetic == "bfloat16":
        tower.backbone.in_bfloat16()
    if fused:
        fuse(tower)
    return tower.to(memory_format=torch.channels_last)


def region_network(files: Path, scorer: ScorerFile) -> MapEvidence:
    """What makes the scorer's evidence of the backbone's maps.

    Raises:
        EncoderMismatch: its file is damaged, or holds other tensors.
    """
    stored = {
        name: float32(values, scale)
        for name, values, scale in scorer_tensors(files, scorer, SCORER_OF_PICTURES, framework="pt")
    }
    try:
        bank = bank_of(stored)
        network = MapEvidence(pieces=len(bank.directions), sentences=len(bank.pooled), beta=SCORER_BETA)
        set_weights(network, stored, bank)
    except (KeyError, ValueError, RuntimeError) as error:
        raise unfit(f"{scorer.file}: {' '.join(str(error).split())}") from error
    return network


def text_tower(files: Path = FILES, *, head: HeadFiles | None = None, places: int) -> TextTower:
    """The text network alone, for texts of up to `places` pieces.

    Args:
        head: None for that of new libraries.
    """
    members = [_text_state(files / file, TEXT_HEAD) for file in (head or head_of(files)).members]
    state = _text_state(files / TOWERS, TEXT_TOWER) | side_by_side(members, torch.cat)
    with torch.device("meta"):
        tower = TextTower(
            vocabulary=len(state["sentence.word.weight"]),
            places=places,
            hidden=len(state["head.hidden.0.bias"]),
        )
    _load(tower, state)
    return tower


def _text_state(path: Path, prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    return {name_in_text_tower(name): value for name, value in _read(path, prefixes).items()}


def _read(path: Path, prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors whose names start with a prefix, as float32."""
    state: dict[str, Tensor] = {}
    for name, stored, scale in tensors(path, prefixes, framework="pt"):
        state[name] = float32(stored, scale)
    return state


def _load(tower: nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        tower.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:  # of several lines
        raise unfit(" ".join(str(error).split())) from error
