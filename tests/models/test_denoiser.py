"""The paper's network: its size, its padding, and the shapes that it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mediaindex_models.control import parameters
from mediaindex_models.denoiser import DIRECTIONS, Direction, PaperDenoiser, known_direction, sinusoids
from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset
from tests.support.list_features import EVIDENCE, WIDTH, random_lists
from tests.support.networks import both_directions, lists_for, noise_and_steps, perturbed_generator


@both_directions
def test_as_published_padded_frames_take_their_share(direction: Direction) -> None:
    generator, lists = perturbed_generator("paper"), lists_for("paper", direction)
    x, t = noise_and_steps(lists)
    loud = torch.where(lists.mask[..., None], lists.video, 100.0 * lists.video)
    assert not torch.allclose(generator(x, t, replace(lists, video=loud)), generator(x, t, lists))


def test_the_papers_network_has_the_published_size() -> None:
    assert parameters(PaperDenoiser(512, direction="t2v")) == 2_625_025


@pytest.mark.parametrize("name", ["paper", "residual", "pointwise"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_shapes_that_would_broadcast_are_refused(name: str, direction: Direction) -> None:
    lists = random_lists(direction, queries=4, count=4)
    network = Generator(preset(name, width=WIDTH, evidence=EVIDENCE)).denoiser(direction)
    evidence = None if name == "paper" else lists.evidence
    x, t = torch.zeros(4, 4), torch.zeros(4, dtype=torch.long)

    def asked(x: Tensor, text: Tensor, video: Tensor, mask: Tensor) -> Tensor:
        answer: Tensor = network(x, t, text, video, mask, lists.score, evidence)
        return answer

    whole = asked(x, lists.text, lists.video, lists.mask)
    assert torch.equal(asked(x, lists.text, lists.video, lists.mask.to(torch.uint8) * 255), whole)
    torch.testing.assert_close(
        asked(x, lists.text.half(), lists.video.half(), lists.mask), whole, atol=0.05, rtol=0.0
    )
    for changed in (
        (x[:1], lists.text, lists.video, lists.mask),
        (x[:, :1], lists.text, lists.video, lists.mask),
        (x[:, :0], lists.text, lists.video, lists.mask),
        (x, lists.text, lists.video, lists.mask[:1]),
        (x, lists.text[:1], lists.video, lists.mask),
    ):
        with pytest.raises(ValueError, match=r"scores are|lists \("):
            asked(*changed)


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="t2v or v2t"):
        known_direction("both")


def test_an_odd_width_has_no_sinusoids() -> None:
    with pytest.raises(ValueError, match="must be even"):
        PaperDenoiser(7, direction="t2v")


def test_sinusoids_of_step_zero_alternate_between_zero_and_one() -> None:
    embedded = sinusoids(torch.tensor([0, 1]), 4)
    assert embedded[0].tolist() == [0.0, 1.0, 0.0, 1.0]
    angles = torch.tensor([1.0, 0.01])
    torch.testing.assert_close(embedded[1, ::2], angles.sin())
    torch.testing.assert_close(embedded[1, 1::2], angles.cos())
