"""Training of a head on frozen towers: InfoNCE with soft targets, near to plain MiniLM.

Equal captions of a batch are all right answers, and near ones take a share of the target. A penalty keeps the
text side near to MiniLM, and the class vectors near to the text side, so that the prior of the classes, which
needs no pair, stays what it is.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from builtin._photographs import Item
from builtin._pooled import Photographs, Sentences
from numpy.typing import NDArray
from torch import Tensor, nn

from mediaindex_models.builtin_head import SEEN, class_probabilities
from mediaindex_models.efficientnet import FEATURES
from mediaindex_models.loaded import Linear
from mediaindex_models.minilm import WIDTH

_LABEL_WEIGHTS = {
    "imagenet-samples": 0.7,
    "imagen-samples": 0.7,
    "landscape-photos": 0.5,
    "sports-100": 0.5,
    "pacs": 0.5,
}
_LABEL_WEIGHT = 0.4
_SOURCE_WEIGHTS = {"coco-64": 0.5, "aerial": 0.2}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is trained.

    Attributes:
        seen: numbers that it reads of a picture.
        dropout: of the pooled features. depths_dropout: of what stands behind them.
        samples: photographs shown in all. other_view: how often any view in place of the whole.
        weights: how often a photograph of a source is drawn, in place of `weight_of`.
    """

    seen: int = SEEN
    hidden: int = 1024
    text_hidden: int = 512
    dropout: float = 0.6
    depths_dropout: float = 0.6
    text_dropout: float = 0.2
    rate: float = 1e-3
    decay: float = 0.05
    batch: int = 512
    samples: int = 720_000
    other_view: float = 0.8
    weights: Mapping[str, float] = field(default_factory=dict)

    def weight_of(self, item: Item) -> float:
        """How often a photograph is drawn, against one that people described in full size."""
        if item.source in self.weights:
            return self.weights[item.source]
        if not item.by_people:
            return _LABEL_WEIGHTS.get(item.source, _LABEL_WEIGHT)
        return _SOURCE_WEIGHTS.get(item.source, 1.0)


class TrainedHead(nn.Module):
    """A head in training. Its parts have the names of the encoder's files."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.E = nn.Parameter(torch.zeros(1000, WIDTH))
        self.mu, self.sg = nn.Buffer(torch.zeros(recipe.seen)), nn.Buffer(torch.ones(recipe.seen))
        self.res = nn.Linear(recipe.seen, WIDTH)
        self.hid = _one_hidden_layer(recipe.seen, recipe.hidden, recipe.dropout)
        self.t = _one_hidden_layer(3 * WIDTH, recipe.text_hidden, recipe.text_dropout)
        for last in (self.res, self.hid[-1], self.t[-1]):
            for parameter in last.parameters():
                nn.init.zeros_(parameter)
        self.ls = nn.Parameter(torch.tensor(math.log(20.0)))

    def image(self, seen: Tensor, has_depths: Tensor, probabilities: Tensor) -> Tensor:
        """(B, seen) → (B, 384) unit; where `has_depths` is 0 the mean stands for what is missing."""
        z = (seen - self.mu) / self.sg
        pooled = F.dropout(z[:, :FEATURES], self.recipe.dropout, self.training)
        deeper = F.dropout(z[:, FEATURES:], self.recipe.depths_dropout, self.training) * has_depths[:, None]
        x = torch.cat([pooled, deeper], dim=1)
        prior = F.normalize(probabilities @ self.E, dim=-1)
        return F.normalize(prior + self.res(x) + self.hid(x), dim=-1)

    def text(self, states: Tensor) -> Tensor:
        """(B, 1152) → (B, 384) unit."""
        unit, rest = states[:, :WIDTH], states[:, WIDTH:]
        scaled = torch.cat([8 * unit, 1.5 * rest], dim=1)
        scaled = F.dropout(scaled, self.recipe.text_dropout, self.training)
        return F.normalize(unit + self.t(scaled), dim=-1)

    def tensors(self) -> dict[str, Tensor]:
        """Its state by the names of the encoder's files."""
        return {f"head.{name}": value.detach() for name, value in self.state_dict().items()}


