"""Lists of candidates: the input of a generator, for B queries with K candidates each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mediaindex_models.denoiser import Direction, known_direction
from mediaindex_models.errors import UnfitInput


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidate lists, each of K ≥ 1, in one direction.

    Attributes:
        direction: t2v: texts ask for clips; v2t: clips ask for texts.
        text: (B, D) the queries of t2v; (B, K, D) the candidates of v2t. Not normalised.
        video: frames (B, K, F, D) of t2v; (B, F, D) of v2t. Not normalised.
        mask: bool, True at a real frame, as `video` without D.
        score: (B, K) the similarities that the lists were ranked by, about the size of cosines.
        evidence: further features of the frames, shaped as `video` with E in place of D; or None.
        chosen: (B, K) rows of a gallery that the lists share, or None. With it the candidates' side (text
            of v2t; video, mask and evidence of t2v) is the gallery, (G, …) instead of (B, K, …), and each
            clip is held once, however many lists it is in.
        numbers: (B, K, N) of `evidence_mixture`, what a scorer says of each candidate; or None.

    Raises ValueError where shapes do not agree or a list is empty.
    """

    direction: Direction
    text: Tensor
    video: Tensor
    mask: Tensor
    score: Tensor
    evidence: Tensor | None = None
    chosen: Tensor | None = None
    numbers: Tensor | None = None

    def __post_init__(self) -> None:
        known_direction(self.direction)
        if self.score.ndim != 2 or 0 in self.score.shape:
            raise ValueError(f"there is a list, and at least one candidate in it: {tuple(self.score.shape)}")
        queries, count = self.score.shape
        lead: list[tuple[int, ...]] = [(queries,), (queries, count)]
        if self.chosen is not None:
            _require("chosen", self.chosen, (queries, count))
            gallery = len(self.video if self.direction == "t2v" else self.text)
            _require_rows(self.chosen, gallery)
            lead[1] = (gallery,)
        of_text, of_video = lead if self.direction == "t2v" else lead[::-1]
        _require("text", self.text, (*of_text, self.width))
        _require("video", self.video, (*of_video, self.frames, self.width))
        _require("mask", self.mask, (*of_video, self.frames))
        if self.mask.dtype != torch.bool:
            raise ValueError(f"the mask of frames is bool, not {self.mask.dtype}")
        if self.evidence is not None:
            _require("evidence", self.evidence, (*of_video, self.frames, self.evidence.shape[-1]))
        if self.numbers is not None:
            _require("numbers", self.numbers, (queries, count, self.numbers.shape[-1]))

    def __len__(self) -> int:
        return len(self.score)

    @property
    def count(self) -> int:
        """K."""
        return self.score.shape[1]

    @property
    def width(self) -> int:
        """D."""
        return self.text.shape[-1]

    @property
    def frames(self) -> int:
        """F, padding included."""
        return self.mask.shape[-1]

    @property
    def score_and_numbers(self) -> Tensor:
        """What a network reads of each candidate beside both sides: (B, K), or (B, K, 1 + N) with numbers."""
        if self.numbers is None:
            return self.score
        return torch.cat([self.score[..., None], self.numbers.to(self.score)], dim=-1)

    def require_finite(self) -> None:
        """Raise UnfitInput naming the first rows with a NaN or an infinity."""
        for name in ("text", "video", "score", "evidence", "numbers"):
            values = getattr(self, name)
            # a NaN or an infinity makes the sum one: the search for its row is needed only then
            if values is None or bool(values.sum().isfinite()):
                continue
            wrong = ~values.isfinite().flatten(1).all(1)
            if bool(wrong.any()):
                rows = wrong.nonzero()[:5, 0].tolist()
                of = "queries" if self.chosen is None or len(values) == len(self) else "gallery's rows"
                raise UnfitInput(f"{name} of the {of} {rows} holds a NaN or an infinity")

    def rows(self, start: int, stop: int) -> Candidates:
        """The lists of the queries from `start` to `stop`."""

        def of(values: Tensor, side: str) -> Tensor:
            shared = self.chosen is not None and side != ("text" if self.direction == "t2v" else "clip")
            return values if shared else values[start:stop]

        return replace(
            self,
            text=of(self.text, "text"),
            video=of(self.video, "clip"),
            mask=of(self.mask, "clip"),
            score=self.score[start:stop],
            evidence=None if self.evidence is None else of(self.evidence, "clip"),
            chosen=None if self.chosen is None else self.chosen[start:stop],
            numbers=None if self.numbers is None else self.numbers[start:stop],
        )

    def expand_gallery(self) -> Candidates:
        """The same lists without a shared gallery: the candidates' side copied to (B, K, …)."""
        if self.chosen is None:
            return self
        if self.direction == "v2t":
            return replace(self, text=self.text[self.chosen], chosen=None)
        return replace(
            self,
            video=self.video[self.chosen],
            mask=self.mask[self.chosen],
            evidence=None if self.evidence is None else self.evidence[self.chosen],
            chosen=None,
        )

    def split(self, size: int) -> Iterator[Candidates]:
        """The lists, at most `size` queries at a time."""
        for start in range(0, len(self), size):
            yield self.rows(start, start + size)

    def to(self, device: torch.device, dtype: torch.dtype) -> Candidates:
        """The same lists on another device, in another type; scores and numbers stay float32."""
        return replace(
            self,
            text=self.text.to(device, dtype),
            video=self.video.to(device, dtype),
            mask=self.mask.to(device),
            score=self.score.to(device, torch.float32),
            evidence=None if self.evidence is None else self.evidence.to(device, dtype),
            chosen=None if self.chosen is None else self.chosen.to(device),
            numbers=None if self.numbers is None else self.numbers.to(device, torch.float32),
        )


def _require_rows(chosen: Tensor, gallery: int) -> None:
    if chosen.dtype not in (torch.int32, torch.int64):
        raise ValueError(f"chosen holds rows of the gallery, not {chosen.dtype}")
    if int(chosen.min()) < 0 or int(chosen.max()) >= gallery:
        raise ValueError(f"chosen names rows that a gallery of {gallery} has not")


def _require(name: str, values: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(values.shape) != shape:
        raise ValueError(f"{name} has the shape {tuple(values.shape)}, the lists ask for {shape}")
