"""The constants of a mixture, from a file that may be a stranger's."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking import mixture
from mediaindex.search.ranking.mixture import Mixture, read_weights

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


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_text_side_is_named_by_its_digest() -> None:
    config = {**CONFIG, "scorer": {**CONFIG["scorer"], "text_side": "abc"}}
    assert Mixture.of(config).text_side == "abc"
    assert Mixture.of(CONFIG).text_side is None


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    weights = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(0.25, np.float32)}
    content = save(weights)
    (tmp_path / "file").write_bytes(content)
    found = read_weights(tmp_path / "file", digest_of(content))
    assert found.keys() == weights.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Header"),
        (b"not a file of weights", ""),
        (b"\xff" * 64, ""),
        (save({"a": np.array([math.nan], np.float32)}), "a holds what is no float32 number"),
        (save({"a": np.array([1.0], np.float64)}), "a holds what is no float32 number"),
    ],
)
def test_a_file_of_a_stranger_is_one_line_that_names_it(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "text_side.safetensors"
    path.write_bytes(content)
    with pytest.raises(GeneratorUnavailable) as refused:
        read_weights(path, digest_of(content))
    assert str(refused.value).startswith(f"{path}: ")
    assert said.lower() in str(refused.value).lower()
    assert "\n" not in str(refused.value)


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = save({"a": np.zeros(100, np.float32)})
    (tmp_path / "file").write_bytes(content)
    monkeypatch.setattr(mixture, "LARGEST_FILE", len(content) - 1)
    with pytest.raises(GeneratorUnavailable, match="not the file"):
        read_weights(tmp_path / "file", digest_of(content))
