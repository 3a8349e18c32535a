"""Cells of patch tokens: grids of any side, tokens before them, and what is no grid."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.errors import UnfitInput
from mediaindex_models.patch_cells import PatchCells, PatchEvidence, depths_of, patches_in_cells
from mediaindex_models.region_evidence import Bank
from mediaindex_models.region_records import FLAT, WIDTH


@pytest.mark.parametrize(
    ("blocks", "places"), [(1, [0, 0, 0]), (2, [0, 0, 1]), (12, [3, 7, 11]), (24, [7, 15, 23])]
)
def test_the_last_block_and_two_before_it_are_looked_at(blocks: int, places: list[int]) -> None:
    assert depths_of(blocks) == places


@pytest.mark.parametrize("prefix", [0, 1, 4])
@pytest.mark.parametrize("side", [2, 7, 14, 16])
def test_cells_are_means_of_the_patches_beneath(side: int, prefix: int) -> None:
    patches = torch.arange(side).float()[:, None].expand(side, side).flatten()  # the row of each patch
    tokens = torch.cat([torch.full((prefix,), 99.0), patches])[None, :, None]
    cells = patches_in_cells(tokens)
    assert cells.shape == (1, 16, 1)
    rows = cells.view(4, 4)
    assert torch.equal(rows, rows[:, :1].expand(4, 4)), "those of one row of cells see the same rows"
    assert (rows[1:, 0] >= rows[:-1, 0]).all()
    torch.testing.assert_close(rows.mean(), patches.mean())


@pytest.mark.parametrize("count", [0, 63, 76])
def test_other_numbers_of_tokens_are_no_grid(count: int) -> None:
    with pytest.raises(UnfitInput, match="no square"):
        patches_in_cells(torch.zeros(1, count, 3))


def test_each_depth_goes_through_its_own_basis() -> None:
    cells = PatchCells([(3, 2), (3, 2), (4, 1)])
    for depth in range(3):
        cells.get_buffer(f"basis_{depth}").fill_(depth + 1)
    made = cells([torch.ones(2, 5, 3), torch.ones(2, 5, 3), torch.ones(2, 5, 4)])
    assert made.shape == (2, 16, 5)
    assert made[0, 0].tolist() == [3, 3, 6, 6, 12]


@torch.no_grad()
def test_tokens_become_what_is_stored() -> None:
    network = PatchEvidence([(3, 2), (3, 2), (3, 2)], pieces=2, sentences=1, beta=0.5).eval()
    network.evidence.set_bank(
        Bank(torch.eye(2, WIDTH), torch.full((2,), 0.5), torch.eye(1, WIDTH), torch.tensor([2]))
    )
    for depth in range(3):
        network.cells.get_buffer(f"basis_{depth}").normal_()
    flat = network([torch.randn(2, 10, 3) for _ in range(3)])
    assert flat.shape == (2, FLAT)
    assert flat.isfinite().all()
