"""Captioned clips as the science bench takes them: everything, or everything without one source.

A fold has its own bank, its own constants of the cheap rankings, and its own queries. A left-out source is
in no training, bank or validation: its queries are evaluated, in the whole gallery of their share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.errors import UsageError
from mediaindex.learn.evaluation.generator_trial import LEAST_OF_SOURCE
from mediaindex.learn.evaluation.retrieval_trial import (
    Trial,
    best_beta,
    best_blend,
    training_hubness,
    trials_of,
)
from mediaindex.learn.features.feature_rows import read_header
from mediaindex.learn.features.feature_set import Features, joined, read_features
from mediaindex.learn.training.data import TrainingData, of_clips, pairs_of, shared_out
from mediaindex_models.pairs import Pairs

ROLES = ("train", "val", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """The data that a set of trainings uses, and the queries that evaluate it.

    Attributes:
        left_out: a source, or None for all that are trained on.
        pairs: to train on. corrected: the same with the hubness that the correction takes off.
        blend, beta: of the cheap rankings, by validation.
        validation: both directions; queries of the sources that are trained on, or of the left-out one.
        evaluation: both directions of the test; where it has too little of the left-out source, `validation`.
        digest: of all features.
    """

    left_out: str | None
    pairs: Pairs
    corrected: Pairs
    blend: float
    beta: float
    validation: tuple[Trial, ...]
    evaluation: tuple[Trial, ...]
    digest: str

    @property
    def name(self) -> str:
        """What a table calls it."""
        return "all" if self.left_out is None else f"without {self.left_out}"


def read_shares(train: Sequence[Path], validation: Sequence[Path], test: Sequence[Path]) -> TrainingData:
    """Feature files in the roles that the command line gives them, whatever their header says.

    Raises UsageError where a file cannot be read or too little is left, and EncoderMismatch for files of
    different encoders. Clips of a group that a later role has are left out of the earlier one.
    """
    files = dict(zip(ROLES, (train, validation, test), strict=True))
    first = read_header(train[0])
    parts = []
    for role, paths in files.items():
        for path in paths:
            features = read_features(path, encoder=first, words=False)
            parts.append(replace(features, splits=(role,) * len(features.paths)))
    if len({part.evidence is None for part in parts}) != 1:
        raise UsageError("some of the feature files hold evidence and others do not")
    return shared_out(joined(parts), encoder=first.encoder, digest=first.digest)


def sources_to_leave_out(data: TrainingData) -> list[str]:
    """Sources that can be evaluated with networks trained without them, the largest first."""
    own = _clip_sources(data.train)
    evaluated = [_clip_sources(share) for share in (data.validation, data.test) if share is not None]
    names, counts = np.unique(np.concatenate(evaluated), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        str(name)
        for name in names[order]
        if max(int((share == name).sum()) for share in evaluated) >= LEAST_OF_SOURCE
        and (own != name).sum() > 1
    ]


def fold_of(data: TrainingData, left_out: str | None) -> Fold:
    """Pairs, bank, constants and queries of one fold. Raises UsageError where nothing is left to train on."""
    train = data.train
    if left_out is not None:
        train = of_clips(train, _clip_sources(train) != left_out)
    pairs = pairs_of(train)
    assert data.test is not None
    validation, test = (trials_of(share, pairs_of(share), pairs) for share in (data.validation, data.test))
    trained = np.unique(np.array(train.sources))
    chosen_by = tuple(_of(trial, trained) for trial in validation)
    if not all(len(trial.right) for trial in chosen_by):
        chosen_by = validation
    blend = best_blend(chosen_by)
    beta = best_beta(chosen_by, blend)
    of_clip, of_text = map(torch.from_numpy, training_hubness(pairs, blend=blend, beta=beta))
    corrected = replace(pairs, clip_hubness=of_clip, text_hubness=of_text)
    digest = digest_of(data)
    if left_out is None:
        return Fold(None, pairs, corrected, blend, beta, chosen_by, test, digest)
    validation, test = (
        tuple(_of(trial, np.array([left_out])) for trial in share) for share in (validation, test)
    )
    evaluation = test if min(len(trial.right) for trial in test) >= LEAST_OF_SOURCE else validation
    return Fold(left_out, pairs, corrected, blend, beta, validation, evaluation, digest)


def digest_of(data: TrainingData) -> str:
    """A hash of the features in their roles."""
    held = hashlib.blake2b(digest_size=16)
    for share in (data.train, data.validation, data.test):
        if share is not None:
            for values in (share.text, share.frames, share.evidence, share.clip):
                held.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
    return held.hexdigest()


def _clip_sources(features: Features) -> NDArray[np.str_]:
    """The source of each clip's first caption, (N,)."""
    first = np.unique(features.clip, return_index=True)[1]
    return np.array(features.sources)[first]


def _of(trial: Trial, sources: NDArray[np.str_]) -> Trial:
    """The queries of some sources."""
    return trial.some(np.flatnonzero(np.isin(trial.sources, sources)))
