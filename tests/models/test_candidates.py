"""Lists of candidates: shapes that fit, and lists that share a gallery."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mediaindex_models.denoiser import Direction
from mediaindex_models.generator import Generator
from mediaindex_models.losses import generation_loss
from mediaindex_models.presets import preset
from tests.support.list_features import EVIDENCE, FRAMES, WIDTH, random_lists
from tests.support.networks import (
    both_directions,
    every_preset,
    lists_for,
    noise_and_steps,
    perturbed_generator,
    shared_lists,
)


@every_preset
@both_directions
def test_lists_that_share_a_gallery_are_as_lists_apart(name: str, direction: Direction) -> None:
    generator, shared = perturbed_generator(name), shared_lists(name, direction)
    x, t = noise_and_steps(shared)
    gradients = []
    for lists in (shared, shared.expand_gallery()):
        generator.zero_grad()
        clean = generator(x, t, lists)
        generation_loss(clean, torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
        named = generator.denoiser(direction).named_parameters()
        gradients.append({key: value.grad for key, value in named if not key.endswith("score.bias")})
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-5)
    part = shared.rows(1, 3).to(x.device, torch.float32)
    torch.testing.assert_close(generator(x[1:], t[1:], part), generator(x, t, shared.expand_gallery())[1:])
    ranker = generator.ranker(direction)
    assert torch.equal(
        ranker(shared, seeds=[1, 2, 3]).score, ranker(shared.expand_gallery(), seeds=[1, 2, 3]).score
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": torch.zeros(3, 0)}, "at least one candidate"),
        ({"text": torch.zeros(3, WIDTH + 1)}, "video has the shape"),
        ({"video": torch.zeros(3, 4, FRAMES)}, "video has the shape"),
        ({"mask": torch.ones(3, 4, FRAMES)}, "bool"),
        ({"evidence": torch.zeros(3, 4, EVIDENCE)}, "evidence has the shape"),
        ({"chosen": torch.zeros(3, 2, dtype=torch.long)}, "chosen has the shape"),
        ({"direction": "text"}, "t2v or v2t"),
    ],
)
def test_lists_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(random_lists("t2v"), **changes)  # type: ignore[arg-type]


def test_lists_of_a_gallery_name_its_rows() -> None:
    lists = random_lists("t2v", evidence=0)
    video, rows = lists.video.flatten(0, 1), torch.arange(12).view(3, 4)
    shared = replace(lists, video=video, mask=lists.mask.flatten(0, 1), chosen=rows)
    ranker = Generator(preset("paper", width=WIDTH)).ranker("t2v")
    torch.testing.assert_close(
        ranker(shared, seeds=[1, 2, 3]).score, ranker(lists, seeds=[1, 2, 3]).score, atol=1e-6, rtol=0.0
    )
    for others in (rows - 1, rows + 1):
        with pytest.raises(ValueError, match="rows that a gallery of 12 has not"):
            replace(shared, chosen=others)
    with pytest.raises(ValueError, match=r"rows of the gallery, not torch\.float32"):
        replace(shared, chosen=rows.float())
    wrong = video.clone()
    wrong[7, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"video of the gallery's rows \[7\]"):
        ranker(replace(shared, video=wrong), seeds=[1, 2, 3])


@both_directions
def test_splitting_keeps_every_list_in_order(direction: Direction) -> None:
    lists = lists_for("residual", direction, queries=5)
    parts = list(lists.split(2))
    assert [len(part) for part in parts] == [2, 2, 1]
    for name in ("text", "video", "mask", "score", "evidence"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(lists, name))


def test_a_shared_gallery_stays_whole_in_every_part() -> None:
    shared = shared_lists("residual", "t2v")
    parts = list(shared.split(2))
    assert [len(part.video) for part in parts] == [7, 7]
    assert [len(part.text) for part in parts] == [2, 1]
