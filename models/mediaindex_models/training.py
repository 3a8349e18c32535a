"""Training on features: the first stage, the generator, or both (training_config has the stages).

Every random choice of a step comes from the seed and the step's number alone. An interrupted run therefore
resumes to the same weights, bit for bit on a CPU, and no random state is stored.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from mediaindex_models.checkpoint import CheckpointError
from mediaindex_models.errors import UnfitInput
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.objective import Objective
from mediaindex_models.pairs import Pairs
from mediaindex_models.training_config import TrainingConfig
from mediaindex_models.training_state import TrainingState, read_state, write_state

_BETAS = (0.9, 0.98)
_SEED_STRIDE = 1_000_003
_CHECK_STEP = 1 << 40


class NonFiniteLoss(ArithmeticError):
    """A loss or a gradient is not finite; the step changed no weight.

    Attributes:
        step: the step, counted from 1. names: the captions of its batch.
    """

    def __init__(self, step: int, names: tuple[str, ...]) -> None:
        super().__init__(f"the loss of step {step} is not finite; its batch: {', '.join(names)}")
        self.step = step
        self.names = names


@dataclass(frozen=True, slots=True)
class Progress:
    """A completed step.

    Attributes:
        step: counted from 1. loss: of the step's batch. learning_rate: of its update.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float


class Trainer:
    """A training run: `run` yields its steps, `averaged` gives the result.

    Args:
        pairs: the training data; the networks are moved to its device.
        config: the settings.
        generator: trained in every stage but 1.
        matcher: trained in every stage but 2; there, if given, it is frozen and encodes frames and ranks.

    Raises ValueError where the stage lacks a network, or a network cannot read the pairs.
    """

    def __init__(
        self,
        pairs: Pairs,
        config: TrainingConfig,
        *,
        generator: Generator | None = None,
        matcher: Matcher | None = None,
    ) -> None:
        _require(config, pairs, generator, matcher)
        device = pairs.text.device
        self.config = config
        self.step = 0
        self.data = pairs.fingerprint
        self.generator = generator and generator.to(device)
        self.matcher = matcher and matcher.to(device)
        self.start = self._fingerprint()
        for module in self._networks().values():
            module.requires_grad_(True)
        if config.stage == "2" and self.matcher is not None:
            pairs = pairs.through(self.matcher.eval().requires_grad_(False))
        self.objective = Objective(pairs, config, self.generator, self.matcher)
        self.parameters = self._trained_parameters()
        self.average = {name: value.detach().clone() for name, value in self.parameters.items()}
        # no weight decay on biases, gains and norms
        matrices = [value for value in self.parameters.values() if value.ndim > 1]
        others = [value for value in self.parameters.values() if value.ndim <= 1]
        groups = [
            {"params": matrices, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=_BETAS, fused=True)

    def run(self, *, state: Path | None = None, save_every: int = 100) -> Iterator[Progress]:
        """Train to the last step, yielding each.

        Args:
            state: a file for the state of the run; where it exists, the run resumes from it. Written every
                `save_every` steps, after the last, and before NonFiniteLoss is raised, but never with
                weights that are not finite.

        Raises NonFiniteLoss, and CheckpointError for a state of another run.
        """
        if state is not None and state.exists():
            self.restore(read_state(state, self.config, self.data, self.start))
        while self.step < self.config.steps:
            try:
                loss = self._update()
            except NonFiniteLoss:
                self._save(state)
                raise
            if self.step % save_every == 0 or self.step == self.config.steps:
                self._save(state)
            rate = self.config.learning_rate_at(self.step - 1)
            yield Progress(self.step, self.config.steps, loss, rate)

    def averaged(self) -> tuple[Generator | None, Matcher | None]:
        """Copies of both networks with the averaged weights, in eval mode."""
        copies = {name: copy.deepcopy(module).eval() for name, module in self._networks().items()}
        with torch.no_grad():
            for owner, module in copies.items():
                for name, parameter in module.named_parameters():
                    parameter.copy_(self.average.get(f"{owner}.{name}", parameter))
        generator, matcher = copies.get("generator"), copies.get("matcher")
        assert generator is None or isinstance(generator, Generator)
        assert matcher is None or isinstance(matcher, Matcher)
        return generator, matcher

    @torch.no_grad()
    def loss_at_noisiest_step(self) -> float:
        """The generation loss as inference evaluates it, at t = T − 1 from x = 0, over one batch of pairs.

        The training loss is a mean over t, and at low noise x_t contains the answer, so it does not show how
        well a single evaluation ranks.
        """
        if self.generator is None:
            raise ValueError("the first stage has no generation loss")
        random = torch.Generator().manual_seed(self._seed(_CHECK_STEP))
        gallery = self.objective.pairs.gallery(self.objective.draw(random))
        if self.matcher is not None and self.config.stage != "2":
            gallery = gallery.through(self.matcher)
        self.generator.eval()
        return float(self.objective.generation(gallery, random, noisiest=True))

    def state(self) -> TrainingState:
        """All that the rest of the run depends on."""
        moments = {}
        for name, parameter in self.parameters.items():
            adam_state = self.optimizer.state.get(parameter, {})
            moments[name] = (
                adam_state.get("exp_avg", torch.zeros_like(parameter)),
                adam_state.get("exp_avg_sq", torch.zeros_like(parameter)),
            )
        weights = {name: value.detach() for name, value in self.parameters.items()}
        return TrainingState(self.step, self.config, self.data, self.start, weights, self.average, moments)

    @torch.no_grad()
    def restore(self, state: TrainingState) -> None:
        """Resume from a state of the same run. Raises CheckpointError for a state of other networks."""
        shapes = {name: value.shape for name, value in self.parameters.items()}
        if {name: value.shape for name, value in state.weights.items()} != shapes:
            raise CheckpointError("the state is of other networks than those to be trained")
        for name, parameter in self.parameters.items():
            parameter.copy_(state.weights[name])
            self.average[name].copy_(state.average[name])
            first, second = state.moments[name]
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(state.step), device=parameter.device),
                "exp_avg": first.to(parameter.device, copy=True),
                "exp_avg_sq": second.to(parameter.device, copy=True),
            }
        self.step = state.step

    def _update(self) -> float:
        for module in self._networks().values():
            module.train()
        seed = self._seed(self.step)
        random = torch.Generator().manual_seed(seed)
        drawn = self.objective.draw(random)
        # dropout draws from the global generators; their state is restored
        with torch.random.fork_rng(devices=[drawn.device] if drawn.is_cuda else []):
            torch.manual_seed(seed)
            loss = self.objective.loss(drawn, random)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.parameters.values(), self.config.clip_norm)
        if not math.isfinite(float(loss.detach() + norm)):
            batch = drawn[: self.config.batch].tolist()
            raise NonFiniteLoss(self.step + 1, tuple(map(self.objective.pairs.name, batch)))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate_at(self.step)
        self.optimizer.step()
        if self.matcher is not None:
            self.matcher.bound_scale()
        self._average_weights()
        self.step += 1
        return float(loss.detach())

    def _save(self, state: Path | None) -> None:
        if state is not None and all(bool(value.isfinite().all()) for value in self.parameters.values()):
            write_state(state, self.state())

    @torch.no_grad()
    def _average_weights(self) -> None:
        # the average follows closely at first: otherwise the start would dominate a short run
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, parameter in self.parameters.items():
            self.average[name].lerp_(parameter, 1.0 - decay)

    def _networks(self) -> Mapping[str, nn.Module]:
        both = {"generator": self.generator, "matcher": self.matcher}
        return {name: module for name, module in both.items() if module is not None}

    def _trained_parameters(self) -> dict[str, nn.Parameter]:
        named = {
            f"{owner}.{name}": parameter
            for owner, module in self._networks().items()
            for name, parameter in module.named_parameters()
            if parameter.requires_grad
        }
        if self.config.stage == "generative":
            # the generation loss has no gradient at the interaction: its ranking is an input
            named = {name: value for name, value in named.items() if not name.startswith(_WITHOUT_GRADIENT)}
        return named

    def _fingerprint(self) -> str:
        """A hash of the networks' shapes and weights."""
        digest = hashlib.blake2b(digest_size=16)
        if self.generator is not None:
            digest.update(repr(sorted(asdict(self.generator.spec).items())).encode())
        for owner, module in self._networks().items():
            for name, value in module.state_dict().items():
                digest.update(f"{owner}.{name} {value.dtype} {tuple(value.shape)}".encode())
                digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _seed(self, step: int) -> int:
        return self.config.seed * _SEED_STRIDE + step


