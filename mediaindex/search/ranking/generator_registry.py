"""The generators that lie on this machine, and which of them a search is to use.

Those of the library come first, where `mediaindex train` puts them; then those in the box. Only config.json
is read here, so that telling which one is on needs no network library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mediaindex.errors import GeneratorUnavailable
from mediaindex.safe_text import printable
from mediaindex.search.ranking.gate import (
    Gate,
    Mode,
    gate_in,
)

if TYPE_CHECKING:
    from mediaindex.store.vectors.spaces import Space

Preset = Literal["residual", "paper"]
PRESETS: tuple[Preset, ...] = ("residual", "paper")

BOX = Path(__file__).parent / "boxed_generators"

_COMPONENT = "generator"
_CONFIG = "config.json"
_LARGEST_CONFIG_BYTES = 1 << 20
_MOST_FOLDERS = 1000
_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Description:
    """What a generator's folder says of itself.

    Attributes:
        encoder, digest: whose features it reads.
        preset: residual or paper; None for any other recipe, which no search uses.
        evidence: numbers of evidence a frame that it reads, 0 for none.
        first_stage: whether it ranks behind a first stage of its own.
    """

    folder: Path
    encoder: str
    digest: str
    preset: Preset | None
    width: int
    evidence: int
    first_stage: bool
    gate: Gate

    @property
    def name(self) -> str:
        """As a person is told it."""
        return printable(self.folder.name)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a search is reranked, why, and by what.

    Attributes:
        generator: the one that `on` asks for; None where there is none for the space.
    """

    preset: Preset
    gate: Gate
    generator: Description | None


def decide(space: Space | None, library: Path, preset: Preset, mode: Mode) -> Decision:
    """What `--rerank` comes to for a space.

    Args:
        space: that answers; None in a library without any.
        library: its folder.
        mode: auto follows the gate that was measured for the generator.

    Raises:
        GeneratorUnavailable: it is to be on, and there is no generator that can.
    """
    if mode == "off":
        return Decision(preset, Gate(_COMPONENT, False, "--rerank off", "turned off for this search"), None)
    if space is None:
        return _missing(preset, mode, "nothing is indexed yet")
    fitting: list[Description] = []
    strangers: list[Description] = []
    for found in described(library):
        if found.preset == preset:
            (fitting if _fits(found, space) else strangers).append(found)
    if not fitting:
        return _missing(preset, mode, _why_none(preset, space, strangers))
    # what was measured to gain is not put out of work by a newer one that was not
    chosen = next((found for found in fitting if found.gate.on), fitting[0])
    own = [stranger for stranger in strangers if stranger.folder.parent != BOX]
    if own:
        aside = f"{chosen.gate.reason}; passed over: {_why_not(own[0], space)}"
        chosen = replace(chosen, gate=replace(chosen.gate, reason=aside))
    if mode == "on":
        alone = "so it is by itself" if chosen.gate.on else f"by itself it is off: {chosen.gate.reason}"
        gate = Gate(_COMPONENT, True, "--rerank on", f"turned on for this search; {alone}")
        return Decision(preset, gate, chosen)
    return Decision(preset, chosen.gate, chosen)


def unusable(decision: Decision, mode: Mode, reason: str) -> Decision:
    """The decision where the generator turns out not to serve.

    Raises:
        GeneratorUnavailable: it was to be on.
    """
    found = decision.generator
    if found is not None:
        own = f"remove {printable(str(found.folder))}, or train it again"
        reason = f"{reason}; {'install mediaindex again' if found.folder.parent == BOX else own}"
    missing = _missing(decision.preset, mode, reason)
    return replace(missing, generator=found, gate=replace(missing.gate, by="unusable generator"))


def idle(decision: Decision) -> Decision:
    """The decision where the pictures gave nothing to rank."""
    gate = Gate(_COMPONENT, False, "no candidates", "no moment was found by its pictures")
    return replace(decision, gate=gate)


def described(library: Path) -> Iterator[Description]:
    """Every generator that can be read, those of the library first, the newest of them first.

    What cannot be read is no generator: a training that was killed leaves such folders.
    """
    for folder in (library / "generators", BOX):
        found = []
        for path in _folders(folder):
            told = _description(path)
            if told is not None:
                found.append(told)
        yield from sorted(found, key=lambda told: (-_modified(told.folder), told.folder.name))


def _folders(parent: Path) -> list[Path]:
    try:
        inside = sorted(path for path in parent.iterdir() if (path / _CONFIG).is_file())
    except OSError:
        return []
    return inside[:_MOST_FOLDERS]


def _modified(folder: Path) -> float:
    try:
        return (folder / _CONFIG).stat().st_mtime
    except OSError:
        return 0.0


def _description(folder: Path) -> Description | None:
    try:
        with (folder / _CONFIG).open("rb") as file:
            text = file.read(_LARGEST_CONFIG_BYTES + 1)
        if len(text) > _LARGEST_CONFIG_BYTES:
            return None
        told = json.loads(text)
        return _told(folder, told["encoder"], told["generator"], told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def _told(
    folder: Path, encoder: Mapping[str, Any], generator: Mapping[str, Any], config: Mapping[str, Any]
) -> Description:
    recipe = generator["recipe"]
    # the twin without diffusion is there to be compared with in benchmarks
    known = recipe if recipe in PRESETS and generator.get("diffusion", True) else None
    gate = gate_in(config["report"], _COMPONENT)
    return Description(
        folder,
        printable(str(encoder["name"])),
        str(encoder["digest"]),
        known,
        int(generator["width"]),
        int(generator.get("evidence", 0)),
        config.get("matcher") is not None,
        gate or Gate(_COMPONENT, False, "no evaluation", "nobody has measured whether it gains anything"),
    )


def _fits(found: Description, space: Space) -> bool:
    return (
        (found.encoder, found.digest, found.width) == (space.encoder, space.digest, space.dim)
        and found.evidence in (0, space.evidence_dim)
        and not found.first_stage
    )


def _missing(preset: Preset, mode: Mode, reason: str) -> Decision:
    if mode == "on":
        raise GeneratorUnavailable(reason)
    return Decision(preset, Gate(_COMPONENT, False, "no generator", reason), None)


def _why_none(preset: Preset, space: Space, strangers: list[Description]) -> str:
    """Names the generator that is there but does not fit, and the command that makes one that does."""
    remedy = f"make one with 'mediaindex train --encoder {space.encoder} --recipe {preset} --features FILE'"
    if strangers:
        own = (s for s in strangers if (s.encoder, s.digest) == (space.encoder, space.digest))
        return f"the generator {_why_not(next(own, strangers[0]), space)}; {remedy}"
    return f"there is no {preset} generator for the encoder {space.encoder}; {remedy}"


def _why_not(stranger: Description, space: Space) -> str:
    """Its name, and why it cannot serve the space."""
    if (stranger.encoder, stranger.digest) != (space.encoder, space.digest):
        return (
            f"{stranger.name} was trained for the encoder {_identity(stranger.encoder, stranger.digest)}, "
            f"not for {_identity(space.encoder, space.digest)}"
        )
    if stranger.first_stage:
        return f"{stranger.name} ranks behind a first stage, which search has not"
    return f"{stranger.name} reads other widths"


def _identity(encoder: str, digest: str) -> str:
    return f"{encoder} ({printable(digest[:_SHOWN_DIGITS])})"
