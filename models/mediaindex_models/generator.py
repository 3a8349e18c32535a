"""A generator: the denoisers of both directions, and how their x_0 becomes an order of the candidates.

DiffusionRet (arXiv 2303.09867) treats retrieval as generating the joint distribution of a query and its
candidates. A `Ranker` is a generator prepared for inference: weights multiplied out, queries in batches.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mediaindex_models.candidates import Candidates
from mediaindex_models.control import PointwiseControl, WithoutDiffusion
from mediaindex_models.correction import standardised
from mediaindex_models.denoiser import DIRECTIONS, Direction, PaperDenoiser, known_direction
from mediaindex_models.diffusion import Diffusion
from mediaindex_models.distribution import Calibration, Distribution, distribution
from mediaindex_models.errors import UnfitInput
from mediaindex_models.factored import FactoredDenoiser
from mediaindex_models.losses import GENERATION_SCALE
from mediaindex_models.presets import GeneratorSpec
from mediaindex_models.residual import ResidualDenoiser
from mediaindex_models.sampler import Denoise, ddim, last, seeded_noise, single_evaluation
from mediaindex_models.schedule import SCHEDULES, respaced, spread_steps

# Activations of the decoder's hidden layer computed at a time on a CPU: more do not fit its cache and cost
# twice as much each.
_CACHED_NUMBERS = 1 << 18
_DEVICE_NUMBERS = 1 << 28

_OF_INFERENCE = ("sampling", "evaluations", "start", "clamp", "sharpness", "weight")


@dataclass(frozen=True, slots=True, eq=False)
class RankedLists:
    """The generator's result for B lists.

    Attributes:
        score: (B, K) final scores, higher is better; comparable within one list only.
        clean: (B, K) the generated x_0.
    """

    score: Tensor
    clean: Tensor

    def distribution(self, lists: Candidates, calibration: Calibration) -> Distribution:
        """The joint distribution over the candidates of these lists, with the mass of none of them."""
        return distribution(self.score, lists.score.to(self.score), calibration)


class Generator(nn.Module):
    """Both directions of one recipe, with weights of their own."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.spec = spec
        with torch.device("cpu"):  # the tables need memory even where the networks are on the meta device
            self.diffusion = Diffusion(SCHEDULES[spec.schedule](spec.steps))
        self.directions = nn.ModuleDict({direction: _denoiser(spec, direction) for direction in DIRECTIONS})

    def denoiser(self, direction: Direction) -> nn.Module:
        """The network of one direction, called as `PaperDenoiser` is."""
        return self.directions[known_direction(direction)]

    def forward(self, x: Tensor, t: Tensor, lists: Candidates) -> Tensor:
        """x_0 (B, K) from x_t (B, K) at steps t (B,): one plain evaluation, as in training."""
        network = self.denoiser(lists.direction)
        sides = lists.text, lists.video, lists.mask
        clean: Tensor = network(x, t, *sides, lists.score_and_numbers, lists.evidence, lists.chosen)
        return clean

    def ranker(
        self,
        direction: Direction,
        *,
        spec: GeneratorSpec | None = None,
        dtype: torch.dtype = torch.float32,
        plain: bool = False,
    ) -> Ranker:
        """A frozen copy of this generator, prepared to rank; later training does not change it.

        Args:
            direction: t2v or v2t.
            spec: another way to sample or to combine x_0 with the score, for the same network.
            dtype: of the network's weights and features; scores stay float32, and so does the attention of
                the paper's factored form.
            plain: True leaves out the factored form of the paper's network, for comparison.
        """
        spec = self._same_network(spec or self.spec)
        diffusion = self.diffusion
        if spec.sampling == "single" or spec.evaluations:
            kept = spread_steps(spec.steps, 1 if spec.sampling == "single" else spec.evaluations)
            diffusion = Diffusion(respaced(diffusion.schedule, kept))
        network = self.denoiser(direction)
        inner = network.denoiser if isinstance(network, WithoutDiffusion) else network
        factored = None
        if isinstance(inner, PaperDenoiser) and not plain:
            factored = FactoredDenoiser.of(inner, diffusion.schedule.timesteps, dtype=dtype)
        frozen = copy.deepcopy(network).to(dtype).eval().requires_grad_(False)
        return Ranker(spec, known_direction(direction), diffusion, frozen, factored)

    def _same_network(self, spec: GeneratorSpec) -> GeneratorSpec:
        if replace(spec, **{name: getattr(self.spec, name) for name in _OF_INFERENCE}) != self.spec:
            raise ValueError(f"only {', '.join(_OF_INFERENCE)} may differ from what was trained")
        return spec


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """One direction of a generator, frozen for inference; made by `Generator.ranker`."""

    spec: GeneratorSpec
    direction: Direction
    diffusion: Diffusion
    network: nn.Module
    factored: FactoredDenoiser | None

    def __call__(self, lists: Candidates, *, seeds: Sequence[int] | None = None) -> RankedLists:
        """Rank B lists; but for rounding, the result of a list does not depend on the others of its batch.

        Args:
            lists: of this direction, on any device; the result is on the network's device.
            seeds: one per query, needed where sampling starts from noise.

        Raises ValueError for lists of another direction and for missing seeds, UnfitInput for another width,
        for a NaN or an infinity in the lists, and for features so large that the result is not finite.
        """
        self._require(lists, seeds)
        first = next(self.network.parameters())
        width = self.factored.output.numel() if self.factored else self.spec.hidden
        # the factored form rounds to its own types
        dtype = torch.float32 if self.factored else first.dtype
        numbers = _CACHED_NUMBERS if first.device.type == "cpu" else _DEVICE_NUMBERS
        rows = max(1, numbers // (lists.count * width))
        with torch.inference_mode():
            parts = [
                self._clean(part.expand_gallery().to(first.device, dtype), _part_of(seeds, i * rows, rows))
                for i, part in enumerate(lists.split(rows))
            ]
            clean = torch.cat(parts)
            score = fused(self.spec, clean, lists.score.to(clean))
        if not bool(score.isfinite().all()):
            raise UnfitInput("the features are too large: what the network makes of them is no number")
        return RankedLists(score, clean)

    def _clean(self, lists: Candidates, seeds: Sequence[int] | None) -> Tensor:
        """x_0 (B, K) float32."""
        denoise = self._over(lists)
        like = torch.empty_like(lists.score)
        if self.spec.sampling == "single":
            return single_evaluation(denoise, like, self.diffusion)
        start = torch.zeros_like(like)
        if self.spec.starts_from_noise:
            assert seeds is not None
            start = seeded_noise(seeds, lists.count, like=like)
        return last(ddim(denoise, start, self.diffusion, clamp=self.spec.clamp))

    def _over(self, lists: Candidates) -> Denoise:
        if self.factored is not None:
            return self.factored.over(lists.text, lists.video, lists.mask)

        def denoise(x: Tensor, t: int) -> Tensor:
            steps = torch.full((len(x),), t, device=x.device)
            arguments = lists.text, lists.video, lists.mask, lists.score_and_numbers, lists.evidence
            clean: Tensor = self.network(x, steps, *arguments)
            return clean

        return denoise

    def _require(self, lists: Candidates, seeds: Sequence[int] | None) -> None:
        if lists.direction != self.direction:
            raise ValueError(f"these lists are {lists.direction}, the ranker is {self.direction}")
        if lists.width != self.spec.width:
            raise UnfitInput(f"features are {lists.width} wide, the generator reads {self.spec.width}")
        if self.spec.starts_from_noise and (seeds is None or len(seeds) != len(lists)):
            raise ValueError(f"{len(lists)} queries need a seed each: the sampler starts from noise")
        lists.require_finite()


def fused(spec: GeneratorSpec, clean: Tensor, score: Tensor) -> Tensor:
    """Final scores (B, K) from x_0 and the score S that the lists were ranked by.

    paper: S + α softmax(τ x_0) (arXiv 2303.09867); the others: 100 x_0 + c · standardised S.
    """
    if spec.recipe == "paper":
        return score + spec.weight * torch.softmax(spec.sharpness * clean, dim=-1)
    return GENERATION_SCALE * clean + spec.weight * standardised(score)


def _part_of(seeds: Sequence[int] | None, start: int, count: int) -> Sequence[int] | None:
    return None if seeds is None else seeds[start : start + count]


def _denoiser(spec: GeneratorSpec, direction: Direction) -> nn.Module:
    if spec.recipe == "paper":
        network: nn.Module = PaperDenoiser(
            spec.width, direction=direction, corrected_mask=spec.corrected_mask
        )
    else:
        network_class = ResidualDenoiser if spec.recipe == "residual" else PointwiseControl
        network = network_class(
            spec.width,
            direction=direction,
            evidence=spec.evidence,
            numbers=spec.numbers,
            inner=spec.inner,
            hidden=spec.hidden,
            dropout=spec.dropout,
        )
    return network if spec.diffusion else WithoutDiffusion(network, steps=spec.steps)