_WITHOUT_GRADIENT = ("matcher.interaction.", "matcher.log_scale")


def _require(
    config: TrainingConfig, pairs: Pairs, generator: Generator | None, matcher: Matcher | None
) -> None:
    if config.stage != "1" and generator is None:
        raise ValueError(f"stage {config.stage} trains a generator")
    if config.stage == "1" and generator is not None:
        raise ValueError("stage 1 trains no generator")
    if config.stage != "2" and matcher is None:
        raise ValueError(f"stage {config.stage} trains a matcher")
    width = pairs.text.shape[1]
    evidence = 0 if pairs.evidence is None else pairs.evidence.shape[-1]
    if generator is not None and generator.spec.width != width:
        raise UnfitInput(f"features are {width} wide, the generator reads {generator.spec.width}")
    if generator is not None and generator.spec.recipe != "paper" and generator.spec.evidence != evidence:
        raise UnfitInput(
            f"frames have {evidence} numbers of evidence, the generator reads {generator.spec.evidence}"
        )
    if matcher is not None and matcher.temporal.width != width:
        raise UnfitInput(f"features are {width} wide, the matcher reads {matcher.temporal.width}")
    least = max(2, config.candidates if config.stage != "1" else 2)
    if pairs.clips < least:
        raise UnfitInput(f"training needs at least {least} clips, there are {pairs.clips}")
