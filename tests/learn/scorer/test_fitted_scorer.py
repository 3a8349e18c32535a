"""A scorer that is trained on captioned tokens, and read from its file as an encoder reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mediaindex.embed.families.patch_scorer import SCORER, read_scorer
from mediaindex.learn.scorer.fitted_scorer import trained_scorer
from mediaindex.learn.scorer.scorer_file import write_scorer
from tests.support.pictured import Read, Study


def test_it_is_trained_and_read(made: Study, read: Read, tmp_path: Path) -> None:
    _scorer, tokens = read
    told: list[tuple[int, int]] = []
    trained = trained_scorer(tokens, steps=10, seed=0, progress=lambda *done: told.append(done))
    assert told[-1] == (10, 10)
    assert np.isfinite(trained.loss)
    assert trained.gains.shape == (3,)
    write_scorer(trained.state, tmp_path / SCORER)
    again = read_scorer(tmp_path / SCORER, encoder=(made.encoder.spec.name, made.encoder.spec.digest))
    shallow, last = tokens.texts.of_text(0)
    assert np.isfinite(again.texts.asked(last, shallow).numbers(np.ones((1, 1, 2340), np.uint8))).all()
