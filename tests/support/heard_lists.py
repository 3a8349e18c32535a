"""Lists with evidence that were never searched: of drawn words, drawn regions, and a scorer of drawn weights.

Each frame shows one of some persons, in a few of its regions; each text names one of them, among other words.
Where names tell, the moment is right that shows who is named, which the scorer does not know: its text side
has something to learn, and the five weights have not. Where they do not, the moment is right that the mixture
of `SHIPPED` ranks first, but for noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.personal.examples import Example, Stretch
from mediaindex.learn.personal.lists import Evidence, Listed, RecordPool
from mediaindex_models.late_interaction_numpy import NumpyLateInteraction
from mediaindex_models.minilm import WIDTH as STATE
from mediaindex_models.region_records import REGIONS, WIDTH, packed
from tests.support.late_interaction import random_scorer

SHIPPED = np.array([1.0, 8.0, 8.0, 8.0, 1.0])
MOMENTS, NAMES = 8, 4
WORDS, OTHER_WORDS = 3, 40
REGIONS_OF_A_PERSON = 4

Array = NDArray[np.float32]


def shipped_scorer(seed: int = 0) -> NumpyLateInteraction:
    return NumpyLateInteraction(
        {name: part.numpy() for name, part in random_scorer(seed).state_dict().items()}
    )


def heard_lists(
    count: int, *, names_tell: bool, seed: int = 0, per_video: int = 2, world: int = 0
) -> list[Listed]:
    """Lists of captions, `per_video` of each video.

    Args:
        world: decides words, persons and scorer, as `seed` decides what is listed and said.
    """
    scorer, pool = shipped_scorer(world), RecordPool()
    drawn, random = np.random.default_rng(world), np.random.default_rng([seed, 1])
    words = drawn.standard_normal((NAMES + OTHER_WORDS, 2, STATE)).astype(np.float32)
    persons = drawn.standard_normal((NAMES, WIDTH)).astype(np.float32)
    lists = []
    for number in range(count):
        name = int(random.integers(NAMES))
        said = words[[name, *random.integers(NAMES, NAMES + OTHER_WORDS, WORDS - 1)]]
        asked = scorer.asked(said[:, 1], said[:, 0])
        shown = random.integers(NAMES - 1, size=MOMENTS)
        shown += shown >= name  # someone else
        place = int(random.integers(MOMENTS))
        shown[place] = name
        rows = pool.rows_of(_records(persons[shown], random)[:, None])
        heard = asked.numbers(pool.records()[rows])
        numbers = np.concatenate([random.standard_normal((MOMENTS, 1)), heard], axis=1).astype(np.float64)
        if not names_tell:
            place = int(np.argmax(numbers @ SHIPPED + random.gumbel(size=MOMENTS)))
        right = np.arange(MOMENTS) == place
        example = Example("caption", number, "words", (Stretch(number // per_video, 0, 1),))
        lists.append(Listed(example, numbers, right, np.zeros_like(right), Evidence(asked, rows, pool)))
    return lists


def _records(shown: Array, random: np.random.Generator) -> NDArray[np.uint8]:
    """(N, WIDTH) → (N, 2340) of frames in which some regions are this one, without hubs."""
    count = len(shown)
    directions = random.standard_normal((count, REGIONS, WIDTH))
    directions[:, :REGIONS_OF_A_PERSON] = shown[:, None]
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    flat = [directions.reshape(count, -1), random.standard_normal((count, WIDTH))]
    flat += [np.full((count, REGIONS), 1 / REGIONS), np.zeros((count, 1))]
    return packed(np.concatenate(flat, axis=1).astype(np.float32))
