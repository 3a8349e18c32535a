"""What `mediaindex train --encoder NAME` fits to an embedding space beside the generator, from feature files.

The gate of hub correction comes first, because confidence is fitted to the order that searches have. Clips of
`test` and `validation` are taken. Those that were to be trained on count where the others are too few; the
encoder itself is never trained here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mediaindex.embed.encoder import TextEncoder
from mediaindex.ingest.writer.query_bank import bank_of_encoder
from mediaindex.learn.features.feature_set import Features, joined
from mediaindex.learn.fitting.calibrating import calibrated, missing_library, unfit
from mediaindex.learn.fitting.described_clips import DescribedClips, Matrix
from mediaindex.learn.fitting.hub_trial import hub_report
from mediaindex.learn.fitting.picture_samples import picture_samples
from mediaindex.learn.fitting.samples import LEAST_OF_A_HALF
from mediaindex.learn.training.data import TrainingData, at_most
from mediaindex.search.confidence.calibration import CALIBRATION, PICTURE_NAMES, REFIT
from mediaindex.search.ranking.hub_correction import shipped_gate
from mediaindex.search.ranking.user_gate import HUBS

CLIPS, CAPTIONS = 2000, 5
"""Clips at the most, and captions of each."""
GALLERIES = 60
"""Of each half of the clips."""
LEAST_CLIPS = 200
"""Of two halves by hash, each with a gallery of 50 and 40 clips outside it; and a margin."""


@dataclass(frozen=True, slots=True)
class FittedSpace:
    """What was fitted.

    Attributes:
        parts: of `store.vectors.fitted`; without one that could not be fitted, so that an earlier one stays.
        report: `hubs` and `confidence`, as `mediaindex train --json` prints them.
    """

    parts: Mapping[str, Any]
    report: Mapping[str, Any]


def fit_space(
    encoder: TextEncoder,
    data: TrainingData,
    *,
    seed: int = 0,
    galleries: int = GALLERIES,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> FittedSpace:
    """Measure hub correction and fit confidence.

    Args:
        encoder: that made the features.
        galleries: of each half. progress: called with the galleries that are done, and all of them.

    Raises:
        MediaIndexError: the encoder cannot embed its bank. ValueError: it gave no numbers.
    """
    bank = bank_of_encoder(encoder).queries
    blend = encoder.spec.blend
    measured, by = (data.validation, "validation") if data.test is None else (data.test, "test")
    hubs = hub_report(_described(measured), bank, blend=blend, by=by)
    (measured_gate,) = hubs["gates"]
    # an evaluation in the box is larger than what anyone measures beside: it stands
    shipped = shipped_gate(encoder.spec.digest)
    gate = measured_gate if shipped is None else asdict(shipped)
    clips = _described(_held_out(data))
    calibration, reason = _calibration(
        clips, bank, blend=blend, corrects_hubs=gate["on"], galleries=galleries, seed=seed, progress=progress
    )
    parts: dict[str, Any] = {HUBS: hubs} if hubs["gains"] and shipped is None else {}
    if calibration is not None:
        parts |= {CALIBRATION: calibration, REFIT: None}  # what was fitted again began with the one before
    return FittedSpace(
        parts,
        {
            "hubs": {name: gate[name] for name in ("on", "by", "reason")}
            | {"queries": hubs["queries"], "gains": _rounded(hubs["gains"])},
            "confidence": {
                "fitted": calibration is not None,
                "reason": reason,
                "clips": len(clips),
                "reliability": None if calibration is None else _rounded(calibration["reliability"]),
            },
        },
    )


def _described(features: Features) -> DescribedClips:
    return DescribedClips.of_features(at_most(features, CLIPS), captions=CAPTIONS)


def _held_out(data: TrainingData) -> Features:
    """The clips that confidence is fitted to."""
    held_out = [share for share in (data.test, data.validation) if share is not None]
    enough = sum(len(share.paths) for share in held_out) >= LEAST_CLIPS
    return joined(held_out if enough else [*held_out, data.train])


def _calibration(
    clips: DescribedClips,
    bank: Matrix,
    *,
    blend: float,
    corrects_hubs: bool,
    galleries: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, Any] | None, str]:
    """The calibration with its reliability, None where it cannot be fitted, and a sentence about it."""
    if (missing := missing_library()) is not None:
        return None, f"confidence was not fitted: {missing}"
    if min(np.bincount(clips.half, minlength=2)) < LEAST_OF_A_HALF:
        return None, f"confidence needs about {LEAST_CLIPS} captioned clips, there are {len(clips)}"
    halves = picture_samples(
        clips,
        bank,
        blend=blend,
        corrects_hubs=corrects_hubs,
        galleries=galleries,
        seed=seed,
        progress=progress,
    )
    problem = next((problem for half in halves if (problem := unfit(half)) is not None), None)
    if problem is not None:
        return None, f"confidence was not fitted: {problem}"
    calibration, reliability = calibrated(halves, PICTURE_NAMES)
    part = {"row": calibration.as_json(), "clips": len(clips), "reliability": reliability}
    return part, f"fitted to {len(clips)} clips; each half was judged by what the other gave"


def _rounded(value: Any) -> Any:
    """The same with its numbers rounded for a reader."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return value
