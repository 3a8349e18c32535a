"""Outputs of the published DiffusionRet code on random inputs, and a record of which were compared.

The arrays were written by running that code; tests/fixtures/golden holds the small files, the folder
of shared data beside the checkout all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.support import paths

FIXTURES = paths.FIXTURES / "golden"
SHARED = paths.SHARED / "golden"


class Golden(Mapping[str, NDArray[Any]]):
    """The arrays of one file by name; looking one up records the visit."""

    def __init__(self, file: Path) -> None:
        with np.load(file, allow_pickle=False) as held:
            self._arrays: dict[str, NDArray[Any]] = {name: held[name] for name in held.files}
        self.visited: set[str] = set()

    def __getitem__(self, name: str) -> NDArray[Any]:
        self.visited.add(name)
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def tensor(self, name: str) -> Tensor:
        """One array as a tensor."""
        return torch.from_numpy(self[name])

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The arrays whose names begin so, without it."""
        return {name.removeprefix(prefix): self.tensor(name) for name in self if name.startswith(prefix)}

    def unvisited(self) -> set[str]:
        """Names that no test has looked up."""
        return set(self) - self.visited


def close(found: Tensor, expected: Tensor, tolerance: float) -> None:
    """Assert equal shapes and values within an absolute tolerance."""
    assert found.shape == expected.shape
    assert float((found.detach().double() - expected.double()).abs().max()) <= tolerance
