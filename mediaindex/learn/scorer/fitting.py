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

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.patch_scorer import SCORER, read_scorer
from mediaindex.embed.families.token_states import TokenStates, token_sources
from mediaindex.errors import UsageError
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.writer.query_bank import bank_of_encoder
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.fitted_scorer import trained_scorer
from mediaindex.learn.scorer.held_out_lists import held_out_lists
from mediaindex.learn.scorer.list_generators import ReadLists
from mediaindex.learn.scorer.media_tokens import CaptionedTokens, read_tokens
from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.learn.scorer.mixture_trial import SearchOrder, mixture_outcome, scored_lists
from mediaindex.learn.scorer.scorer_file import write_scorer
from mediaindex.learn.scorer.training import STEPS
from mediaindex.learn.training.data import TrainingData, at_most

CLIPS = {"train": 5000, "validation": 500, "test": 1000}
"""So many clips of each share are read again at the most."""
LEAST_CLIPS = 50
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
        lists: to train a generator on that reads the scorer; None where there are too few clips.
    """

    report: Mapping[str, Any]
    skipped: tuple[SkippedInput, ...]
    lists: ReadLists | None


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
    own = shares.pop("train")
    made = trained_scorer(own[1], steps=steps, seed=seed, progress=partial(progress, "training the scorer"))
    write_scorer(made.state, path)
    scorer = read_scorer(path, encoder=(encoder.spec.name, encoder.spec.digest))
    order = SearchOrder.among(
        shares["validation"][0],
        bank_of_encoder(encoder).queries,
        blend=encoder.spec.blend,
        corrects_hubs=corrects_hubs,
    )
    measuring = partial(progress, "measuring the scorer")
    measured = {
        name: scored_lists(scorer, *share, order, progress=measuring) for name, share in shares.items()
    }
    outcome = mixture_outcome(measured, gains=made.gains, sources=frozenset(data.train.sources))
    write_mixture(
        mixture,
        encoder=(data.encoder, data.digest),
        width=data.width,
        scorer=scorer.digest,
        weights=outcome.weights.tolist(),
        deviation=order.deviation,
        report=outcome.report,
    )
    report = {
        "path": str(path),
        "digest": scorer.digest,
        "clips": len(own[1].clips),
        "skipped": len(skipped),
        "steps": steps,
        "loss": round(made.loss, 4),
        "mixture": str(mixture),
        "weight": float(outcome.weights[0]),
        **{name: outcome.report["gates"][0][name] for name in ("on", "by", "reason")},
    }
    training = held_out_lists(encoder, own, order, steps=steps, seed=seed, progress=progress)
    lists = ReadLists(scorer.digest, outcome.weights, training, measured) if training else None
    return FittedScorer(report, tuple(skipped), lists)


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


def _too_few(share: str, clips: int, media: Path, skipped: list[SkippedInput]) -> str:
    why = f" (such as {skipped[0].path}: {skipped[0].reason})" if skipped else ""
    return (
        f"a scorer needs {LEAST_CLIPS} clips to train on and 2 to choose by, and of {share} {clips} can be "
        f"read below {media}{why}; give --media the folder that 'features' was given"
    )
