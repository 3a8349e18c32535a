"""The calibration of a library's confidence, fitted again to what its user has judged.

What was fitted before stays the beginning: two numbers are fitted, a and b of Platt's scaling (1999),

    logit p' = a · logit p + b

so that little data does no harm. They are kept only where the Brier score of held-out videos is better for
certain. Hits by words and what pictures find are fitted each by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import TextEncoder
from mediaindex.errors import NoSpace
from mediaindex.learn.evaluation.library_queries import searchable_videos
from mediaindex.learn.evaluation.metrics import paired_bootstrap
from mediaindex.learn.fitting.calibrating import (
    fitted,
    missing_library,
    out_of_fold,
    probabilities,
    unfit,
)
from mediaindex.learn.fitting.reliability import reliability_of
from mediaindex.learn.fitting.samples import Samples
from mediaindex.learn.fitting.user_samples import Judgements, UserQuestions, judgements_in
from mediaindex.learn.fitting.user_words import AnsweredByWords, answered_by_words
from mediaindex.search.channels.pictures import PictureChannel
from mediaindex.search.confidence.calibration import (
    CALIBRATION,
    PICTURE_NAMES,
    REFIT,
    WORD_NAMES,
    Calibration,
    found_calibration,
)
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.store.library import Library
from mediaindex.store.vectors.fitted import WORDS, fitted_file, write_fitted
from mediaindex.store.vectors.reader import SpaceReader, consistent
from mediaindex.store.vectors.spaces import Space

NEEDED = 200
"""Captions and marks: of so many answers, the share that is right is known to within 3.5 points (its standard
error, √(¼ / 200)), about what a calibration may be off by. For words those count that words answer."""
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class Refit:
    """What became of it.

    Attributes:
        judged: captions and marks that there are, or that words answer. needed: for a refit.
        refitted: whether the library has another calibration now. reason: one sentence for a person.
        report: reliability on held-out videos, `before` (None where there was no calibration) and `after`;
            None where nothing was fitted.
    """

    judged: int
    needed: int
    refitted: bool
    reason: str
    report: dict[str, Any] | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The JSON of commands."""
        return {
            "judged": self.judged,
            "needed": self.needed,
            "refitted": self.refitted,
            "reason": self.reason,
        }


def refit_confidence(library: Library, space: Space, encoder: TextEncoder) -> dict[str, Any]:
    """Fit the confidence of pictures and that of words again; `refit` as `mediaindex train --json` has it.

    Raises:
        StoreError, NoSpace: see `refit_calibration`.
    """
    return {**refit_calibration(library, space, encoder).row, "words": refit_words(library, space).row}


def refit_calibration(library: Library, space: Space, encoder: TextEncoder) -> Refit:
    """Fit the confidence of a space to the user's captions and marks, and keep it where it holds better.

    Args:
        encoder: of the space.

    Raises:
        StoreError: the library is damaged. NoSpace: it cannot be written.
    """
    reader = SpaceReader(library, space)

    def read(connection: Any) -> tuple[PictureChannel, Judgements]:
        pictures = PictureChannel(reader.snapshot(connection), blend=space.blend)
        return pictures, judgements_in(connection, pictures)

    pictures, judged = consistent(library, read)
    bank = reader.bank
    problem = _problem(len(judged), has_bank=bank is not None)
    if problem is not None or bank is None:
        return Refit(len(judged), NEEDED, False, problem or "")
    corrects_hubs = hub_gate(space, "auto", library.root).on
    questions = UserQuestions(pictures, bank, encoder, corrects_hubs=corrects_hubs)
    samples = questions.samples(judged)
    if (unfitting := unfit(samples)) is not None:
        return Refit(len(judged), NEEDED, False, f"confidence was not fitted again: {unfitting}")
    base = found_calibration(space.digest, library.root, parts=(CALIBRATION,)).calibration
    calibration, report, reason = _refitted(samples, base, PICTURE_NAMES)
    if calibration is not None:
        _keep(library, (space.encoder, space.digest), _part(calibration, len(judged), report))
    return Refit(len(judged), NEEDED, calibration is not None, f"confidence {reason}", report)


