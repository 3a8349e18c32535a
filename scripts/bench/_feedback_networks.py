"""The challengers: one set transformer, trained on masked labels or as a diffusion over 0/1 sets.

Both read the same candidates and the same marks (right and wrong) and have the same parameters; the input of
the masked network is always x = 0 at the noisiest step. Nothing is clamped. x is −1 or 1 per candidate, the
logits are those of x_0 = 1, and the estimate of x_0 is tanh(logit / 2), the mean of that Bernoulli variable.
Attention is biased by the cosine of two candidates, with a gain that each head learns: a mark can then affect
similar candidates, as in Rocchio's formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from bench._feedback_lists import Lists
from bench._feedback_pictures import Pictures
from torch import Tensor, nn

from mediaindex_models.denoiser import TimeEmbedding
from mediaindex_models.diffusion import Diffusion
from mediaindex_models.sampler import ancestral, seeded_noise
from mediaindex_models.schedule import cosine, respaced, spread_steps

Kind = Literal["masked", "diffusion"]
KINDS: tuple[Kind, ...] = ("masked", "diffusion")
SCHEDULE_STEPS = 50
_HEADS = 4
_LAYERS = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """How both challengers are trained and evaluated.

    Attributes:
        steps, batch, learning_rate: of the training. width: of the network.
        samples, evaluations: sets that the diffusion draws, network evaluations of each.
    """

    steps: int = 800
    batch: int = 64
    width: int = 64
    learning_rate: float = 2e-3
    samples: int = 4
    evaluations: int = 8


@dataclass(frozen=True, slots=True, eq=False)
class ListInputs:
    """The inputs of a network from B lists that are the same at every step.

    Attributes:
        content: (B, K, W). kinship: (B, K, K) cosines of the candidates. scores: (B, K).
    """

    content: Tensor
    kinship: Tensor
    scores: Tensor


class SetNetwork(nn.Module):
    """Logits of every candidate's membership from the marks and x."""

    def __init__(self, width: int, *, vectors: int, evidence: int) -> None:
        super().__init__()
        self.content = nn.Linear(2 * vectors + evidence, width)
        self.numbers = nn.Linear(4, width)
        self.time = TimeEmbedding(width)
        self.layers = nn.ModuleList(SetLayer(width) for _ in range(_LAYERS))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, 1)
        self.score_gain = nn.Parameter(torch.ones(()))
        nn.init.zeros_(self.output.weight)
        nn.init.constant_(self.output.bias, -2.5)  # about one candidate in fourteen is right

    def list_inputs(self, query: Tensor, candidates: Tensor, evidence: Tensor, scores: Tensor) -> ListInputs:
        """From queries (B, D), candidates (B, K, D), both unit, evidence (B, K, E) and scores (B, K)."""
        root = math.sqrt(query.shape[-1])
        scaled = candidates * root
        inputs = torch.cat([scaled, scaled * (query * root)[:, None], evidence], dim=-1)
        return ListInputs(self.content(inputs), candidates @ candidates.transpose(1, 2), scores)

    def forward(self, x: Tensor, t: Tensor, marks: Tensor, inputs: ListInputs) -> Tensor:
        """Logits (B, K) from x (B, K), steps t (B,) and marks (B, K): 1 right, −1 wrong, 0 none."""
        numbers = torch.stack([inputs.scores, (marks > 0).float(), (marks < 0).float(), x], dim=-1)
        state = inputs.content + self.numbers(numbers) + self.time(t)[:, None]
        for layer in self.layers:
            state = layer(state, inputs.kinship)
        logits: Tensor = self.output(self.norm(state))[..., 0] + self.score_gain * inputs.scores
        return logits


