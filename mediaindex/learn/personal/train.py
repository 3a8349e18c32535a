"""Training on the user's own captions, marks and picks: `mediaindex train` without --features.

Nothing is written until everything is known: an interrupted run leaves the library as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mediaindex.errors import GeneratorUnavailable, MediaIndexError
from mediaindex.learn.personal.cross_fitting import FOLDS, Choice, CrossFit, cross_fitted, fold_of
from mediaindex.learn.personal.examples import Examples
from mediaindex.learn.personal.lists import Asking, Listed, listed, ranks_by
from mediaindex.learn.personal.model_card import personal_card
from mediaindex.learn.personal.outcome import (
    INSTANT,
    PERSONAL,
    Ranked,
    Ranks,
    differences_of,
    gate_of,
    gate_row,
    rows_of,
)
from mediaindex.learn.personal.publishing import fits_by_fold, publish
from mediaindex.learn.personal.rehearsal import shipped_photographs
from mediaindex.learn.personal.text_side import Fit
from mediaindex.safe_text import counted
from mediaindex.search.ranking.generator_registry import (
    Decision,
    Description,
    decide,
    generators_of,
    unusable,
)
from mediaindex.search.ranking.mixture import NUMBERS
from mediaindex.search.ranking.personal_selection import read_selection
from mediaindex.search.ranking.reranker import load_reranker
from mediaindex.search.ranking.user_gate import UserGates
from mediaindex.store.vectors.spaces import Space

NEEDED = 30
"""Captions without which nothing is trained."""
SHIPPED, FORMER = "shipped", "former"

Progress = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Before:
    """The rankings that a space has before a training.

    Attributes:
        shipped: the linear mixture to whose weights the personal ones are held.
        serving: what searches use now.
    """

    shipped: Description
    serving: Decision

    @property
    def serving_name(self) -> str:
        """As reports name it: instant, shipped, former for a personal one, else its folder."""
        generator = self.serving.generator
        if not self.serving.gate.on or generator is None:
            return INSTANT
        if generator.personal:
            return FORMER
        return SHIPPED if generator.folder == self.shipped.folder else generator.name


def enough(examples: Examples) -> str | None:
    """What is missing for a training, as a sentence for the user; None where it can begin."""
    captions, videos = examples.count("caption"), examples.captioned_videos
    if captions < NEEDED:
        missing = counted(NEEDED - captions, "caption is", "captions are")
        return (
            f"{missing} missing: training needs {NEEDED}, there are {captions} of "
            "videos that a search shows; 'mediaindex caption add' and 'caption import' take them in"
        )
    if videos < FOLDS:
        missing = counted(FOLDS - videos, "more video")
        return (
            f"captions of {missing} are missing: training needs {FOLDS} videos, so that "
            f"some can be held out, and these {captions} captions are of {videos}"
        )
    return None


def rankings_before(library: Path, space: Space, captions: UserGates) -> Before:
    """What searches of a space rank by.

    Args:
        captions: what those of the library decide of the ranking.

    Raises:
        MediaIndexError: the space has no linear mixture, whose weights a training begins with.
    """
    serving = _usable(decide(space, library, None, "auto", captions))
    fitting = (space.encoder, space.digest, space.dim, space.scorer)
    for one in generators_of(library):
        if one.mixture is None or one.personal:
            continue
        if (one.encoder, one.digest, one.width, one.scorer) == fitting:
            return Before(one, serving)
    if space.scorer is None:
        raise MediaIndexError(
            f"the encoder {space.encoder} has no evidence of regions to weigh, which training on captions "
            f"needs; 'mediaindex train --encoder {space.encoder} --features FILE' makes it"
        )
    raise MediaIndexError(
        f"there is no linear ranking for the evidence that the vectors of {space.encoder} have; the next "
        "'mediaindex index' brings them up to date"
    )


def _usable(serving: Decision) -> Decision:
    """What searches rank by; a personal ranking whose files are damaged, they leave out."""
    generator = serving.generator
    if generator is None or not generator.personal:
        return serving
    try:
        load_reranker(generator)
    except GeneratorUnavailable as error:
        return unusable(serving, "auto", str(error))
    return serving


def train(
    library: Path,
    asking: Asking,
    examples: Examples,
    before: Before,
    *,
    threads: int,
    progress: Progress = lambda _event: None,
) -> dict[str, Any]:
    """Fit, measure out of fold, and put the ranking in use where it is proven better; the report.

    The caller holds `personal_lock`, and has asked `enough`.

    Args:
        threads: of torch in this process from now on.
        progress: called with stage, done and total.

    Raises:
        MediaIndexError: no moment has evidence of regions. GeneratorUnavailable: a ranking cannot be asked.
        EncoderMismatch: the files of the built-in encoder are damaged.
        NoSpace: it cannot be written.
    """
    lists = _lists(asking, examples, before, progress)
    captions = [one for one in lists if one.example.kind == "caption"]
    torch.set_num_threads(threads)
    photographs = _photographs(asking, before.shipped)
    fit = cross_fitted(
        lists,
        examples.contents,
        np.array(_weights(before.shipped)),
        photographs,
        lambda done, total: progress({"stage": "fitting", "done": done, "total": total}),
    )
    ranked = _ranked(library, asking, examples, captions, before, fit, threads, progress)
    gate = gate_of(ranked)
    report = _report(examples, lists, before, fit, ranked, len(photographs))
    report["gates"] = [gate_row(gate)]
    selection = read_selection(library, before.shipped.digest)
    if gate.on:
        selection = publish(library, before.shipped, fit, report, personal_card(report))
    return {**report, "promoted": gate.on, "current": selection.current, "previous": selection.previous}


def _photographs(asking: Asking, shipped: Description) -> tuple[Listed, ...]:
    assert shipped.mixture is not None
    return shipped_photographs(shipped.digest, shipped.mixture, corrects_hubs=asking.corrects_hubs)


def _lists(asking: Asking, examples: Examples, before: Before, progress: Progress) -> list[Listed]:
    assert before.shipped.mixture is not None
    found = listed(
        asking,
        examples.all,
        before.shipped.mixture,
        lambda done, total: progress({"stage": "asking", "done": done, "total": total}),
    )
    lists = [one for one in found if one is not None]
    if sum(one.example.kind == "caption" for one in lists) < NEEDED:
        raise MediaIndexError(
            "the moments have no evidence of regions yet, which a training weighs; the next "
            "'mediaindex index' makes it"
        )
    return lists


def _ranked(
    library: Path,
    asking: Asking,
    examples: Examples,
    captions: Sequence[Listed],
    before: Before,
    fit: CrossFit,
    threads: int,
    progress: Progress,
) -> Ranked:
    """The captions in the order of each ranking; what was trained on captions is asked out of fold."""
    videos = [next(iter(one.example.videos)) for one in captions]
    folds = [fold_of(examples.contents[video]) for video in videos]
    shipped = np.array(_weights(before.shipped))
    ranks: dict[str, Ranks] = {
        INSTANT: np.array([one.instant_rank for one in captions]),
        SHIPPED: np.array([one.rank(shipped) for one in captions]),
    }
    serving = before.serving_name
    generator = before.serving.generator
    if serving not in ranks and generator is not None:
        former = _former(before, captions[0])
        if former is not None:
            ranks[serving] = _unseen(captions, folds, former)
        else:
            reranker = load_reranker(generator, threads=threads)
            asked = [one.example for one in captions]
            ranks[serving] = np.array(
                list(
                    ranks_by(
                        asking,
                        asked,
                        reranker,
                        lambda done, total: progress({"stage": serving, "done": done, "total": total}),
                    )
                )
            )
    ranks[PERSONAL] = _unseen(captions, folds, fit.by_fold)
    return Ranked(np.array(videos, np.int64), ranks, serving)


def _unseen(captions: Sequence[Listed], folds: Sequence[int], by_fold: Sequence[Fit]) -> Ranks:
    """(Q,) ranks of captions, each by the ranking of its fold."""
    own = [by_fold[fold] for fold in folds]
    return np.array([one.rank(fit.weights, fit.text_side) for one, fit in zip(captions, own, strict=True)])


def _former(before: Before, one: Listed) -> tuple[Fit, ...] | None:
    """The personal ranking that serves, by folds, for numbers of the shipped mixture; None without one.

    Args:
        one: of the lists that it is to rank; what does not fit their scorer is none.
    """
    generator, shipped = before.serving.generator, before.shipped.mixture
    if generator is None or not generator.personal or generator.mixture is None or shipped is None:
        return None
    by_fold = fits_by_fold(generator.folder)
    if by_fold is None:
        return None
    try:
        for side in (fit.text_side for fit in by_fold if fit.text_side is not None):
            one.numbers_by(side)
    except ValueError:
        return None
    unit = np.array([shipped.deviation / generator.mixture.deviation, *(1.0,) * (NUMBERS - 1)])
    return tuple(Fit(fit.weights * unit, fit.text_side) for fit in by_fold)


def _report(
    examples: Examples,
    lists: Sequence[Listed],
    before: Before,
    fit: CrossFit,
    ranked: Ranked,
    photographs: int,
) -> dict[str, Any]:
    captions = [one for one in lists if one.example.kind == "caption"]
    return {
        "captions": len(captions),
        "needed": NEEDED,
        "videos": len(set(ranked.videos.tolist())),
        "marks": sum(one.example.kind == "mark" for one in lists),
        "picks": sum(one.example.kind == "pick" for one in lists),
        "left_out": examples.left_out + len(examples.all) - len(lists),
        "listed": sum(bool(one.right.any()) for one in captions),
        "encoder": before.shipped.encoder,
        "digest": before.shipped.digest,
        "folds": FOLDS,
        **choice_row(fit.choice),
        "tried": [{**choice_row(one.choice), "loss": _rounded(one.loss)} for one in fit.tried],
        "tolerance": _rounded(fit.error),
        "photographs": photographs,
        "photograph_loss": None if fit.rehearsed is None else _rounded(fit.rehearsed[1]),
        "shipped_photograph_loss": None if fit.rehearsed is None else _rounded(fit.rehearsed[0]),
        "weights": [round(float(weight), 6) for weight in fit.fit.weights],
        "shipped_weights": [round(float(weight), 6) for weight in _weights(before.shipped)],
        "serving": ranked.serving,
        "library_videos": sorted({video for one in lists for video in one.example.videos}),
        "rows": rows_of(ranked),
        "differences": differences_of(ranked),
    }


def choice_row(choice: Choice) -> dict[str, Any]:
    """What was trained and how far, as JSON, which has no infinity."""
    strength = choice.strength if choice.strength is not None and math.isfinite(choice.strength) else None
    return {"level": choice.level, "strength": strength, "steps": choice.steps}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _weights(description: Description) -> tuple[float, ...]:
    assert description.mixture is not None
    return description.mixture.weights
