"""The basis of cells: centred, of a mean square of one, the strongest directions first and held back."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.principal_basis import principal_basis


def test_what_it_gives_is_centred_and_has_a_mean_square_of_one() -> None:
    torch.manual_seed(0)
    scales = torch.tensor([9.0, 4.0, 1.0, 0.1, 0.01], dtype=torch.float64)
    cells = 3 + torch.randn(5000, 5, dtype=torch.float64) * scales
    basis, offset = principal_basis(cells, 3)
    assert basis.shape == (5, 3)
    seen = cells @ basis - offset
    assert float(seen.mean(0).abs().max()) < 1e-9
    assert float(seen.square().mean()) == pytest.approx(1.0)
    deviations = seen.std(0)
    assert float(deviations[0] / deviations[2]) == pytest.approx(3.0, rel=0.05), "the root of 9 to 1"


def test_directions_without_any_variance_stay_finite() -> None:
    cells = torch.zeros(10, 4, dtype=torch.float64)
    cells[:, 0] = torch.arange(10)
    basis, _offset = principal_basis(cells, 4)
    assert bool(basis.isfinite().all())
