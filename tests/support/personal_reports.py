"""A report of a personal training, and the fit behind it, made by hand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.personal.cross_fitting import FOLDS, Choice, CrossFit, Tried
from mediaindex.learn.personal.text_side import Fit
from mediaindex.search.ranking.gate import Gate
from mediaindex.search.ranking.generator_registry import Description
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.store.vectors.spaces import Space

DIGEST, SCORER = "d" * 64, "a scorer"
PROVEN = Gate("generator", True, "your captions", "proven on your 60 captions: MRR +9.00 [+4.00, +14.00]")
SHIPPED = Description(
    Path("shipped"), "tiny", DIGEST, "linear", 8, 0, False, PROVEN, SCORER, Mixture(SCORER, (1.0,) * 5, 0.1)
)
SPACE = Space(1, "tiny", DIGEST, "", 8, None, 0.5, "serving", SCORER)


def fit(first: float = 2.0, *, text_side: dict[str, NDArray[np.float32]] | None = None) -> CrossFit:
    weights = np.array([first, 1.0, 1.0, 1.0, 0.5])
    by_fold = tuple(Fit(weights + fold, text_side if fold else None) for fold in range(FOLDS))
    choice = Choice("weights", 30.0) if text_side is None else Choice("last layers", None, 10)
    return CrossFit(Fit(weights, text_side), by_fold, choice, (Tried(choice, 1.5),), 0.1, 60)


def report() -> dict[str, Any]:
    figures = {name: {"value": 1.5, "low": -1.0, "high": 4.0} for name in ("R@1", "R@10", "MRR")}
    return {
        "captions": 60,
        "videos": 30,
        "marks": 2,
        "picks": 3,
        "encoder": "tiny",
        "digest": DIGEST,
        "folds": FOLDS,
        "level": "weights",
        "strength": 30.0,
        "steps": None,
        "tried": [
            {"level": "shipped", "strength": None, "steps": None, "loss": 2.25},
            {"level": "weights", "strength": 30.0, "steps": None, "loss": 1.5},
            {"level": "last layers", "strength": None, "steps": 40, "loss": None},
        ],
        "tolerance": 0.125,
        "photographs": 0,
        "photograph_loss": None,
        "shipped_photograph_loss": None,
        "weights": [2.0, 1.0, 1.0, 1.0, 0.5],
        "shipped_weights": [1.0] * 5,
        "library_videos": [1, 2],
        "rows": [{"ranking": name, "queries": 60, "metrics": figures} for name in ("instant", "personal")],
        "differences": [
            {"ranking": "personal", "against": "instant", "queries": 60, "metrics": figures},
        ],
        "gates": [asdict(PROVEN)],
    }
