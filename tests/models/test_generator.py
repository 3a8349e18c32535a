"""What must hold of every generator, whatever it has learned: the paper's, the residual one, the twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mediaindex_models.denoiser import Direction
from mediaindex_models.generator import Generator
from mediaindex_models.losses import generation_loss
from mediaindex_models.presets import preset
from tests.support.list_features import WIDTH, random_lists
from tests.support.networks import (
    both_directions,
    every_preset,
    lists_for,
    noise_and_steps,
    perturbed_generator,
    reordered,
)


@every_preset
@both_directions
def test_the_order_of_the_candidates_does_not_matter(name: str, direction: Direction) -> None:
    generator, lists = perturbed_generator(name), lists_for(name, direction, count=6)
    x, t = noise_and_steps(lists)
    order = torch.tensor([3, 5, 0, 1, 4, 2])
    torch.testing.assert_close(
        generator(x[:, order], t, reordered(lists, order)), generator(x, t, lists)[:, order]
    )


@every_preset
@both_directions
def test_a_query_does_not_see_the_others_of_its_batch(name: str, direction: Direction) -> None:
    generator, lists = perturbed_generator(name), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    together = generator(x, t, lists)
    for i in range(len(lists)):
        alone = generator(x[i : i + 1], t[i : i + 1], lists.rows(i, i + 1))
        torch.testing.assert_close(alone, together[i : i + 1])
    ranker = generator.ranker(direction)
    ranked = ranker(lists, seeds=[1, 2, 3]).score
    torch.testing.assert_close(ranker(lists.rows(1, 2), seeds=[2]).score, ranked[1:2])


@pytest.mark.parametrize("name", ["residual", "pointwise", "paper"])
@both_directions
def test_padded_frames_do_not_matter_with_the_corrected_mask(name: str, direction: Direction) -> None:
    generator, lists = perturbed_generator(name, corrected_mask=True), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    loud = torch.where(lists.mask[..., None], lists.video, 100.0)
    evidence = None if lists.evidence is None else torch.where(lists.mask[..., None], lists.evidence, -50.0)
    other = replace(lists, video=loud, evidence=evidence)
    torch.testing.assert_close(generator(x, t, other), generator(x, t, lists))


@every_preset
@both_directions
def test_a_clip_without_a_frame_and_a_list_of_one_are_ranked(name: str, direction: Direction) -> None:
    generator, lists = perturbed_generator(name), lists_for(name, direction, count=1)
    empty = replace(lists, mask=torch.zeros_like(lists.mask))
    for given in (lists, empty):
        ranked = generator.ranker(direction)(given, seeds=[0, 1, 2])
        assert ranked.score.shape == (3, 1)
        assert bool(ranked.score.isfinite().all())


@every_preset
@both_directions
def test_gradients_reach_every_parameter(name: str, direction: Direction) -> None:
    generator, lists = perturbed_generator(name).train(), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    generation_loss(generator(x, t, lists), torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
    for parameter_name, parameter in generator.denoiser(direction).named_parameters():
        assert parameter.grad is not None, parameter_name
        reached = bool((parameter.grad != 0).any())
        # a constant added to all scores of a list changes no loss: rounding is all that may be there
        assert reached or parameter_name.endswith("score.bias"), parameter_name


def test_a_ranker_names_what_it_cannot_rank() -> None:
    ranker = perturbed_generator("paper").ranker("t2v")
    lists = random_lists("t2v", evidence=0)
    with pytest.raises(ValueError, match="these lists are v2t"):
        ranker(random_lists("v2t", evidence=0), seeds=[1, 2, 3])
    with pytest.raises(ValueError, match="a seed each"):
        ranker(lists, seeds=[1])
    with pytest.raises(ValueError, match="a seed each"):
        ranker(lists)
    lists.video[1, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"video of the queries \[1\]"):
        ranker(lists, seeds=[1, 2, 3])
    narrow = Generator(preset("paper", width=WIDTH - 2)).ranker("t2v")
    with pytest.raises(ValueError, match=f"features are {WIDTH} wide, the generator reads {WIDTH - 2}"):
        narrow(random_lists("t2v", evidence=0), seeds=[1, 2, 3])


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_papers_network_in_any_precision(dtype: torch.dtype, plain: bool) -> None:
    lists, seeds = random_lists("t2v", evidence=0), [1, 2, 3]
    generator = Generator(preset("paper", width=WIDTH))
    exact = generator.ranker("t2v")(lists, seeds=seeds)
    rough = generator.ranker("t2v", dtype=dtype, plain=plain)(lists, seeds=seeds)
    torch.testing.assert_close(rough.score, exact.score, atol=0.02, rtol=0.0, check_dtype=False)


def test_features_that_overflow_are_refused_not_ranked() -> None:
    lists = random_lists("t2v", evidence=0)
    ranker = Generator(preset("paper", width=WIDTH)).ranker("t2v")
    with pytest.raises(ValueError, match="too large"):
        ranker(replace(lists, video=lists.video * 1e30, text=lists.text * 1e30), seeds=[1, 2, 3])


def test_seeds_may_be_numbers_of_any_kind() -> None:
    lists = random_lists("t2v", evidence=0)
    ranker = Generator(preset("paper", width=WIDTH)).ranker("t2v")
    wanted = ranker(lists, seeds=[1, 2, 3]).score
    for seeds in (np.array([1, 2, 3]), torch.tensor([1, 2, 3]), [2**64 + 1, 2, 3]):
        assert torch.equal(ranker(lists, seeds=seeds).score, wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("plain", [False, True])
def test_the_same_weights_can_be_sampled_in_other_ways(plain: bool) -> None:
    generator, lists = perturbed_generator("paper"), random_lists("t2v", evidence=0)

    def clean(seeds: list[int] | None = None, **changes: object) -> Tensor:
        spec = replace(generator.spec, **changes)  # type: ignore[arg-type]
        return generator.ranker("t2v", spec=spec, plain=plain)(lists, seeds=seeds).clean

    # one evaluation from zero without a clamp is what `single` stands for
    once = clean(evaluations=1, start="zero", clamp=False)
    torch.testing.assert_close(once, clean(sampling="single"))
    torch.testing.assert_close(clean([1, 2, 3], evaluations=50), clean([1, 2, 3]))
    assert not torch.equal(clean([1, 2, 3], evaluations=5), clean([1, 2, 3]))
    assert not torch.equal(clean(evaluations=5, start="zero"), clean([1, 2, 3], evaluations=5))
    with pytest.raises(ValueError, match="may differ"):
        clean(width=WIDTH + 2)


def test_a_ranker_is_the_generator_as_it_was() -> None:
    generator, lists = perturbed_generator("paper"), random_lists("t2v", evidence=0)
    ranker = generator.ranker("t2v")
    before = ranker(lists, seeds=[1, 2, 3]).score
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(2.0)
    assert torch.equal(ranker(lists, seeds=[1, 2, 3]).score, before)
    assert isinstance(ranker.network, nn.Module)