def refit_words(library: Library, space: Space) -> Refit:
    """Fit the confidence of hits by words to captions and marks, and keep it where it holds better.

    Args:
        space: whose videos searches show.

    Raises:
        StoreError: the library is damaged. NoSpace: it cannot be written.
    """
    reader = SpaceReader(library, space)

    def read(connection: Any) -> AnsweredByWords:
        pictures = PictureChannel(reader.snapshot(connection), blend=space.blend)
        judged = judgements_in(connection, pictures)
        return answered_by_words(connection, judged, searchable_videos(connection, space.id))

    answered = consistent(library, read)
    count, what = answered.judged, "confidence of hits by words"
    if count < NEEDED:
        reason = f"is fitted again from {NEEDED} captions and marks on that words answer; there are {count}"
        return Refit(count, NEEDED, False, f"{what} {reason}")
    samples = Samples.of(answered.rows)
    if (unfitting := missing_library() or unfit(samples)) is not None:
        return Refit(count, NEEDED, False, f"{what} was not fitted again: {unfitting}")
    shipped = found_calibration(WORDS, library.root, parts=()).calibration
    calibration, report, reason = _refitted(samples, shipped, WORD_NAMES)
    if calibration is not None:
        _keep(library, (None, WORDS), _part(calibration, count, report))
    return Refit(count, NEEDED, calibration is not None, f"{what} {reason}", report)


def recalibrated(base: Calibration, samples: Samples) -> Calibration:
    """Platt's scaling of a calibration: its steps at new heights, else another bias and other weights."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, max_iter=1000)
    if samples.right.all() or not samples.right.any():
        return base
    model.fit(_logits(probabilities(base, samples.numbers))[:, None], samples.right)
    a, b = float(model.coef_[0, 0]), float(np.ravel(model.intercept_)[0])
    if a <= 0:  # the order of the probabilities would be turned round
        return base
    if base.steps:
        steps = tuple((score, _scaled(height, a, b)) for score, height in base.steps)
        return replace(base, steps=steps)
    return replace(base, weights=tuple(a * weight for weight in base.weights), bias=a * base.bias + b)


def _refitted(
    samples: Samples, base: Calibration | None, names: Sequence[str]
) -> tuple[Calibration | None, dict[str, Any], str]:
    """The calibration to be kept, None for that of before; the reliability of both; why."""
    first = samples.first
    if base is None:
        after = out_of_fold(samples, lambda part: fitted(part, names))
        report = {"before": None, "after": reliability_of(after, samples)}
        return fitted(samples, names), report, "was fitted to your captions and marks"
    before = probabilities(base, samples.numbers)
    after = out_of_fold(samples, lambda part: recalibrated(base, part))
    report = {"before": reliability_of(before, samples), "after": reliability_of(after, samples)}
    errors = [(one[first] - samples.right[first]) ** 2 for one in (before, after)]
    gain = paired_bootstrap(errors[0] - errors[1], samples.group[first], seed=0)
    figure = f"the Brier score of held-out videos falls by {gain.value:.4f} [{gain.low:.4f}, {gain.high:.4f}]"
    if gain.low <= 0:
        return None, report, f"stays as it is, no certain gain on your captions: {figure}"
    return recalibrated(base, samples), report, f"was fitted again: {figure}"


def _problem(judged: int, *, has_bank: bool) -> str | None:
    if judged < NEEDED:
        return f"confidence is fitted again from {NEEDED} captions and marks on; there are {judged}"
    if not has_bank:
        return "confidence was not fitted again: the next 'mediaindex index' makes the bank that it needs"
    missing = missing_library()
    return None if missing is None else f"confidence was not fitted again: {missing}"


def _part(calibration: Calibration, judged: int, report: dict[str, Any]) -> dict[str, Any]:
    return {"row": calibration.as_json(), "judged": judged, "reliability": report["after"]}


def _keep(library: Library, of: tuple[str | None, str], part: dict[str, Any]) -> None:
    """Keep a calibration of an encoder, by its name and digest, or of words."""
    encoder, digest = of
    try:
        write_fitted(library.root, encoder=encoder, digest=digest, parts={REFIT: part})
    except OSError as error:
        path = fitted_file(library.root, digest)
        raise NoSpace(f"{path} cannot be written: {error.strerror or error}") from error


def _logits(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
    logits: NDArray[np.float64] = np.log(bounded / (1 - bounded))
    return logits


def _scaled(probability: float, a: float, b: float) -> float:
    logit = a * float(_logits(np.array([probability]))[0]) + b
    return 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit))))
