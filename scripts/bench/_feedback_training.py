"""Training of a challenger: cross-entropy of the unmarked candidates under random marks.

Lists, intentions, marks and first weights depend on (seed, step) alone: both kinds get the same for a seed.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from bench._feedback_lists import Lists, questions_of
from bench._feedback_networks import SCHEDULE_STEPS, Challenger, Kind, Recipe, new_challenger, noisiest
from bench._feedback_pictures import Pictures
from bench._feedback_trial import random_marks
from bench._report import say
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mediaindex_models.diffusion import Diffusion
from mediaindex_models.schedule import cosine

_WARM_UP = 50
_AVERAGE = 0.99
_WEIGHT_DECAY = 0.01
_LARGEST_GRADIENT = 1.0
_SAY_EVERY = 250


def train_challenger(
    kind: Kind, recipe: Recipe, pictures: Pictures, lists: Lists, *, seed: int
) -> Challenger:
    """A challenger after all steps, with the moving average of its weights."""
    torch.manual_seed(seed)  # dropout
    challenger = new_challenger(kind, recipe, pictures, seed=seed)
    network = challenger.network.train()
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGE))  # type: ignore[no-untyped-call]
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=_WEIGHT_DECAY)
    warm_up = min(_WARM_UP, recipe.steps // 4 + 1)
    total = 0.0
    for step in range(recipe.steps):
        share = 0.5 * (1 + np.cos(np.pi * step / recipe.steps)) * min(1.0, (step + 1) / warm_up)
        optimizer.param_groups[0]["lr"] = recipe.learning_rate * share
        loss = _loss(challenger, lists, [seed, step])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
        optimizer.step()
        average.update_parameters(network)
        total += loss.item()
        if (step + 1) % _SAY_EVERY == 0:
            say(f"{kind}, seed {seed}, step {step + 1}: loss {total / _SAY_EVERY:.4f}")
            total = 0.0
    network.load_state_dict(average.module.state_dict())
    return challenger


def _loss(challenger: Challenger, lists: Lists, seed: list[int]) -> Tensor:
    """Binary cross-entropy of membership over the candidates without a mark."""
    chance = np.random.default_rng(seed)
    batch = lists.rows(chance.integers(len(lists), size=challenger.recipe.batch))
    questions = questions_of(batch, seed=[*seed, 1])
    marks = torch.from_numpy(random_marks(questions, chance))
    target = torch.from_numpy(questions.right).float()
    x, t = noisiest(marks)
    if challenger.kind == "diffusion":
        generator = torch.Generator().manual_seed(int(chance.integers(1 << 62)))
        t = torch.randint(SCHEDULE_STEPS, t.shape, generator=generator)
        noise = torch.randn(target.shape, generator=generator)
        x = Diffusion(cosine(SCHEDULE_STEPS)).noised(2 * target - 1, t, noise)
    logits = challenger.network(x, t, marks, challenger.list_inputs(batch))
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    unmarked = (marks == 0).float()
    return (losses * unmarked).sum() / unmarked.sum()
