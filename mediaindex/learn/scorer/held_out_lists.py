"""Lists from which a generator learns what a scorer's numbers are worth: by scorers that saw no clip of them.

A scorer is too sure of what it learnt from, and a generator that learnt from such lists would trust it too
much. So the clips are halved by their groups, and each half is listed by a scorer that learnt from the other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.patch_scorer import SCORER, read_scorer
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.fitting.described_clips import half_of
from mediaindex.learn.scorer.fitted_scorer import trained_scorer
from mediaindex.learn.scorer.media_tokens import CaptionedTokens
from mediaindex.learn.scorer.mixture_trial import ScoredLists, SearchOrder, scored_lists
from mediaindex.learn.scorer.scorer_file import write_scorer

LEAST_OF_A_HALF = 20
"""Clips; fewer make lists that teach nothing."""
QUERIES = 3000
"""Captions of a half at the most."""

Progress = Callable[[str, int, int], None]


def held_out_lists(
    encoder: Encoder,
    share: tuple[Features, CaptionedTokens],
    order: SearchOrder,
    *,
    steps: int,
    seed: int,
    progress: Progress,
) -> tuple[ScoredLists, ...]:
    """The lists of both halves of what a scorer is trained on; none where a half has too few clips.

    Lists of which none holds the right clip teach nothing, and are left out.

    Args:
        steps: of each scorer. progress: called with a stage, what is done of it, and all of it.
    """
    features, tokens = share
    half = np.array([half_of(features.groups[clip]) for clip in tokens.clips.tolist()])
    if min(np.bincount(half, minlength=2)) < LEAST_OF_A_HALF:
        return ()
    found = []
    for which, name in enumerate(("one half", "the other half")):
        learnt, asked = (tokens.some(np.flatnonzero((half == which) == is_own)) for is_own in (False, True))
        made = trained_scorer(
            learnt, steps=steps, seed=seed, progress=partial(progress, f"training a scorer without {name}")
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / SCORER
            write_scorer(made.state, path)
            scorer = read_scorer(path, encoder=(encoder.spec.name, encoder.spec.digest))
        stage = partial(progress, f"listing {name}")
        found.append(scored_lists(scorer, features, asked, order, queries=QUERIES, progress=stage))
    return tuple(lists for lists in found if (lists.place < lists.chosen.shape[1]).any())
