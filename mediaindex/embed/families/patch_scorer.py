"""The scorer of regions of an encoder that is not in the box: a file beside its weights, if there is one.

    scorer.safetensors     cells.basis_0…2, cells.offset; regions.*, words.*, log_sharpness, gains; hubs.*

The tensors are those of `builtin_files/scorer.safetensors`, with the bases of `patch_cells`. Patch tokens
and the states of word pieces are read by hooks on blocks of both towers, in the pass that embeds.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from mediaindex.embed.families.builtin_files import SCORER_BETA, SCORER_DIGITS
from mediaindex.embed.families.scorer_network import bank_of, float32, set_weights
from mediaindex.errors import EncoderMismatch
from mediaindex_models.errors import UnfitInput
from mediaindex_models.late_interaction_numpy import NumpyLateInteraction, text_shapes
from mediaindex_models.patch_cells import DEPTHS, PatchEvidence, depths_of

logger = logging.getLogger(__name__)

SCORER = "scorer.safetensors"
_SHALLOW_SHARE = 2 / 3
"""How deep the shallow one of the two text blocks lies that a scorer reads, as the fourth of six."""


@dataclass(frozen=True, slots=True, eq=False)
class PatchScorer:
    """A scorer of an encoder.

    Attributes:
        digest: of the encoder and the file: it names what is stored of a frame.
        pictures: patch tokens of three depths → what is stored. texts: its other side.
    """

    digest: str
    pictures: PatchEvidence
    texts: NumpyLateInteraction


class BlockStates(nn.Module):
    """What some blocks of a tower give, kept while the tower runs.

    Args:
        blocks: of which each gives (B, T, D), alone or first of a tuple. places: of those that are kept.
    """

    def __init__(self, blocks: Sequence[nn.Module], places: Sequence[int]) -> None:
        super().__init__()
        self._states: dict[int, Tensor] = {}
        self._places = list(places)
        self._hooks = [
            blocks[place].register_forward_hook(partial(self._keep, place)) for place in set(places)
        ]

    def _keep(self, place: int, _block: nn.Module, _inputs: object, output: Tensor | tuple[Tensor]) -> None:
        self._states[place] = output[0] if isinstance(output, tuple) else output

    def remove(self) -> None:
        """Keep nothing any more."""
        for hook in self._hooks:
            hook.remove()
        self._states = {}

    def take(self) -> list[Tensor]:
        """The states of the last run, in the order of the places; they are kept no longer."""
        taken, self._states = self._states, {}
        return [taken[place] for place in self._places]


def scorer_beside(
    weights: Path,
    *,
    encoder: tuple[str, str],
    image_blocks: Sequence[nn.Module] | None,
    text_blocks: Sequence[nn.Module] | None,
) -> PatchScorer | None:
    """The scorer in the folder of an encoder's weights; None without one, or without tokens to read.

    Args:
        encoder: its name and digest.
        image_blocks, text_blocks: of its towers, None where they are no transformers.

    Raises:
        EncoderMismatch: the file is damaged, or holds other tensors.
    """
    path = weights.parent / SCORER
    if not path.is_file():
        return None
    if not image_blocks or not text_blocks:
        logger.warning("%s has no tokens of patches and words: its frames get no evidence", encoder[0])
        return None
    return read_scorer(path, encoder=encoder)


def read_scorer(path: Path, *, encoder: tuple[str, str]) -> PatchScorer:
    """The scorer of a file.

    Args:
        encoder: its name and digest.

    Raises:
        EncoderMismatch: the file is damaged, or holds other tensors.
    """
    try:
        content = path.read_bytes()
        stored = {name: float32(value) for name, value in load(content).items()}
        return _scorer(stored, encoder, content)
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise _no_scorer_of(path, encoder[0], error) from error


def _scorer(stored: dict[str, Tensor], encoder: tuple[str, str], content: bytes) -> PatchScorer:
    bank = bank_of(stored)
    widths = [_shape(stored[f"cells.basis_{depth}"]) for depth in range(DEPTHS)]
    pictures = PatchEvidence(
        widths, pieces=len(bank.directions), sentences=len(bank.pooled), beta=SCORER_BETA
    )
    set_weights(pictures, stored, bank)
    own = ("words.", "log_sharpness", "gains")
    texts = {name: value.numpy() for name, value in stored.items() if name.startswith(own)}
    shapes = text_shapes(stored["words.weight.weight"].shape[1])
    wrong = [
        name
        for name in sorted(texts.keys() | shapes)
        if name not in texts or texts[name].shape != shapes.get(name)
    ]
    if wrong:
        raise ValueError(f"{wrong[0]} is missing or of another shape")
    digest = hashlib.sha256(encoder[1].encode() + hashlib.sha256(content).digest()).hexdigest()
    return PatchScorer(digest[:SCORER_DIGITS], pictures.eval(), NumpyLateInteraction(texts))


def _shape(basis: Tensor) -> tuple[int, int]:
    inside, width = basis.shape
    return inside, width


@dataclass(frozen=True, slots=True, eq=False)
class ScoredTowers:
    """The two towers of an encoder, with a scorer where it has one.

    Attributes:
        images: pixels → vectors, and with a scorer what is stored of the pictures.
        texts: token numbers and mask → what it gives without, and with a scorer the states of two blocks.
    """

    images: nn.Module
    texts: nn.Module
    scorer: PatchScorer | None = None


class _ScoredImages(nn.Module):
    def __init__(self, tower: nn.Module, states: BlockStates, evidence: PatchEvidence) -> None:
        super().__init__()
        self.tower, self.states, self.evidence = tower, states, evidence

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        vectors = self.tower(pixels)
        return vectors, self.evidence(self.states.take())


class _ScoredTexts(nn.Module):
    def __init__(self, tower: nn.Module, states: BlockStates) -> None:
        super().__init__()
        self.tower, self.states = tower, states

    def forward(self, numbers: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        given = self.tower(numbers, mask)
        return *(given if isinstance(given, tuple) else (given,)), *self.states.take()


def scored_towers(
    plain: ScoredTowers,
    weights: Path,
    *,
    encoder: tuple[str, str],
    blocks: tuple[Sequence[nn.Module] | None, Sequence[nn.Module] | None],
    blank: tuple[Tensor, tuple[Tensor, Tensor]],
) -> ScoredTowers:
    """The towers with the scorer in the folder of their weights; as they are without one.

    Args:
        encoder: its name and digest.
        blocks: of the image and the text tower, None where one is no transformer.
        blank: one prepared picture, and the tokens of one text with their mask, on which both are tried.

    Raises:
        EncoderMismatch: the scorer's file is damaged, or of another encoder.
    """
    of_images, of_texts = blocks
    scorer = scorer_beside(weights, encoder=encoder, image_blocks=of_images, text_blocks=of_texts)
    if scorer is None or of_images is None or of_texts is None:
        return plain
    images = _ScoredImages(plain.images, BlockStates(of_images, depths_of(len(of_images))), scorer.pictures)
    texts = _ScoredTexts(plain.texts, BlockStates(of_texts, text_places(len(of_texts))))
    try:
        with torch.inference_mode():
            images.eval()(blank[0])
            *_, early, last = texts.eval()(*blank[1])
            scorer.texts.asked(last[0].numpy(), early[0].numpy())
    except UnfitInput as error:
        logger.warning("%s: %s: its frames get no evidence", encoder[0], error)
        for towers in (images, texts):
            towers.states.remove()
        return plain
    except (RuntimeError, ValueError) as error:
        raise _no_scorer_of(weights.parent / SCORER, encoder[0], error) from error
    return ScoredTowers(images, texts, scorer)


def text_places(blocks: int) -> list[int]:
    """Which blocks of a text tower are looked at: a shallow one, and the last."""
    return [max(0, round(_SHALLOW_SHARE * blocks) - 1), blocks - 1]


def _no_scorer_of(path: Path, encoder: str, error: Exception) -> EncoderMismatch:
    reason = " ".join(str(error).split())
    return EncoderMismatch(
        f"{path} is no scorer of the encoder {encoder}: {reason}; remove it, or make it again"
    )
