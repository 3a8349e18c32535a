"""Answers of which the first number tells how probable each moment is; the second tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mediaindex.learn.fitting.samples import SampleRow, Samples
from mediaindex.store.library import Library, open_library

QUESTIONS, MOMENTS = 500, 3


@pytest.fixture
def samples() -> Callable[[int], Samples]:
    def made(seed: int) -> Samples:
        chance = np.random.default_rng(seed)
        rows: list[SampleRow] = []
        for question in range(QUESTIONS):
            answered = question % 2 == 0
            for place in range(MOMENTS):
                sign = chance.normal() - place
                right = answered and chance.random() < 1 / (1 + np.exp(-3 * sign))
                rows.append(([sign, chance.normal()], bool(right), question, place == 0, answered))
        return Samples.of(rows)

    return made


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library, create=True) as made:
        yield made