def averaged(heads: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors of one head that gives the mean of the heads' outputs before they are made unit vectors.

    Linear parts are averaged, hidden units stand side by side, and class vectors are averaged, too.
    """
    mean = {name: torch.stack([head[name] for head in heads]).mean(0) for name in heads[0]}
    for part in ("head.hid", "head.t"):
        for side in ("weight", "bias"):
            mean[f"{part}.0.{side}"] = torch.cat([head[f"{part}.0.{side}"] for head in heads])
        last = [head[f"{part}.3.weight"] for head in heads]
        mean[f"{part}.3.weight"] = torch.cat(last, dim=1) / len(heads)
    return mean


def probabilities_of(seen: NDArray[np.float16], classifier: Linear) -> Tensor:
    """(V, 1000) float16 class probabilities of each view."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(seen), 4096):
            features = torch.from_numpy(seen[first : first + 4096, :FEATURES].astype(np.float32))
            parts.append(class_probabilities(classifier(features)).half())
    return torch.cat(parts).clone()


def train_head(
    recipe: Recipe, photographs: Photographs, probabilities: Tensor, sentences: Sentences, *, seed: int
) -> TrainedHead:
    """One head, trained on all of these photographs.

    Args:
        probabilities: of all views.
    """
    torch.manual_seed(seed)
    numbers = random.Random(seed)
    head = TrainedHead(recipe)
    _standardise(head, photographs)
    captions = [[sentences.place[caption] for caption in item.captions] for item in photographs.items]
    weights = [recipe.weight_of(item) for item in photographs.items]
    classes = sentences.states[sentences.classes.flatten()]
    optimiser, rates = _optimiser(head, recipe)
    steps = max(1, recipe.samples // recipe.batch)
    of_text_side = torch.empty(0)
    for step in range(steps):
        if step % 25 == 0:
            of_text_side = _class_vectors(head, classes)
            if step == 0:
                head.E.data.copy_(of_text_side)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * min(1, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * step / steps))
        drawn = sorted(set(numbers.choices(range(len(weights)), weights, k=recipe.batch)))
        states = sentences.states[[numbers.choice(captions[place]) for place in drawn]]
        views = [
            numbers.choice(photographs.views[place])
            if numbers.random() < recipe.other_view
            else photographs.views[place][0]
            for place in drawn
        ]
        seen = torch.from_numpy(photographs.seen[views][:, : recipe.seen].astype(np.float32))
        has_depths = torch.from_numpy(photographs.has_depths[drawn]).float()
        some = classes[torch.randint(len(classes), (128,))]
        # a cache of the weights in bfloat16 would freeze them
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            texts, of_classes = head.text(states).float(), head.text(some).float()
            images = head.image(seen, has_depths, probabilities[views].float()).float()
        loss = _contrastive(head.ls.exp().clamp(max=100) * images @ texts.T, states[:, :WIDTH])
        loss = loss + 3.0 * (head.E - of_text_side).square().sum(1).mean()
        for own, plain in ((texts, states), (of_classes, some)):
            loss = loss + (own - plain[:, :WIDTH]).square().sum(1).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    return head.eval()


def _contrastive(logits: Tensor, plain: Tensor) -> Tensor:
    """InfoNCE in both directions of (B pictures, B texts), with targets by how near the texts are.

    Args:
        plain: (B, 384) MiniLM's unit vectors of the texts.
    """
    near = plain @ plain.T
    equal = (near > 0.985).float()
    target = 0.8 * equal / equal.sum(1, keepdim=True) + 0.2 * torch.softmax(near / 0.1, dim=1)
    both = torch.log_softmax(logits, dim=1) + torch.log_softmax(logits.T, dim=1)
    return -(target * both).sum(1).mean()


def _standardise(head: TrainedHead, photographs: Photographs) -> None:
    whole = np.array([views[0] for views in photographs.views])
    for rows, columns in (
        (whole, slice(0, FEATURES)),
        (whole[photographs.has_depths], slice(FEATURES, head.recipe.seen)),
    ):
        if len(rows) and columns.stop > columns.start:
            values = torch.from_numpy(photographs.seen[rows, columns].astype(np.float32))
            head.mu[columns], head.sg[columns] = values.mean(0), values.std(0) + 1e-3


@torch.no_grad()
def _class_vectors(head: TrainedHead, classes: Tensor) -> Tensor:
    """(1000, 384) the mean of the texts about each class."""
    head.eval()
    vectors = F.normalize(head.text(classes).view(-1, 1000, WIDTH).mean(0), dim=1)
    head.train()
    return vectors


def _optimiser(head: TrainedHead, recipe: Recipe) -> tuple[torch.optim.AdamW, list[float]]:
    rest = [value for name, value in head.named_parameters() if name not in ("E", "ls")]
    groups = [
        {"params": rest, "weight_decay": recipe.decay},
        {"params": [head.E], "weight_decay": 0.0},
        {"params": [head.ls], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.rate), [recipe.rate, 0.3 * recipe.rate, recipe.rate]


def _one_hidden_layer(inside: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inside, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, WIDTH))