class SetLayer(nn.Module):
    """Attention over the list, biased by kinship, and a hidden layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.inputs = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.kinship_gain = nn.Parameter(torch.arange(_HEADS) * 4.0)
        self.between = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, 2 * width)
        self.output = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, state: Tensor, kinship: Tensor) -> Tensor:
        """(B, K, W) → (B, K, W)."""
        heads = self.inputs(self.before(state)).unflatten(-1, (3, _HEADS, -1))  # (B, K, 3, H, W/H)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        bias = self.kinship_gain[:, None, None] * kinship[:, None]  # (B, H, K, K)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)
        state = state + self.dropout(self.joined(mixed))
        changed: Tensor = state + self.dropout(self.output(F.gelu(self.hidden(self.between(state)))))
        return changed


class Challenger:
    """A trained network over the pictures it was trained with."""

    def __init__(self, kind: Kind, recipe: Recipe, pictures: Pictures, network: SetNetwork) -> None:
        self.kind = kind
        self.recipe = recipe
        self.network = network
        self._vectors, self._evidence, self._strings = (
            torch.from_numpy(rows) for rows in (pictures.vectors, pictures.evidence, pictures.strings)
        )
        schedule = cosine(SCHEDULE_STEPS)
        self._diffusion = Diffusion(
            respaced(schedule, spread_steps(SCHEDULE_STEPS, min(recipe.evaluations, SCHEDULE_STEPS)))
        )

    def list_inputs(self, lists: Lists) -> ListInputs:
        """The network's inputs from the lists."""
        candidates = torch.from_numpy(lists.candidates)
        return self.network.list_inputs(
            self._strings[torch.from_numpy(lists.query)],
            self._vectors[candidates],
            self._evidence[candidates],
            torch.from_numpy(lists.scores),
        )

    @torch.inference_mode()
    def scores(self, lists: Lists, marks: Tensor) -> Tensor:
        """(B, K): logits of the masked network, or the mean estimate of x_0 over steps and samples."""
        self.network.eval()
        return torch.cat([self._scores(lists.rows(part), marks[part]) for part in _blocks(len(lists))])

    def _scores(self, lists: Lists, marks: Tensor) -> Tensor:
        inputs = self.list_inputs(lists)
        if self.kind == "masked":
            logits: Tensor = self.network(*noisiest(marks), marks, inputs)
            return logits
        samples = self.recipe.samples
        repeated_inputs = ListInputs(
            *(_repeated(part, samples) for part in (inputs.content, inputs.kinship, inputs.scores))
        )
        marks = _repeated(marks, samples)
        steps = len(self._diffusion.schedule)
        # a query has the same noise in every batch
        seeds = [int(query) * samples + sample for query in lists.query for sample in range(samples)]
        noise = seeded_noise(seeds, (1 + steps) * marks.shape[1], like=marks).chunk(1 + steps, dim=1)

        def denoise(x: Tensor, t: int) -> Tensor:
            return torch.tanh(self.network(x, torch.full((len(x),), t), marks, repeated_inputs) / 2)

        steps_taken = ancestral(denoise, noise[0], self._diffusion, noise=noise[1:], clamp=False)
        clean = torch.stack([step.clean for step in steps_taken])  # (S, B · samples, K)
        return clean.mean(0).view(len(lists), samples, -1).mean(1)


def new_challenger(kind: Kind, recipe: Recipe, pictures: Pictures, *, seed: int) -> Challenger:
    """A challenger before training; both kinds have the same weights for a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SetNetwork(
            recipe.width, vectors=pictures.vectors.shape[1], evidence=pictures.evidence.shape[1]
        )
    return Challenger(kind, recipe, pictures, network)


def noisiest(marks: Tensor) -> tuple[Tensor, Tensor]:
    """x and t that carry nothing of the answer: zeros at the noisiest step."""
    return torch.zeros_like(marks), torch.full((len(marks),), SCHEDULE_STEPS - 1)


def _repeated(rows: Tensor, times: int) -> Tensor:
    return rows.repeat_interleave(times, dim=0)


def _blocks(count: int, size: int = 16) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))
