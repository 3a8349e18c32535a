"""Captioned clips as features: the input of training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mediaindex_models.errors import UnfitInput
from mediaindex_models.gallery import Gallery
from mediaindex_models.matcher import Matcher


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """N clips and M captions of them, each clip having at least one.

    Attributes:
        text: (M, D) pooled, not normalised. clip: (M,) the clip of each caption.
        frames: (N, F, D), not normalised. mask: (N, F) bool. evidence: (N, F, E) or None.
        names: of the M captions, for messages; without them messages give numbers.
        words: (M, T, D) token features and word_mask (M, T) bool, for the token-wise interaction; without
            them the pooled text counts as the one word.
        clip_hubness: (N,), and text_hubness: (M,), subtracted from the similarities of the base ranking.

    Raises ValueError naming the field that does not fit, UnfitInput naming the captions that hold a NaN or an
    infinity.
    """

    text: Tensor
    clip: Tensor
    frames: Tensor
    mask: Tensor
    evidence: Tensor | None = None
    names: Sequence[str] = ()
    words: Tensor | None = None
    word_mask: Tensor | None = None
    clip_hubness: Tensor | None = None
    text_hubness: Tensor | None = None
    _by_clip: Tensor = field(init=False)
    _captions: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self._require_types()
        self._require_shapes()
        if int(self.clip.min()) < 0:
            raise ValueError("clips are numbered from 0")
        captions = torch.bincount(self.clip, minlength=self.clips)
        if len(captions) > self.clips or bool((captions == 0).any()):
            raise UnfitInput("every caption has a clip, and every clip has a caption")
        self._require_finite()
        object.__setattr__(self, "_by_clip", torch.argsort(self.clip, stable=True))
        object.__setattr__(self, "_captions", captions)

    def __len__(self) -> int:
        return len(self.text)

    @property
    def clips(self) -> int:
        """N."""
        return len(self.frames)

    @property
    def fingerprint(self) -> str:
        """A hash of the features of all captions and clips; names do not enter it."""
        digest = hashlib.blake2b(digest_size=16)
        for name in self.__slots__:
            values = getattr(self, name)
            if isinstance(values, Tensor) and not name.startswith("_"):
                digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
                digest.update(values.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def name(self, caption: int) -> str:
        """The name of a caption in messages."""
        return self.names[caption] if self.names else str(caption)

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """`count` captions of different clips, drawn at random; `random` is a generator on the CPU."""
        if count > self.clips:
            raise ValueError(f"{count} different clips are asked for, {self.clips} are there")
        clips = torch.randperm(self.clips, generator=random)[:count].to(self.clip.device)
        share = torch.rand(count, generator=random).to(self.clip.device)
        firsts = self._captions.cumsum(0) - self._captions
        return self._by_clip[firsts[clips] + (share * self._captions[clips]).long()]

    def gallery(self, captions: Tensor) -> Gallery:
        """The pairs of these captions (G,)."""
        clips = self.clip[captions]

        def of(values: Tensor | None, rows: Tensor) -> Tensor | None:
            return None if values is None else values[rows]

        pooled = self.text[captions]
        words, word_mask = of(self.words, captions), of(self.word_mask, captions)
        if words is None or word_mask is None:
            words = pooled[:, None]
            word_mask = torch.ones(words.shape[:2], dtype=torch.bool, device=words.device)
        return Gallery(
            text=pooled,
            video=self.frames[clips],
            mask=self.mask[clips],
            evidence=of(self.evidence, clips),
            words=words,
            word_mask=word_mask,
            clip=clips,
            clip_hubness=of(self.clip_hubness, clips),
            text_hubness=of(self.text_hubness, captions),
        )

    @torch.no_grad()
    def through(self, matcher: Matcher, *, rows: int = 256) -> Pairs:
        """The same pairs with frames encoded by a frozen temporal transformer, `rows` clips at a time."""
        parts = zip(torch.split(self.frames, rows), torch.split(self.mask, rows), strict=True)
        embedded = [matcher.temporal(frames, mask) for frames, mask in parts]
        values = {name: getattr(self, name) for name in self.__slots__ if not name.startswith("_")}
        return Pairs(**{**values, "frames": torch.cat(embedded)})

    def _require_types(self) -> None:
        """Training computes in float32; features stored in half precision are converted before."""
        for name in ("text", "frames", "evidence", "words", "clip_hubness", "text_hubness"):
            values = getattr(self, name)
            if values is not None and values.dtype != torch.float32:
                raise ValueError(f"{name} is of {torch.float32}, not {values.dtype}")
        for name in ("mask", "word_mask"):
            values = getattr(self, name)
            if values is not None and values.dtype != torch.bool:
                raise ValueError(f"{name} is of {torch.bool}, not {values.dtype}")
        if self.clip.dtype != torch.int64:
            raise ValueError(f"clip is of {torch.int64}, not {self.clip.dtype}")
        if (self.words is None) != (self.word_mask is None):
            raise ValueError("words come with their mask")

    def _require_shapes(self) -> None:
        count, clips = len(self.text), len(self.frames)
        if not count or self.frames.ndim != 3:
            raise UnfitInput(f"there is no pair to train on: frames {tuple(self.frames.shape)}")
        frames, width = self.frames.shape[1:]
        expected: dict[str, tuple[int, ...]] = {
            "text": (count, width),
            "clip": (count,),
            "mask": (clips, frames),
            "evidence": (clips, frames, -1),
            "words": (count, -1, width),
            "word_mask": (count, -1 if self.words is None else self.words.shape[1]),
            "clip_hubness": (clips,),
            "text_hubness": (count,),
        }
        for name, shape in expected.items():
            values = getattr(self, name)
            if values is None:
                continue
            fits = values.ndim == len(shape) and all(
                want in (-1, have) for have, want in zip(values.shape, shape, strict=True)
            )
            if not fits:
                raise ValueError(f"{name} has the shape {tuple(values.shape)}, the pairs ask for {shape}")
        if self.names and len(self.names) != count:
            raise ValueError(f"{len(self.names)} names for {count} captions")

    def _require_finite(self) -> None:
        wrong = torch.zeros(len(self.text), dtype=torch.bool, device=self.text.device)
        for values in (self.text, self.words, self.text_hubness):
            if values is not None:
                wrong |= ~_finite_rows(values)
        for values in (self.frames, self.evidence, self.clip_hubness):
            if values is not None:
                wrong |= ~_finite_rows(values)[self.clip]
        if bool(wrong.any()):
            named = ", ".join(self.name(i) for i in wrong.nonzero()[:5, 0].tolist())
            raise UnfitInput(f"the features of {int(wrong.sum())} pairs hold a NaN or an infinity: {named}")


def _finite_rows(values: Tensor) -> Tensor:
    return values.isfinite().view(len(values), -1).all(1)
