"""A whole tiny model gives what the published code gave: its first stage, its losses, its re-ranking.

These arrays are too large to be committed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mediaindex_models.candidates import Candidates
from mediaindex_models.checkpoint import generator_from_reference, matcher_from_reference
from mediaindex_models.denoiser import DIRECTIONS, Direction, PaperDenoiser
from mediaindex_models.diffusion import one_hot_target
from mediaindex_models.factored import FactoredDenoiser
from mediaindex_models.generator import Generator, fused
from mediaindex_models.losses import generation_loss, info_nce
from mediaindex_models.matcher import Matcher
from mediaindex_models.mining import in_batch
from mediaindex_models.reference import _DENOISER, _MATCHER, _PREFIXES
from mediaindex_models.sampler import Denoise, ddim, last
from tests.support.golden import FIXTURES, Golden, close

pytestmark = pytest.mark.corpus

INPUTS = ("text_feat", "video_feat", "text_mask", "video_mask")
TOWERS = "w.clip."
EXPLAINED: Mapping[str, set[str]] = {
    # what only CLIP's own towers read and write; they are not part of this package
    "e2e_tiny": {"text_ids", "video"},
    # a count of parameters outside the generator, which is not part of this package's tests of stages
    "e2e_tiny_losses": {"n_params_with_grad_outside_generator"},
    "e2e_tiny_rerank": set(),
}


@dataclass(frozen=True, slots=True)
class Tiny:
    """The whole model and its arrays."""

    held: Golden
    losses: Golden
    rerank: Golden
    generator: Generator
    matcher: Matcher

    def inputs(self, prefix: str = "") -> list[Tensor]:
        """Words, frames after the temporal transformer, and their masks."""
        words, frames, word_mask, frame_mask = (self.held.tensor(prefix + name) for name in INPUTS)
        return [words, frames, word_mask.bool(), frame_mask.bool()]

    def lists(self, direction: Direction, mined: Tensor, score: Tensor) -> Candidates:
        """Lists of all queries."""
        text, mask = self.held.tensor("cls"), self.held.tensor("video_mask").bool()
        # not the stored frames: logits of 360 over frames make 1e-5 of their last place
        with torch.no_grad():
            video = self.matcher.temporal(self.held.tensor("frame_feat_raw"), mask)
        score = score.gather(1, mined)
        if direction == "t2v":
            return Candidates(direction, text, video[mined], mask[mined], score)
        return Candidates(direction, text[mined], video, mask, score)

    def generation_loss(
        self, which: str, mined: Mapping[Direction, Tensor], *, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """The sum over both directions with the stored noise."""
        generator = self.generator if dtype == torch.float32 else copy.deepcopy(self.generator).to(dtype)
        total = torch.zeros((), dtype=dtype)
        for direction in DIRECTIONS:
            noise, t = self.losses.tensor(f"{which}.noise_{direction}"), self.losses.tensor(f"{which}.t")
            clean = one_hot_target(torch.zeros(len(t), dtype=torch.long), noise.shape[1])
            x = self.generator.diffusion.noised(clean, t, noise)
            lists = self.lists(direction, mined[direction], self.held.tensor("sim"))
            lists = lists.to(torch.device("cpu"), dtype)
            total = total + generation_loss(generator(x.to(dtype), t, lists), torch.zeros_like(t))
        return total


@pytest.fixture(scope="module")
def tiny(shared: Path) -> Tiny:
    held, losses, rerank = (
        Golden(shared / "golden" / f"e2e_tiny{part}.npz") for part in ("", "_losses", "_rerank")
    )
    weights = held.under("w.")
    # a conversion is handed all weights: those that it has a name of ours for were compared by their use
    taken = {f"{prefix}{name}" for prefix in _PREFIXES.values() for name in _DENOISER}
    taken |= {name for name in weights if any(re.fullmatch(pattern, name) for pattern, _ours in _MATCHER)}
    held.visited -= {f"w.{name}" for name in weights.keys() - taken}
    return Tiny(held, losses, rerank, generator_from_reference(weights), matcher_from_reference(weights))


def test_the_temporal_transformer(tiny: Tiny) -> None:
    frames = tiny.matcher.temporal(tiny.held.tensor("frame_feat_raw"), tiny.held.tensor("video_mask").bool())
    close(frames, tiny.held.tensor("video_feat"), 1e-5)


def test_the_similarity(tiny: Tiny) -> None:
    word_weights, frame_weights = tiny.matcher.interaction.weights(*tiny.inputs())
    close(word_weights, tiny.held.tensor("text_weight"), 1e-6)
    close(frame_weights, tiny.held.tensor("video_weight"), 1e-6)
    close(tiny.matcher.interaction(*tiny.inputs()), tiny.held.tensor("sim"), 1e-5)
    close(tiny.matcher.interaction(*tiny.inputs("floor.")), tiny.held.tensor("floor.sim"), 1e-5)
    close(tiny.matcher.scale, tiny.held.tensor("logit_scale"), 1e-3)


def test_the_contrastive_loss_and_its_gradients(tiny: Tiny) -> None:
    words, frames, word_mask, frame_mask = tiny.inputs()
    words.requires_grad_()
    frames.requires_grad_()
    scale = float(tiny.held.tensor("logit_scale"))
    similarity = tiny.matcher.interaction(words, frames, word_mask, frame_mask)
    loss = info_nce(similarity, scale)
    close(loss, tiny.losses.tensor("disc.loss"), 1e-4)
    close(loss, tiny.losses.tensor("gen.disc"), 1e-4)
    diagonal = torch.arange(len(similarity))
    rows = torch.nn.functional.cross_entropy(scale * similarity, diagonal)
    close(rows, tiny.losses.tensor("disc.loss_t2v"), 1e-4)
    close(2 * loss - rows, tiny.losses.tensor("disc.loss_v2t"), 1e-4)
    tiny.matcher.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    found = {"text_feat": words.grad, "video_feat": frames.grad}
    for ours, theirs in (("word_importance", "text_weight_fc"), ("frame_importance", "video_weight_fc")):
        for name, value in getattr(tiny.matcher.interaction, ours).named_parameters():
            found[f"{theirs}.{name}"] = value.grad
    for name, gradient in found.items():
        assert_gradient(gradient, tiny.losses.tensor(f"grad.{name}"))


def assert_gradient(gradient: Tensor | None, expected: Tensor) -> None:
    assert gradient is not None
    # a bias that cancels in a softmax has nothing but rounding
    close(gradient, expected, max(1e-3 * float(expected.abs().max()), 1e-5))


def test_the_generation_loss_and_its_gradients(tiny: Tiny) -> None:
    score, ids = tiny.held.tensor("sim"), tiny.held.tensor("idx")
    mined: dict[Direction, Tensor] = {}
    for direction in DIRECTIONS:
        ranking = score if direction == "t2v" else score.T
        found = in_batch(ranking, ids, negatives=7)
        stored = tiny.losses.tensor(f"gen.neg_idx_{direction}")
        assert torch.equal(found.candidates[:, 1:], stored)
        mined[direction] = found.candidates
    loss = tiny.generation_loss("gen", mined)
    close(loss, tiny.losses.tensor("gen.gen"), 1e-4)
    close(loss + tiny.losses.tensor("gen.disc"), tiny.losses.tensor("gen.total"), 1e-4)
    tiny.generator.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    for direction, prefix in _PREFIXES.items():
        parameters = dict(tiny.generator.denoiser(direction).named_parameters())
        for theirs, ours in _DENOISER.items():
            assert_gradient(parameters[ours].grad, tiny.losses.tensor(f"grad.{prefix}{theirs}"))


def test_three_negatives_leave_out_the_querys_own_clip(tiny: Tiny) -> None:
    score, ids = tiny.held.tensor("sim"), tiny.held.tensor("idx_dup")
    mined: dict[Direction, Tensor] = {
        direction: in_batch(score if direction == "t2v" else score.T, ids, negatives=3).candidates
        for direction in DIRECTIONS
    }
    close(tiny.generation_loss("gen3", mined), tiny.losses.tensor("gen3.gen"), 1e-4)


def test_stored_lists_with_the_own_clip_forced_in(tiny: Tiny) -> None:
    own = torch.arange(8)[:, None]
    mined: dict[Direction, Tensor] = {
        direction: torch.cat([own, tiny.losses.tensor(f"gendup.neg_idx_{direction}")], dim=1)
        for direction in DIRECTIONS
    }
    # of a sum of 158, float32 itself is off by as much as is tolerated
    loss = tiny.generation_loss("gendup", mined, dtype=torch.float64)
    close(loss, tiny.losses.tensor("gendup.gen"), 1e-4)
    # ours refuses such lists
    with pytest.raises(ValueError, match="fewer than 7"):
        in_batch(tiny.held.tensor("sim"), tiny.held.tensor("idx_dup"), negatives=7)


def plain(net: torch.nn.Module, text: Tensor, video: Tensor, mask: Tensor) -> Denoise:
    """The network as a sampler calls it."""
    return lambda x, t: net(x, torch.full((len(x),), t), text, video, mask)


@pytest.mark.parametrize(
    ("which", "sharpness", "weight"), [("default", 1.0, 1.0), ("temp5_alpha2", 5.0, 2.0)]
)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("fast", [False, True])
def test_the_reranked_matrices(
    tiny: Tiny, which: str, sharpness: float, weight: float, direction: Direction, fast: bool
) -> None:
    similarity = tiny.rerank.tensor("sim")
    close(similarity, tiny.held.tensor("sim"), 1e-6)
    ranking = similarity if direction == "t2v" else similarity.T.contiguous()
    count = int(tiny.rerank[f"{direction}_num"])
    chosen = ranking.topk(count, dim=1).indices
    assert torch.equal(chosen, tiny.rerank.tensor(f"topk_{direction}"))
    lists = tiny.lists(direction, chosen, ranking)
    net = tiny.generator.denoiser(direction)
    start = tiny.rerank.tensor(f"{which}.init_noise").reshape(2, 8, count)[DIRECTIONS.index(direction)]
    arguments = lists.text, lists.video, lists.mask
    with torch.no_grad():
        denoise = plain(net, *arguments)
        if fast:
            assert isinstance(net, PaperDenoiser)
            denoise = FactoredDenoiser.of(net, range(50)).over(*arguments)
        clean = last(ddim(denoise, start, tiny.generator.diffusion))
    spec = replace(tiny.generator.spec, sharpness=sharpness, weight=weight)
    order = ranking.scatter(1, chosen, fused(spec, clean, lists.score))
    # what processors differ by in their sums is multiplied with the scores
    close(order, tiny.rerank.tensor(f"{which}.{direction}"), 1e-5 * sharpness)


def test_what_a_generation_stage_trains(tiny: Tiny) -> None:
    named = set(tiny.held["trainable"].tolist())
    expected = {prefix + name for prefix in _PREFIXES.values() for name in _DENOISER}
    assert named == expected


def test_the_committed_arrays_are_the_shared_ones(shared: Path) -> None:
    for file in FIXTURES.glob("*.npz"):
        assert file.read_bytes() == (shared / "golden" / file.name).read_bytes()


def test_every_array_was_compared_or_is_explained(tiny: Tiny, request: pytest.FixtureRequest) -> None:
    own = [item for item in request.session.items if item.path == request.path]
    if len(own) < 15:
        pytest.skip("the record is whole only when the whole module ran")
    named = zip(
        ("e2e_tiny", "e2e_tiny_losses", "e2e_tiny_rerank"), (tiny.held, tiny.losses, tiny.rerank), strict=True
    )
    for name, held in named:
        left = {key for key in held.unvisited() if not key.startswith(TOWERS)}
        assert left == EXPLAINED[name]
    assert any(key.startswith(TOWERS) for key in tiny.held.unvisited())
    assert "w.clip.logit_scale" in tiny.held.visited
