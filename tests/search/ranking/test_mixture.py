"""The constants of a mixture, from a file that may be a stranger's."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mediaindex.search.ranking.mixture import Mixture

CONFIG: dict[str, Any] = {
    "generator": {"recipe": "linear", "weights": [6, 8.5, 8, 8, 1]},
    "scorer": {"digest": "a scorer", "deviation": 0.05},
}


def test_a_config_gives_its_constants() -> None:
    assert Mixture.of(CONFIG) == Mixture("a scorer", (6.0, 8.5, 8.0, 8.0, 1.0), 0.05)


@pytest.mark.parametrize("weights", [[1, 2, 3, 4], [1, 2, 3, 4, math.nan], [1, 2, 3, 4, "x"], None, 5])
def test_weights_that_are_none_are_refused(weights: object) -> None:
    config = {**CONFIG, "generator": {"weights": weights}}
    with pytest.raises((TypeError, ValueError)):
        Mixture.of(config)


@pytest.mark.parametrize("scorer", [{"digest": "x", "deviation": 0}, {"digest": "x", "deviation": math.inf}])
def test_a_deviation_is_above_zero(scorer: object) -> None:
    with pytest.raises(ValueError, match="deviation"):
        Mixture.of({**CONFIG, "scorer": scorer})
    with pytest.raises(KeyError):
        Mixture.of({"generator": CONFIG["generator"]})
