"""What scorers' files share: a bank whose parts fit each other, and weights that are numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mediaindex.embed.families.scorer_network import bank_of, float32, set_weights
from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.patch_cells import PatchEvidence

Stored = dict[str, Tensor]


def stored() -> Stored:
    scorer = LateInteraction(6)
    state = {name: value.detach().clone() for name, value in scorer.state_dict().items()}
    state |= {f"cells.basis_{depth}": torch.randn(3, 2) for depth in range(3)}
    return state | {
        "cells.offset": torch.zeros(6),
        "hubs.directions": torch.randint(-127, 128, (5, 128)).float(),
        "hubs.weights": torch.full((5,), 0.5),
        "hubs.pooled": torch.randn(2, 128),
        "hubs.pieces": torch.tensor([3, 2]),
    }


def network() -> PatchEvidence:
    return PatchEvidence([(3, 2)] * 3, pieces=5, sentences=2, beta=0.5)


def test_rows_are_multiplied_by_their_scale() -> None:
    rows, scale = torch.tensor([[1, 2], [3, 4]], dtype=torch.int8), torch.tensor([2.0, 0.5]).half()
    assert float32(rows, scale).tolist() == [[2, 4], [1.5, 2]]
    assert float32(rows).dtype == torch.float32


def test_a_file_fills_a_network() -> None:
    state, made = stored(), network()
    set_weights(made, state, bank_of(state))
    assert torch.equal(made.cells.get_buffer("basis_1"), state["cells.basis_1"])
    lengths = made.evidence.bank_directions.norm(dim=1)
    torch.testing.assert_close(lengths, made.evidence.sharpness.expand(5))


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.pop("hubs.weights"),
        lambda state: state.update({"hubs.pieces": torch.tensor([3, 3])}),
        lambda state: state.update({"hubs.pieces": torch.tensor([5, 0])}),
        lambda state: state.update({"hubs.pooled": torch.randn(3, 128)}),
    ],
)
def test_a_bank_whose_parts_do_not_fit_is_refused(damage: Callable[[Stored], object]) -> None:
    state = stored()
    damage(state)
    with pytest.raises((KeyError, ValueError)):
        bank_of(state)


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.pop("regions.weight.bias"),
        lambda state: state.update({"cells.offset": torch.zeros(7)}),
        lambda state: state.update({"gains": torch.full((3,), torch.nan)}),
    ],
)
def test_weights_that_do_not_fit_are_refused(damage: Callable[[Stored], object]) -> None:
    state = stored()
    bank = bank_of(state)
    damage(state)
    with pytest.raises((RuntimeError, ValueError)):
        set_weights(network(), state, bank)
