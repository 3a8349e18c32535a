"""Moments of answers with their numbers, and the galleries in which questions are asked for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST, LARGEST = 50, 1000
"""Items of a gallery, at least and at the most."""
QUESTIONS_OF_A_GALLERY = 40
LEAST_OF_A_HALF = SMALLEST + QUESTIONS_OF_A_GALLERY
"""Items of a half: of a smallest gallery, and of as many outside it as there are questions."""

SampleRow = tuple[Sequence[float], bool, int, bool, bool]
"""(numbers, right, group, first, answered), as `Samples` has them."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N moments of answers, each with its numbers.

    Attributes:
        numbers: (N, F). right: (N,) whether it is what was asked for.
        group: (N,) of what the question is about; folds keep groups together.
        first: (N,) whether it is the first of its answer. answered: (N,) whether the right one was there.
    """

    numbers: NDArray[np.float64]
    right: NDArray[np.bool_]
    group: NDArray[np.int64]
    first: NDArray[np.bool_]
    answered: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[SampleRow]) -> Samples:
        """From at least one row."""
        numbers, right, group, first, answered = zip(*rows, strict=True)
        as_bool = [np.array(column, np.bool_) for column in (right, first, answered)]
        return cls(
            np.array(numbers, np.float64), as_bool[0], np.array(group, np.int64), as_bool[1], as_bool[2]
        )

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Samples:
        """All of some samples, at least one."""
        names = ("numbers", "right", "group", "first", "answered")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def where(self, chosen: NDArray[np.bool_]) -> Samples:
        """Some of them."""
        return Samples(
            self.numbers[chosen],
            self.right[chosen],
            self.group[chosen],
            self.first[chosen],
            self.answered[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A gallery and the texts that are asked in it.

    Attributes:
        gallery: items. asked: texts, half of them of items in the gallery.
    """

    gallery: NDArray[np.int64]
    asked: list[int]


def draws(
    half: NDArray[np.int64], of: NDArray[np.int64], which: int, *, count: int, seed: int
) -> Iterator[Draw]:
    """Galleries of one half of the items, at least `LEAST_OF_A_HALF`, in sizes from `SMALLEST` to `LARGEST`.

    Args:
        half: (I,) of each item; `which` of them takes part. of: (T,) the item of each text.
    """
    chance = np.random.default_rng([seed, which])
    own = np.flatnonzero(half == which)
    texts_of: dict[int, list[int]] = {}
    for text, item in enumerate(of.tolist()):
        texts_of.setdefault(item, []).append(text)
    for _ in range(count):
        most = min(LARGEST, len(own) - QUESTIONS_OF_A_GALLERY)
        size = max(SMALLEST, int(np.exp(chance.uniform(np.log(SMALLEST), np.log(most)))))
        mixed = chance.permutation(own)
        gallery, outside = mixed[:size], mixed[size:]
        half_of_them = QUESTIONS_OF_A_GALLERY // 2
        sought = [*gallery[:half_of_them].tolist(), *outside[:half_of_them].tolist()]
        yield Draw(gallery, [int(chance.choice(texts_of[item])) for item in sought])
