"""Encoders: pictures and sentences become vectors of one space.

An encoder is named "builtin", by a preset (presets.py), "open_clip:MODEL/TAG",
"open_clip:MODEL/FILE", "open_clip:FOLDER", "transformers:REPO" or "transformers:FOLDER", or by
the name under which its weights were imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from mediaindex.errors import EncoderMismatch, EncoderUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex.media import FrameEmbeddings, QueryFeatures
    from mediaindex_models.late_interaction_numpy import AskedText

Device = Literal["auto", "cpu", "cuda", "mps"]
"""Where a network runs; "auto" is the best that works here. `device.resolve_device` chooses."""
DEVICES: tuple[Device, ...] = get_args(Device)

Arithmetic = Literal["float32", "bfloat16"]
"""In which numbers the vectors of pictures are computed; those of one space all in the same."""
_IN_BFLOAT16 = "; bfloat16"


def preprocessing_in(preprocessing: str, arithmetic: Arithmetic) -> str:
    """The preprocessing of a space with its arithmetic, as a space keeps it."""
    return preprocessing + _IN_BFLOAT16 if arithmetic == "bfloat16" else preprocessing


def arithmetic_of(preprocessing: str) -> Arithmetic:
    """The arithmetic that a space's preprocessing names."""
    return "bfloat16" if preprocessing.endswith(_IN_BFLOAT16) else "float32"


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """The identity of an embedding space, and the bounds of its inputs.

    Attributes:
        name: as a user writes it.
        digest: hex over weights and configuration; another digest is another space.
        preprocessing: how pixels are prepared, in words, and the arithmetic where it is not float32.
        dim: width of a vector.
        evidence_dim: width of the evidence, None where the encoder has none.
        image_size: side of the network's input, pixels.
        text_length: tokens read of a text, special ones included.
        batch: pictures in one pass; shorter batches are padded to it.
        blend: share of the best frame in a segment's similarity, the rest is its mean frame.
        commercial: True where the licence is known to allow commercial use.
        has_tokens: True where `texts(tokens=True)` gives token features.
        scorer: digest of the scorer whose evidence of regions `images` gives, None without one.
    """

    name: str
    digest: str
    preprocessing: str
    dim: int
    evidence_dim: int | None
    image_size: int
    text_length: int
    batch: int
    blend: float
    languages: Literal["en", "multilingual"]
    licence: str
    commercial: bool
    has_tokens: bool
    scorer: str | None = None


class TextEncoder(Protocol):
    """Texts to vectors of one space: all that a question needs."""

    @property
    def spec(self) -> EncoderSpec:
        """The identity of its embedding space."""
        ...

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Embeddings of B texts, with token features where asked for and `spec.has_tokens`."""
        ...

    def asked(self, text: str) -> AskedText:
        """One text, to be compared with the evidence of regions of stored frames.

        Raises:
            EncoderMismatch: the scorer's files are damaged, or the encoder has no scorer.
        """
        ...


class Encoder(TextEncoder, Protocol):
    """Pictures and texts to vectors of one space; preprocessing is inside."""

    @property
    def device(self) -> str:
        """Where the networks run now; becomes "cpu" when a GPU runs out of memory."""
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens are read of each text, special ones included: at most `spec.text_length`."""
        ...

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        """Embeddings of B pictures, each (H, W, 3) RGB of any size; (0, D) for none.

        On a CPU a vector does not depend on its neighbours, bit for bit.
        """
        ...


def not_finite(name: str) -> EncoderMismatch:
    """The error for an encoder whose vectors are no numbers."""
    return EncoderMismatch(
        f"the encoder {name} gave numbers that are not finite: its weights are "
        f"damaged or not made for it; import them again or take another encoder"
    )


def too_little_memory(name: str) -> EncoderUnavailable:
    """The error for an encoder that does not fit into memory."""
    return EncoderUnavailable(
        f"the encoder {name} needs more memory than this machine has free; "
        f"`mediaindex models list` names smaller ones"
    )


def no_scorer(name: str) -> EncoderMismatch:
    """The error for an encoder that is asked for what a scorer of regions gives."""
    return EncoderMismatch(f"the encoder {name} has no scorer of regions")
