"""Cells of maps: shapes, order of parts, and stored maps against whole ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from mediaindex_models.efficientnet import FeatureMaps
from mediaindex_models.region_cells import CELL, FINE_SIDE, PARTS, RegionCells, raw_cells


def random_maps() -> tuple[FeatureMaps, torch.Tensor]:
    maps = FeatureMaps(torch.randn(2, 40, 28, 28), torch.randn(2, 112, 14, 14), torch.rand(2, 1280, 7, 7))
    return maps, torch.rand(2, 17, 7, 7)


def random_cells() -> RegionCells:
    network = RegionCells()
    for name, value in network.state_dict().items():
        value.copy_(torch.randn(value.shape) * (0.1 if name == "offset" else len(value) ** -0.5))
    return network


def test_a_cell_has_313_numbers() -> None:
    maps, colours = random_maps()
    assert CELL == 313
    assert random_cells()(maps, colours, nn.Linear(1280, 1000)).shape == (2, 16, 313)


def test_maps_stored_as_seven_by_seven_cells_give_the_same() -> None:
    maps, colours = random_maps()
    network, classifier = random_cells(), nn.Linear(1280, 1000)
    stored = FeatureMaps(*(F.adaptive_avg_pool2d(part, FINE_SIDE) for part in maps))
    torch.testing.assert_close(
        network(stored, colours, classifier), network(maps, colours, classifier), atol=1e-5, rtol=1e-5
    )


def test_parts_are_means_of_the_cells_beneath() -> None:
    maps, colours = random_maps()
    parts = raw_cells(maps, colours, nn.Linear(1280, 1000))
    assert {name: part.shape[1:] for name, part in parts.items()} == {
        name: (16, inside) for name, (inside, _) in PARTS.items()
    }
    corner = maps.last[:, :, :2, :2].mean((2, 3))  # 7 cells in 4: the first covers 0 and 1
    torch.testing.assert_close(parts["last"][:, 0], corner)
    torch.testing.assert_close(parts["classes"].sum(-1), torch.ones(2, 16))
    torch.testing.assert_close(parts["colours"][:, 0].square(), colours[:, :, :2, :2].mean((2, 3)))


def test_each_part_goes_through_its_own_basis() -> None:
    maps, colours = random_maps()
    network, classifier = random_cells(), nn.Linear(1280, 1000)
    network.get_buffer("basis_colours").copy_(torch.eye(17))
    network.offset.zero_()
    cells = network(maps, colours, classifier)
    torch.testing.assert_close(cells[..., -17:], raw_cells(maps, colours, classifier)["colours"])


def test_the_mean_cell_is_taken_off() -> None:
    maps, colours = random_maps()
    network, classifier = random_cells(), nn.Linear(1280, 1000)
    moved = network(maps, colours, classifier)
    offset = network.offset.clone()
    network.offset.zero_()
    torch.testing.assert_close(network(maps, colours, classifier) - offset, moved)
