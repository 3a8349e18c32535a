"""The generated joint distribution over a query's candidates, with the mass of "none of these".

    p = softmax([x_0 / T ; a + b · best score])

The last entry is the probability that the answer is outside the list or does not exist. x_0 only compares
candidates with each other; how well the best of them fits the query comes from the list's scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mediaindex_models.errors import UnfitInput

_FIT_STEPS = 100
_SMALLEST_SPREAD = 1e-6
# Beyond these a softmax in float32 is no distribution any more.
_SMALLEST_TEMPERATURE, _LARGEST = 1e-20, 1e20


@dataclass(frozen=True, slots=True)
class Calibration:
    """Three numbers fitted on queries with and without an answer in their list.

    Attributes:
        temperature: T > 0, in the units of the order that it divides.
        none_bias: a. none_slope: b, negative where a better best score makes "none" less likely.
    """

    temperature: float
    none_bias: float
    none_slope: float

    def __post_init__(self) -> None:
        values = (self.temperature, self.none_bias, self.none_slope)
        within = all(abs(value) <= _LARGEST for value in values)  # a NaN is not
        if not within or self.temperature < _SMALLEST_TEMPERATURE:
            raise ValueError(
                f"a calibration is three numbers in ±{_LARGEST:g}, the first at least "
                f"{_SMALLEST_TEMPERATURE:g}, not {values}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Probabilities that each candidate is the answer.

    Attributes:
        probabilities: (B, K). none: (B,), so that rows of both together sum to one.
        entropy: (B,) of all K + 1 outcomes, in nats, 0..log(K + 1).
    """

    probabilities: Tensor
    none: Tensor
    entropy: Tensor


def distribution(order: Tensor, score: Tensor, calibration: Calibration) -> Distribution:
    """The distribution over (B, K) candidates.

    Args:
        order: (B, K) a generator's final scores. score: (B, K) the scores that the lists were ranked by.
        calibration: fitted to this generator.
    """
    outcomes = _logits(
        order,
        score,
        torch.tensor(calibration.temperature).to(order),
        torch.tensor(calibration.none_bias).to(order),
        torch.tensor(calibration.none_slope).to(order),
    )
    logs = torch.log_softmax(outcomes, dim=-1)  # (B, K + 1)
    shares = logs.exp()
    return Distribution(shares[:, :-1], shares[:, -1], torch.special.entr(shares).sum(-1))


def fit_calibration(order: Tensor, score: Tensor, answer: Tensor) -> Calibration:
    """The calibration of maximum likelihood.

    Args:
        order, score: (B, K) as in `distribution`.
        answer: (B,) the right candidate, or K where the list has none.

    Raises ValueError unless there are queries with an answer and queries without one.
    """
    count = order.shape[1]
    without = answer == count
    if bool(without.all()) or not bool(without.any()):
        raise UnfitInput("a calibration is fitted on queries with an answer and queries without one")
    order, score = order.detach().double(), score.detach().double()
    spread = order.std().clamp(min=_SMALLEST_SPREAD)
    best = score.amax(-1)
    scale = best.std().clamp(min=_SMALLEST_SPREAD)
    # fitted on standardised numbers, where one step size fits all three parameters; converted back below
    start = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([start], max_iter=_FIT_STEPS, line_search_fn="strong_wolfe")
    centred = (score - best.mean()) / scale

    def loss() -> Tensor:
        optimizer.zero_grad()
        log_temperature, bias, slope = start
        outcomes = _logits(order / spread, centred, log_temperature.exp(), bias, slope)
        value = F.cross_entropy(outcomes, answer)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    # equal orders determine no temperature; the bounds keep it finite
    temperature = float(start[0].detach().clamp(-20, 20).exp() * spread)
    slope = float(start[2].detach() / scale)
    return Calibration(temperature, float(start[1].detach()) - slope * float(best.mean()), slope)


def _logits(order: Tensor, score: Tensor, temperature: Tensor, bias: Tensor, slope: Tensor) -> Tensor:
    """Logits of the K candidates and of none of them, (B, K + 1); that of the best candidate is 0."""
    # relative to the best: "none" is then compared with a fixed point, whatever the level of the order
    candidates = (order - order.amax(-1, keepdim=True)) / temperature
    none = bias + slope * score.amax(-1, keepdim=True)
    return torch.cat([candidates, none], dim=-1)
