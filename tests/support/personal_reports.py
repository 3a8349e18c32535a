"""A report of a personal training, and the fit behind it, made by hand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mediaindex.learn.personal.cross_fitting import FOLDS, CrossFit
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


def fit(first: float = 2.0) -> CrossFit:
    weights = np.array([first, 1.0, 1.0, 1.0, 0.5])
    return CrossFit(weights, np.tile(weights, (FOLDS, 1)) + np.arange(float(FOLDS))[:, None], 30.0, 60)


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
        "strength": 30.0,
        "weights": [2.0, 1.0, 1.0, 1.0, 0.5],
        "shipped_weights": [1.0] * 5,
        "library_videos": [1, 2],
        "rows": [{"ranking": name, "queries": 60, "metrics": figures} for name in ("instant", "personal")],
        "differences": [
            {"ranking": "personal", "against": "instant", "queries": 60, "metrics": figures},
        ],
        "gates": [asdict(PROVEN)],
    }
