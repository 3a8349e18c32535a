"""`mediaindex train --encoder NAME --features F… --media DIR`: the scorer of an encoder, and its mixture.

The scorer's file lies beside the encoder's weights, where `models use NAME` and the next `index` take it up;
the mixture `linear` lies in the library's generators, with the gate that it got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.patch_scorer import SCORER, read_scorer
from mediaindex.embed.families.token_states import TokenStates, token_sources
from mediaindex.errors import UsageError
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.writer.query_bank import bank_of_encoder
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.media_tokens import CaptionedTokens, read_tokens
from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.learn.scorer.mixture_trial import mixture_outcome
from mediaindex.learn.scorer.scorer_file import scorer_state, write_scorer
from mediaindex.learn.scorer.training import STEPS, Neighbourhoods, new_scorer, trained
from mediaindex.learn.training.data import TrainingData, at_most
from mediaindex_models.late_interaction import Words

CLIPS = {"train": 5000, "validation": 500, "test": 1000}
"""So many clips of each share are read again at the most."""
LEAST_CLIPS = 50
BANK = 400
"""Captions of the scorer's bank, of what it learns from."""
_STAGES = {
    "train": "reading what to learn",
    "validation": "reading validation",
    "test": "reading the test",
}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class MediaFolder:
    """Media that features name.

    Attributes:
        path: of the folder to which their names are relative. decoding: how they are read.
    """

    path: Path
    decoding: Decoding


@dataclass(frozen=True, slots=True)
class FittedScorer:
    """What was made.

    Attributes:
        report: `scorer` as `mediaindex train --json` prints it. skipped: media that were left out.
    """

    report: Mapping[str, Any]
    skipped: tuple[SkippedInput, ...]


def fit_scorer(
    encoder: Encoder,
    data: TrainingData,
    media: MediaFolder,
    mixture: Path,
    *,
    corrects_hubs: bool,
    steps: int | None = None,
    seed: int = 0,
    progress: Progress = lambda _stage, _done, _total: None,
) -> FittedScorer:
    """Train a scorer, put it beside the weights, and its mixture into a folder of its own.

    Args:
        media: of the features. mixture: folder that is written; one that is there is replaced.
        corrects_hubs: whether searches let hubs stand back.
        steps: None for those of the recipe.
        progress: called with a stage, what is done of it, and all of it.

    Raises:
        EncoderMismatch: the encoder has no tokens of patches and words.
        UsageError: too few of the media can be read. OSError: something cannot be written.
    """
    steps = STEPS if steps is None else steps
    path = token_sources(encoder).weights.parent / SCORER
    shares, skipped = _read(encoder, data, media, progress)
    own = shares.pop("train")[1]
    state, gains, loss = _trained(own, steps=steps, seed=seed, progress=progress)
    write_scorer(state, path)
    scorer = read_scorer(path, encoder=(encoder.spec.name, encoder.spec.digest))
    outcome = mixture_outcome(
        scorer,
        shares,
        bank_of_encoder(encoder).queries,
        blend=encoder.spec.blend,
        corrects_hubs=corrects_hubs,
        gains=gains,
        sources=frozenset(data.train.sources),
        progress=lambda done, total: progress("measuring the scorer", done, total),
    )
    write_mixture(
        mixture,
        encoder=(data.encoder, data.digest),
        width=data.width,
        scorer=scorer.digest,
        weights=outcome.weights.tolist(),
        deviation=outcome.deviation,
        report=outcome.report,
    )
    report = {
        "path": str(path),
        "digest": scorer.digest,
        "clips": len(own.clips),
        "skipped": len(skipped),
        "steps": steps,
        "loss": round(loss, 4),
        "mixture": str(mixture),
        "weight": float(outcome.weights[0]),
        **{name: outcome.report["gates"][0][name] for name in ("on", "by", "reason")},
    }
    return FittedScorer(report, tuple(skipped))


def _read(
    encoder: Encoder, data: TrainingData, media: MediaFolder, progress: Progress
) -> tuple[dict[str, tuple[Features, CaptionedTokens]], list[SkippedInput]]:
    """The shares with their tokens, in the bases fitted to what is trained on; and what was left out.

    Raises:
        UsageError: too few clips to train on, or to choose by, can be read.
    """
    shares: dict[str, tuple[Features, CaptionedTokens]] = {}
    skipped: list[SkippedInput] = []
    with TokenStates(encoder) as tokens:
        for name, features in (("train", data.train), ("validation", data.validation), ("test", data.test)):
            if features is None:
                continue
            some = at_most(features, CLIPS[name])
            found, left_out = read_tokens(
                some,
                media.path,
                tokens,
                media.decoding,
                bases=shares["train"][1].bases if shares else None,
                progress=partial(progress, _STAGES[name]),
            )
            skipped += left_out
            clips = 0 if found is None else len(found.clips)
            if found is not None and clips >= (LEAST_CLIPS if name == "train" else 2):
                shares[name] = some, found
            elif name != "test":
                raise UsageError(_too_few(name, clips, media.path, skipped))
    return shares, skipped


def _trained(
    data: CaptionedTokens, *, steps: int, seed: int, progress: Progress
) -> tuple[dict[str, torch.Tensor], np.ndarray[Any, np.dtype[np.float32]], float]:
    """What is stored of a scorer after its training, its gains (3,), and the last mean loss."""
    count = len(data.clips)
    draws = Neighbourhoods(data, np.arange(count), np.full(count, 1 / count), seed=seed)
    scorer = new_scorer(data.cells.shape[2], state=data.texts.mean.shape[1], seed=seed)
    last = 0.0

    def report(step: int, loss: float) -> None:
        nonlocal last
        last = loss
        progress("training the scorer", step, steps)

    scorer = trained(data, draws, scorer, steps=steps, report=report)
    rows = np.unique(np.linspace(0, len(data.captions) - 1, min(BANK, len(data.captions))).astype(np.intp))
    with torch.inference_mode():
        bank: Words = scorer.words(*data.states(rows))
    gains = scorer.gains.detach().numpy().astype(np.float32)
    return scorer_state(scorer, data.bases, bank), gains, last


def _too_few(share: str, clips: int, media: Path, skipped: list[SkippedInput]) -> str:
    why = f" (such as {skipped[0].path}: {skipped[0].reason})" if skipped else ""
    return (
        f"a scorer needs {LEAST_CLIPS} clips to train on and 2 to choose by, and of {share} {clips} can be "
        f"read below {media}{why}; give --media the folder that 'features' was given"
    )
