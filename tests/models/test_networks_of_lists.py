"""What must hold of every generator, whatever it has learned: the paper's, the residual one, the twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mediaindex_models.attention import Mixture, frame_weights
from mediaindex_models.candidates import Candidates
from mediaindex_models.control import PointwiseControl, WithoutDiffusion, parameters
from mediaindex_models.denoiser import DIRECTIONS, Direction, PaperDenoiser, known_direction
from mediaindex_models.dropout import Dropout
from mediaindex_models.generator import Generator, fused
from mediaindex_models.losses import generation_loss
from mediaindex_models.presets import PRESETS, GeneratorSpec, preset
from mediaindex_models.residual import ResidualDenoiser
from tests.support.list_features import EVIDENCE, FRAMES, WIDTH, made_lists

every_preset = pytest.mark.parametrize("name", list(PRESETS))
both_directions = pytest.mark.parametrize("direction", DIRECTIONS)


def moved(name: str, **changes: object) -> Generator:
    """A generator whose every weight differs from its start, so that nothing is hidden by a zero."""
    spec = replace(preset(name, width=WIDTH, evidence=EVIDENCE), **changes)  # type: ignore[arg-type]
    generator = Generator(spec)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return generator.eval()


def lists_for(name: str, direction: Direction, **sizes: int) -> Candidates:
    return made_lists(direction, evidence=0 if name.startswith("paper") else EVIDENCE, **sizes)


def noise_and_steps(lists: Candidates) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(3)
    steps = torch.randint(50, (len(lists),), generator=random)
    return torch.randn(lists.score.shape, generator=random), steps


def reordered(lists: Candidates, order: Tensor) -> Candidates:
    """The same lists with their candidates in another order."""
    texts = lists.text if lists.direction == "t2v" else lists.text[:, order]
    clips = lists.direction == "t2v"
    return replace(
        lists,
        text=texts,
        video=lists.video[:, order] if clips else lists.video,
        mask=lists.mask[:, order] if clips else lists.mask,
        evidence=lists.evidence[:, order] if clips and lists.evidence is not None else lists.evidence,
        score=lists.score[:, order],
    )


@every_preset
@both_directions
def test_the_order_of_the_candidates_does_not_matter(name: str, direction: Direction) -> None:
    generator, lists = moved(name), lists_for(name, direction, count=6)
    x, t = noise_and_steps(lists)
    order = torch.tensor([3, 5, 0, 1, 4, 2])
    torch.testing.assert_close(
        generator(x[:, order], t, reordered(lists, order)), generator(x, t, lists)[:, order]
    )


@every_preset
@both_directions
def test_a_query_does_not_see_the_others_of_its_batch(name: str, direction: Direction) -> None:
    generator, lists = moved(name), lists_for(name, direction)
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
    generator, lists = moved(name, corrected_mask=True), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    loud = torch.where(lists.mask[..., None], lists.video, 100.0)
    evidence = None if lists.evidence is None else torch.where(lists.mask[..., None], lists.evidence, -50.0)
    other = replace(lists, video=loud, evidence=evidence)
    torch.testing.assert_close(generator(x, t, other), generator(x, t, lists))


@both_directions
def test_as_published_padded_frames_take_their_share(direction: Direction) -> None:
    generator, lists = moved("paper"), lists_for("paper", direction)
    x, t = noise_and_steps(lists)
    loud = torch.where(lists.mask[..., None], lists.video, 100.0 * lists.video)
    assert not torch.allclose(generator(x, t, replace(lists, video=loud)), generator(x, t, lists))


def test_weights_of_frames() -> None:
    text, frames = torch.randn(3, 4), torch.randn(3, 5, 4)
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3, [False] * 5])
    corrected = frame_weights(text, frames, mask, corrected=True).sum(-1)
    torch.testing.assert_close(corrected, torch.tensor([1.0, 1.0, 0.0]))
    assert float(frame_weights(text, frames, mask)[1].sum()) < 1
    torch.testing.assert_close(frame_weights(text, frames, mask, temperature=1e9)[0], torch.full((5,), 0.2))


@every_preset
@both_directions
def test_a_clip_without_a_frame_and_a_list_of_one_are_ranked(name: str, direction: Direction) -> None:
    generator, lists = moved(name), lists_for(name, direction, count=1)
    empty = replace(lists, mask=torch.zeros_like(lists.mask))
    for given in (lists, empty):
        ranked = generator.ranker(direction)(given, seeds=[0, 1, 2])
        assert ranked.score.shape == (3, 1)
        assert bool(ranked.score.isfinite().all())


def shared_lists(name: str, direction: Direction) -> Candidates:
    """Three lists over a gallery of seven, some of whose rows stand in several lists or in none."""
    lists = lists_for(name, direction, count=7)
    chosen = torch.tensor([[0, 3, 5, 1], [3, 6, 0, 2], [5, 3, 1, 0]])
    clips = direction == "t2v"
    return replace(
        lists,
        text=lists.text if clips else lists.text[0],
        video=lists.video[0] if clips else lists.video,
        mask=lists.mask[0] if clips else lists.mask,
        evidence=lists.evidence[0] if clips and lists.evidence is not None else lists.evidence,
        score=lists.score.gather(1, chosen),
        chosen=chosen,
    )


@every_preset
@both_directions
def test_lists_that_share_a_gallery_are_as_lists_apart(name: str, direction: Direction) -> None:
    generator, shared = moved(name), shared_lists(name, direction)
    x, t = noise_and_steps(shared)
    gradients = []
    for lists in (shared, shared.apart()):
        generator.zero_grad()
        clean = generator(x, t, lists)
        generation_loss(clean, torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
        named = generator.denoiser(direction).named_parameters()
        gradients.append({key: value.grad for key, value in named if not key.endswith("score.bias")})
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-5)
    part = shared.rows(1, 3).to(x.device, torch.float32)
    torch.testing.assert_close(generator(x[1:], t[1:], part), generator(x, t, shared.apart())[1:])
    ranker = generator.ranker(direction)
    assert torch.equal(ranker(shared, seeds=[1, 2, 3]).score, ranker(shared.apart(), seeds=[1, 2, 3]).score)


@every_preset
@both_directions
def test_gradients_reach_every_parameter(name: str, direction: Direction) -> None:
    generator, lists = moved(name).train(), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    generation_loss(generator(x, t, lists), torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
    for parameter_name, parameter in generator.denoiser(direction).named_parameters():
        assert parameter.grad is not None, parameter_name
        reached = bool((parameter.grad != 0).any())
        # a constant added to all scores of a list changes no loss: rounding is all that may be there
        assert reached or parameter_name.endswith("score.bias"), parameter_name


@pytest.mark.parametrize("name", ["residual", "residual-without-diffusion", "pointwise"])
@both_directions
def test_before_training_the_given_order_comes_back(name: str, direction: Direction) -> None:
    generator, lists = (
        Generator(preset(name, width=WIDTH, evidence=EVIDENCE)),
        lists_for(name, direction, count=9),
    )
    ranked = generator.ranker(direction)(lists)
    assert torch.equal(ranked.score.argsort(dim=1), lists.score.argsort(dim=1))
    x, t = noise_and_steps(lists)
    assert torch.equal(generator.eval()(x, t, lists).argsort(dim=1), lists.score.argsort(dim=1))


@pytest.mark.parametrize("name", ["paper-without-diffusion", "residual-without-diffusion", "pointwise"])
@both_directions
def test_a_twin_without_diffusion_sees_neither_noise_nor_step(name: str, direction: Direction) -> None:
    generator, lists = moved(name), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    assert torch.equal(generator(x, t, lists), generator(-x, 49 - t, lists))


@pytest.mark.parametrize("texts", [2, 9])
def test_a_mixture_is_the_same_through_a_matrix_in_either_order(texts: int) -> None:
    frames, matrix = torch.randn(3, 1, 5, 8), torch.randn(4, 8)
    weights = torch.rand(3, texts, 5)
    mixture = Mixture.of(weights, frames)
    expected = torch.einsum("hd,bkf,bfd->bkh", matrix, weights, frames[:, 0])
    torch.testing.assert_close(mixture.through(matrix), expected)
    length = mixture.value.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(mixture.unit().through(matrix), expected / length)


def test_dropout_keeps_its_share_and_the_mean() -> None:
    layer, ones = Dropout(0.2), torch.ones(301, 333)
    torch.manual_seed(0)
    dropped = layer(ones)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.2, abs=0.005)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.007)
    neighbours = (dropped[:, :-1] == 0) & (dropped[:, 1:] == 0)
    assert float(neighbours.float().mean()) == pytest.approx(0.04, abs=0.003)
    assert torch.equal(Dropout(0.0)(ones), ones)
    assert torch.equal(layer.eval()(ones), ones)
    torch.manual_seed(0)
    assert torch.equal(layer.train()(ones), dropped)
    with pytest.raises(ValueError, match=r"lies in 0\.\.1, not 1\.0"):
        Dropout(1.0)


@both_directions
def test_a_twin_is_the_denoiser_at_the_noisiest_step_from_zero(direction: Direction) -> None:
    denoiser, lists = PaperDenoiser(WIDTH, direction=direction), lists_for("paper", direction)
    x, t = noise_and_steps(lists)
    arguments = lists.text, lists.video, lists.mask
    twin = WithoutDiffusion(denoiser, steps=50)
    assert torch.equal(
        twin(x, t, *arguments), denoiser(torch.zeros_like(x), torch.full_like(t, 49), *arguments)
    )


@both_directions
def test_the_pointwise_twin_sees_no_other_candidate(direction: Direction) -> None:
    generator, lists = moved("pointwise"), lists_for("pointwise", direction)
    # the score is standardised in its list before any network sees it; equal scores stay so
    lists = replace(lists, score=torch.zeros_like(lists.score))
    x, t = noise_and_steps(lists)
    whole, part = generator(x, t, lists), reordered(lists, torch.tensor([2]))
    torch.testing.assert_close(generator(x[:, 2:3], t, part), whole[:, 2:3])
    listwise = moved("residual")
    assert not torch.allclose(listwise(x[:, 2:3], t, part), listwise(x, t, lists)[:, 2:3])


@pytest.mark.parametrize(("width", "evidence"), [(384, 256), (512, 0)])
def test_twins_have_as_many_parameters(width: int, evidence: int) -> None:
    residual = ResidualDenoiser(width, direction="t2v", evidence=evidence)
    pointwise = PointwiseControl(width, direction="t2v", evidence=evidence)
    unit = pointwise.hidden.in_features + 2
    assert abs(parameters(residual) - parameters(pointwise)) <= unit


def test_the_papers_network_has_the_published_size() -> None:
    assert parameters(PaperDenoiser(512, direction="t2v")) == 2_625_025


def test_a_standing_of_equal_scores_is_none() -> None:
    spec = preset("residual", width=WIDTH)
    ranking = fused(spec, torch.zeros(1, 3), torch.full((1, 3), 0.7))
    assert ranking.tolist() == [[0.0, 0.0, 0.0]]


def test_evidence_of_another_width_is_refused() -> None:
    generator, lists = moved("residual"), made_lists("t2v", evidence=EVIDENCE + 1)
    with pytest.raises(
        ValueError, match=f"{EVIDENCE + 1} numbers of evidence, the generator reads {EVIDENCE}"
    ):
        generator.ranker("t2v")(lists)


def test_a_residual_generator_reads_frames_alone_where_there_is_no_evidence() -> None:
    generator = Generator(preset("residual", width=WIDTH))
    assert generator.ranker("v2t")(made_lists("v2t", evidence=0)).score.shape == (3, 4)


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
        replace(made_lists("t2v"), **changes)  # type: ignore[arg-type]


def test_a_ranker_names_what_it_cannot_rank() -> None:
    ranker = moved("paper").ranker("t2v")
    lists = made_lists("t2v", evidence=0)
    with pytest.raises(ValueError, match="these lists are v2t"):
        ranker(made_lists("v2t", evidence=0), seeds=[1, 2, 3])
    with pytest.raises(ValueError, match="a seed each"):
        ranker(lists, seeds=[1])
    with pytest.raises(ValueError, match="a seed each"):
        ranker(lists)
    lists.video[1, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"video of the queries \[1\]"):
        ranker(lists, seeds=[1, 2, 3])
    narrow = Generator(preset("paper", width=WIDTH - 2)).ranker("t2v")
    with pytest.raises(ValueError, match=f"features are {WIDTH} wide, the generator reads {WIDTH - 2}"):
        narrow(made_lists("t2v", evidence=0), seeds=[1, 2, 3])


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": "other"},
        {"sampling": "none"},
        {"schedule": "quadratic"},
        {"width": 0},
        {"width": 1 << 20},
        {"width": 384.0},
        {"evidence": -1},
        {"dropout": 1.0},
        {"weight": float("nan")},
        {"weight": 10**400},
        {"steps": True},
        {"clamp": "false"},
    ],
)
def test_an_impossible_recipe_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"is one of|whole number|lies in|true or false"):
        replace(preset("residual", width=8), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["residual", "residual-without-diffusion", "pointwise"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_half_precision_bears_padded_frames_of_zeros(name: str, direction: Direction) -> None:
    lists = made_lists(direction)
    lists = replace(lists, video=lists.video * lists.mask[..., None])
    generator = Generator(preset(name, width=WIDTH, evidence=EVIDENCE))
    exact = generator.ranker(direction)(lists)
    rough = generator.ranker(direction, dtype=torch.float16)(lists)
    torch.testing.assert_close(rough.score, exact.score, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_papers_network_in_any_precision(dtype: torch.dtype, plain: bool) -> None:
    lists, seeds = made_lists("t2v", evidence=0), [1, 2, 3]
    generator = Generator(preset("paper", width=WIDTH))
    exact = generator.ranker("t2v")(lists, seeds=seeds)
    rough = generator.ranker("t2v", dtype=dtype, plain=plain)(lists, seeds=seeds)
    torch.testing.assert_close(rough.score, exact.score, atol=0.02, rtol=0.0, check_dtype=False)


def test_features_that_overflow_are_refused_not_ranked() -> None:
    lists = made_lists("t2v", evidence=0)
    ranker = Generator(preset("paper", width=WIDTH)).ranker("t2v")
    with pytest.raises(ValueError, match="too large"):
        ranker(replace(lists, video=lists.video * 1e30, text=lists.text * 1e30), seeds=[1, 2, 3])


def test_seeds_may_be_numbers_of_any_kind() -> None:
    lists = made_lists("t2v", evidence=0)
    ranker = Generator(preset("paper", width=WIDTH)).ranker("t2v")
    wanted = ranker(lists, seeds=[1, 2, 3]).score
    for seeds in (np.array([1, 2, 3]), torch.tensor([1, 2, 3]), [2**64 + 1, 2, 3]):
        assert torch.equal(ranker(lists, seeds=seeds).score, wanted)  # type: ignore[arg-type]


def test_lists_of_a_gallery_name_its_rows() -> None:
    lists = made_lists("t2v", evidence=0)
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


@pytest.mark.parametrize("name", ["paper", "residual", "pointwise"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_shapes_that_would_broadcast_are_refused(name: str, direction: Direction) -> None:
    lists = made_lists(direction, queries=4, count=4)
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


def test_presets() -> None:
    with pytest.raises(ValueError, match="evaluated once"):
        replace(preset("paper", width=8), diffusion=False)
    assert preset("paper", width=8, evidence=4).evidence == 0
    with pytest.raises(ValueError, match="reads no evidence"):
        GeneratorSpec("paper", 8, evidence=4)
    with pytest.raises(ValueError, match="paper, "):
        preset("best", width=8)
    with pytest.raises(ValueError, match="t2v or v2t"):
        known_direction("both")
    with pytest.raises(ValueError, match="must be even"):
        PaperDenoiser(7, direction="t2v")


@pytest.mark.parametrize("plain", [False, True])
def test_the_same_weights_can_be_sampled_in_other_ways(plain: bool) -> None:
    generator, lists = moved("paper"), made_lists("t2v", evidence=0)

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
    generator, lists = moved("paper"), made_lists("t2v", evidence=0)
    ranker = generator.ranker("t2v")
    before = ranker(lists, seeds=[1, 2, 3]).score
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(2.0)
    assert torch.equal(ranker(lists, seeds=[1, 2, 3]).score, before)
    assert isinstance(ranker.network, nn.Module)
