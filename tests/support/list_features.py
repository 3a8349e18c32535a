"""Small captioned clips as features, whose answers can be learned."""

from __future__ import annotations

import torch

from mediaindex_models.candidates import Candidates
from mediaindex_models.denoiser import Direction
from mediaindex_models.pairs import Pairs

WIDTH, EVIDENCE, FRAMES = 16, 6, 5


def learnable_pairs(clips: int = 24, captions: int = 2, *, evidence: int = EVIDENCE, seed: int = 0) -> Pairs:
    """Clips around a direction of their own, captions near it; evidence repeats a part of the caption."""
    random = torch.Generator().manual_seed(seed)
    topics = torch.randn(clips, WIDTH, generator=random)
    clip = torch.arange(clips).repeat_interleave(captions)
    text = topics[clip] + 0.8 * torch.randn(len(clip), WIDTH, generator=random)
    frames = topics[:, None] + 1.2 * torch.randn(clips, FRAMES, WIDTH, generator=random)
    mask = torch.arange(FRAMES) < torch.randint(2, FRAMES + 1, (clips, 1), generator=random)
    own = topics[:, None, :evidence].expand(clips, FRAMES, evidence).contiguous()
    names = tuple(f"clip {int(number)} caption {i}" for i, number in enumerate(clip))
    return Pairs(text, clip, frames, mask, own if evidence else None, names=names)


def random_lists(
    direction: Direction, queries: int = 3, count: int = 4, *, evidence: int = EVIDENCE, seed: int = 0
) -> Candidates:
    """Candidate lists of random features; the last frames of some clips are padding."""
    random = torch.Generator().manual_seed(seed)
    sides: list[tuple[int, ...]] = [(queries,), (queries, count)]
    of_text, of_clip = sides if direction == "t2v" else sides[::-1]
    mask = torch.rand(*of_clip, FRAMES, generator=random) < 0.7
    mask[..., 0] = True
    return Candidates(
        direction,
        text=torch.randn(*of_text, WIDTH, generator=random),
        video=torch.randn(*of_clip, FRAMES, WIDTH, generator=random),
        mask=mask,
        score=torch.randn(queries, count, generator=random),
        evidence=torch.randn(*of_clip, FRAMES, evidence, generator=random) if evidence else None,
    )
