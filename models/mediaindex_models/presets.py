"""The recipes of generators by name, and the settings of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mediaindex_models.errors import UnfitInput
from mediaindex_models.schedule import SCHEDULES

Recipe = Literal["paper", "residual", "pointwise"]
Sampling = Literal["ddim", "single"]
Start = Literal["noise", "zero"]

RECIPES: tuple[Recipe, ...] = ("paper", "residual", "pointwise")
STARTS: tuple[Start, ...] = ("noise", "zero")
SAMPLINGS: tuple[Sampling, ...] = ("ddim", "single")

WIDEST = 1 << 13
_MOST_STEPS = 10_000
_LARGEST_WEIGHT = 1e6


def require_count(name: str, value: object, *, least: int = 1, most: int) -> None:
    """Raise UnfitInput where a count from a file is no int, or larger than any sensible network needs."""
    if type(value) is not int or not least <= value <= most:
        raise UnfitInput(f"{name} is a whole number from {least} to {most}, not {value!r}")


def _require_one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UnfitInput(f"{what} is one of {', '.join(allowed)}, not {value!r}")


@dataclass(frozen=True, slots=True)
class GeneratorSpec:
    """Everything but the weights that determines a generator and its inference.

    Attributes:
        recipe: the network of both directions.
        width: D of texts and frames.
        evidence: E, further features of a frame; 0 for none. `paper` reads none.
        numbers: N of `evidence_mixture`, what a scorer says of a candidate; 0 for none. `paper` reads none.
        steps, schedule: of the diffusion that it was trained with.
        sampling: ddim, or single: one evaluation at the noisiest step from x = 0, neither clamped.
        evaluations: steps of ddim, spread evenly over those of training; 0 for all.
        start: of ddim: noise seeded by the query, or zero. clamp: whether ddim clamps x_0 to −1..1.
        sharpness: τ, and weight: α or c, of the final order. paper: S + α softmax(τ x_0);
            others: 100 x_0 + c · the standardised S.
        diffusion: False is the control whose x and t are always the same; its sampling is single.
        corrected_mask: of `paper`: whether padded frames are left out before the softmax over frames.
        inner, hidden, dropout: of the networks other than `paper`.
    """

    recipe: Recipe
    width: int
    evidence: int = 0
    steps: int = 50
    schedule: str = "cosine"
    sampling: Sampling = "single"
    evaluations: int = 0
    start: Start = "noise"
    clamp: bool = True
    sharpness: float = 1.0
    weight: float = 1.0
    diffusion: bool = True
    corrected_mask: bool = False
    inner: int = 256
    hidden: int = 512
    dropout: float = 0.2
    numbers: int = 0

    @property
    def starts_from_noise(self) -> bool:
        """Whether inference needs a seed for each query."""
        return self.sampling == "ddim" and self.start == "noise"

    def __post_init__(self) -> None:
        _require_one_of("recipe", self.recipe, RECIPES)
        _require_one_of("sampling", self.sampling, SAMPLINGS)
        _require_one_of("start", self.start, STARTS)
        _require_one_of("schedule", self.schedule, tuple(SCHEDULES))
        for name in ("width", "inner", "hidden"):
            require_count(name, getattr(self, name), most=WIDEST)
        require_count("evidence", self.evidence, least=0, most=WIDEST)
        require_count("numbers", self.numbers, least=0, most=WIDEST)
        require_count("steps", self.steps, most=_MOST_STEPS)
        for name in ("clamp", "diffusion", "corrected_mask"):
            if type(getattr(self, name)) is not bool:
                raise UnfitInput(f"{name} is true or false, not {getattr(self, name)!r}")
        for name in ("sharpness", "weight"):
            value = getattr(self, name)
            if not abs(value) <= _LARGEST_WEIGHT:  # a NaN is not
                raise UnfitInput(f"{name} lies in ±{_LARGEST_WEIGHT:g}, not {value}")
        if not 0.0 <= self.dropout < 1.0:
            raise UnfitInput("dropout lies in 0..1")
        require_count("evaluations", self.evaluations, least=0, most=self.steps)
        if not self.diffusion and self.sampling != "single":
            raise UnfitInput("a twin without diffusion is evaluated once: its sampling is single")
        if self.recipe == "paper" and (self.evidence or self.numbers):
            raise UnfitInput("the paper's network reads no evidence, and no numbers of a scorer")


# width and evidence are the encoder's; 1 stands for "not known yet"
_PAPER = GeneratorSpec("paper", 1, sampling="ddim")
_RESIDUAL = GeneratorSpec("residual", 1, weight=2.0)

PRESETS: Mapping[str, GeneratorSpec] = {
    "paper": _PAPER,
    "paper-without-diffusion": replace(_PAPER, sampling="single", diffusion=False),
    "residual": _RESIDUAL,
    "residual-without-diffusion": replace(_RESIDUAL, diffusion=False),
    "pointwise": replace(_RESIDUAL, recipe="pointwise", diffusion=False),
}


def preset(name: str, *, width: int, evidence: int = 0, numbers: int = 0) -> GeneratorSpec:
    """A recipe for an encoder's features and a scorer's numbers; `paper` ignores all but the width.

    Raises UnfitInput for an unknown name.
    """
    _require_one_of("generator", name, tuple(PRESETS))
    spec = PRESETS[name]
    if spec.recipe == "paper":
        return replace(spec, width=width)
    return replace(spec, width=width, evidence=evidence, numbers=numbers)
