"""The evidence of cells is what the scorer computes, and its hub that of the padded sentences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mediaindex_models.efficientnet import FeatureMaps
from mediaindex_models.late_interaction import LateInteraction, Words, hubness
from mediaindex_models.late_interaction_numpy import BEST_FRAMES, NumpyLateInteraction
from mediaindex_models.region_cells import CELL, PARTS
from mediaindex_models.region_evidence import Bank, MapEvidence, RegionEvidence
from mediaindex_models.region_records import FLAT, REGIONS, WIDTH, packed
from tests.support.late_interaction import CELL as SMALL_CELL
from tests.support.late_interaction import random_scorer, random_states

BETA = 0.5


def evidence_of(scorer: LateInteraction, bank: Words, *, cell: int = SMALL_CELL) -> RegionEvidence:
    pieces = bank.mask.sum(1)
    network = RegionEvidence(pieces=int(pieces.sum()), sentences=len(pieces), cell=cell, beta=BETA)
    state = {f"regions.{name}": value for name, value in scorer.regions.state_dict().items()}
    state |= {"log_sharpness": scorer.log_sharpness, "gains": scorer.gains}
    network.load_state_dict(state)
    with torch.no_grad():
        network.set_bank(Bank(bank.directions[bank.mask], bank.weights[bank.mask], bank.pooled, pieces))
    return network.eval()


def bank_of(scorer: LateInteraction, lengths: list[int]) -> Words:
    with torch.no_grad():
        words: Words = scorer.words(*random_states(lengths, width=max(lengths) + 2))
    return words


@pytest.mark.parametrize("lengths", [[3], [2, 7, 4, 1]])
@torch.no_grad()
def test_parts_and_hubs_are_those_of_the_scorer(lengths: list[int]) -> None:
    scorer = random_scorer(1)
    bank, cells = bank_of(scorer, lengths), torch.randn(5, 16, SMALL_CELL)
    flat: Tensor = evidence_of(scorer, bank)(cells)
    regions = scorer.regions(cells)
    assert flat.shape == (5, FLAT)
    torch.testing.assert_close(flat[:, : REGIONS * WIDTH], regions.directions.flatten(1))
    torch.testing.assert_close(flat[:, REGIONS * WIDTH : (REGIONS + 1) * WIDTH], regions.pooled)
    torch.testing.assert_close(flat[:, -REGIONS - 1 : -1], regions.weights)
    torch.testing.assert_close(flat[:, -1], hubness(scorer(bank, regions), beta=BETA), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_cell_that_is_no_number_costs_its_own_frame_alone() -> None:
    scorer = random_scorer(1)
    cells = torch.randn(3, 16, SMALL_CELL)
    cells[1, 4, 2] = torch.nan
    flat = evidence_of(scorer, bank_of(scorer, [2, 3]))(cells)
    assert flat.isfinite().all()
    assert flat.any(1).tolist() == [True, False, True]


@torch.no_grad()
def test_maps_go_through_their_cells() -> None:
    network = MapEvidence(pieces=2, sentences=1, beta=BETA).eval()
    for name in PARTS:
        basis = network.cells.get_buffer(f"basis_{name}")
        basis.copy_(torch.randn(basis.shape) * len(basis) ** -0.5)
    maps = FeatureMaps(torch.randn(2, 40, 7, 7), torch.randn(2, 112, 7, 7), torch.rand(2, 1280, 7, 7))
    colours, classifier = torch.rand(2, 17, 7, 7), nn.Linear(1280, 1000)
    cells = network.cells(maps, colours, classifier)
    assert cells.shape == (2, 16, CELL)
    torch.testing.assert_close(network(maps, colours, classifier), network.evidence(cells))


@torch.no_grad()
def test_bfloat16_is_near_to_float32() -> None:
    torch.manual_seed(0)
    network = MapEvidence(pieces=6, sentences=2, beta=BETA).eval()
    for name in PARTS:
        basis = network.cells.get_buffer(f"basis_{name}")
        basis.copy_(torch.randn(basis.shape) * len(basis) ** -0.5)
    network.evidence.log_sharpness.fill_(2.3)
    network.evidence.gains.fill_(0.4)
    unit = nn.functional.normalize(torch.randn(8, WIDTH), dim=-1)
    network.evidence.set_bank(Bank(unit[:6], torch.full((6,), 1 / 3), unit[6:], torch.tensor([3, 3])))
    maps = FeatureMaps(torch.randn(2, 40, 7, 7), torch.randn(2, 112, 7, 7), torch.rand(2, 1280, 7, 7))
    colours, classifier = torch.rand(2, 17, 7, 7), nn.Linear(1280, 1000)
    exact = network(maps, colours, classifier)
    network.in_bfloat16(classifier)
    torch.testing.assert_close(network(maps, colours, classifier), exact, atol=0.02, rtol=0.02)


@torch.no_grad()
def test_stored_frames_are_asked_as_the_scorer_would_be() -> None:
    """Golden against torch: bytes on disk → the mean of the three frames that fit best."""
    scorer = random_scorer(2)
    scorer.gains.data = torch.tensor([0.5, 0.2, 0.3])
    states, mask = random_states([6])
    cells = torch.randn(4 * 5, 16, SMALL_CELL)
    flat = evidence_of(scorer, bank_of(scorer, [2, 7, 4]))(cells)
    records = packed(flat.numpy()).reshape(4, 5, -1)
    records[3] = 0
    records[2, 1:] = 0
    in_numpy = NumpyLateInteraction({name: value.numpy() for name, value in scorer.state_dict().items()})
    found = torch.from_numpy(
        in_numpy.asked(states.tokens[0].numpy(), states.shallow_tokens[0].numpy()).numbers(records)
    )
    agreements = scorer.agreements(scorer.words(states, mask), scorer.regions(cells))[0]
    of_frames = torch.cat([agreements, -flat[:, -1:]], dim=1).view(4, 5, 4)
    fit = scorer.logits(of_frames[..., :3]) + of_frames[..., 3]
    best = fit.topk(BEST_FRAMES, dim=1).indices[..., None].expand(-1, -1, 4)
    expected = of_frames.gather(1, best).mean(1)
    torch.testing.assert_close(found[:2], expected[:2], atol=0.02, rtol=0.01)
    torch.testing.assert_close(found[2], of_frames[2, 0], atol=0.02, rtol=0.01)
    assert found[3].isnan().all()
