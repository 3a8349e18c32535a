"""The generators on this machine, and which of them a search uses.

Those of the library, where `mediaindex train` puts them, come before those in the box, which ship with
mediaindex; a personal one that is in use comes before all. This module reads config.json alone, so that it
needs no network library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mediaindex.errors import GeneratorUnavailable
from mediaindex.safe_text import printable
from mediaindex.search.ranking.gate import SHIPPED, Gate, Mode, gate_in
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.search.ranking.personal_selection import read_selection
from mediaindex.search.ranking.user_gate import GENERATOR, NO_VERDICTS, UserGates, generator_pair

if TYPE_CHECKING:
    from mediaindex.store.vectors.spaces import Space

Preset = Literal["residual", "linear", "paper"]
PRESETS: tuple[Preset, ...] = ("residual", "linear", "paper")

BOX = Path(__file__).parent / "boxed_generators"

_CONFIG = "config.json"
_LARGEST_CONFIG_BYTES = 1 << 20
_MOST_FOLDERS = 1000
_SHOWN_DIGITS = 12
_IDENTITY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Description:
    """A generator by its config.json.

    Attributes:
        encoder, digest: of the encoder whose features it reads.
        preset: residual, paper, or linear, which is no network; None for any other, which no search uses.
        width: D of the vectors that it reads.
        evidence: E, the numbers of evidence of a frame that it reads, 0 for none.
        first_stage: whether it orders what a first stage of its own ranks.
        scorer: digest of the scorer of regions whose numbers it reads, None for none.
        mixture: the constants of `linear`.
        personal: whether it was trained on the captions of its library.
        gate: what was measured of it.
        identity: digest of its config.json, which holds its evaluation: another training has another one.
        library_videos: of the library in which it was trained, those that it learnt from.
    """

    folder: Path
    encoder: str
    digest: str
    preset: Preset | None
    width: int
    evidence: int
    first_stage: bool
    gate: Gate
    scorer: str | None = None
    mixture: Mixture | None = None
    personal: bool = False
    identity: str = ""
    library_videos: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """Its folder's name, as messages show it."""
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


def decide(
    space: Space | None,
    library: Path,
    preset: Preset | None,
    mode: Mode,
    captions: UserGates = NO_VERDICTS,
) -> Decision:
    """Whether a search of a space is reranked, and by which generator.

    Args:
        space: that answers; None in a library without any.
        library: its folder.
        preset: None for one that is on by itself, else the first of which there is a generator.
        mode: auto follows the gate that was measured for the generator.
        captions: what those of the library decide, before what was measured on photographs.

    Raises:
        GeneratorUnavailable: the mode is "on", and no generator fits the space.
    """
    known: list[Description] = []
    if mode != "off" and space is not None:
        known = _judged(_usable(library, space.digest), space, library, captions)
        if preset is None and any(_is_proven(one, space) for one in known):
            preset = "linear"
    if preset is not None:
        return _decide(space, known, preset, mode)
    decisions = [_decide(space, known, each, "auto") for each in PRESETS]
    usable = [decision for decision in decisions if decision.generator is not None] or decisions
    best = next((decision for decision in usable if decision.gate.on), usable[0])
    return best if mode == "auto" else _decide(space, known, best.preset, mode)


def _usable(library: Path, digest: str) -> list[Description]:
    """The generators here, without the personal rankings that are not in use; one that is comes first.

    Args:
        digest: of the encoder whose personal rankings are meant.
    """
    current = read_selection(library, digest).current
    found = [
        one
        for one in generators_of(library)
        if not one.personal or (one.folder.name, one.digest) == (current, digest)
    ]
    return sorted(found, key=lambda one: not one.personal)


def _judged(
    known: Iterable[Description], space: Space, library: Path, captions: UserGates
) -> list[Description]:
    """Generators, with the gates that the captions of the library give those of the space."""
    over_hubs = hub_gate(space, "auto", library, captions).on

    def gate(one: Description) -> Gate:
        return captions.gate(one.gate, generator_pair(space.digest, one.identity, over_hubs=over_hubs))

    return [replace(one, gate=gate(one)) if one.digest == space.digest else one for one in known]


def _is_proven(one: Description, space: Space) -> bool:
    """Whether it is a personal ranking of this space that was proven better."""
    return one.personal and one.gate.on and _fits(one, space)


def _decide(space: Space | None, known: Sequence[Description], preset: Preset, mode: Mode) -> Decision:
    """Whether a search is reranked by a preset, with the generators that there are."""
    if mode == "off":
        return Decision(preset, Gate(GENERATOR, False, "--rerank off", "turned off for this search"), None)
    if space is None:
        return _missing(preset, mode, "nothing is indexed yet")
    fitting: list[Description] = []
    strangers: list[Description] = []
    for description in known:
        if description.preset == preset:
            (fitting if _fits(description, space) else strangers).append(description)
    if not fitting:
        return _missing(preset, mode, _why_none(preset, space, strangers))
    # A newer generator that gains nothing does not replace one that was measured to gain.
    chosen = next((description for description in fitting if description.gate.on), fitting[0])
    of_library = [stranger for stranger in strangers if stranger.folder.parent != BOX]
    if of_library:
        reason = f"{chosen.gate.reason}; passed over: {_why_not(of_library[0], space)}"
        chosen = replace(chosen, gate=replace(chosen.gate, reason=reason))
    if mode == "on":
        alone = "so it is by itself" if chosen.gate.on else f"by itself it is off: {chosen.gate.reason}"
        gate = Gate(GENERATOR, True, "--rerank on", f"turned on for this search; {alone}")
        return Decision(preset, gate, chosen)
    return Decision(preset, chosen.gate, chosen)


def unusable(decision: Decision, mode: Mode, reason: str) -> Decision:
    """The decision after its generator could not be loaded, or could not rank.

    Args:
        reason: of the failure; the remedy is added to it.

    Raises:
        GeneratorUnavailable: the mode is "on".
    """
    generator = decision.generator
    if generator is not None:
        retrain = f"remove {printable(str(generator.folder))}, or train it again"
        reason = f"{reason}; {'install mediaindex again' if generator.folder.parent == BOX else retrain}"
    missing = _missing(decision.preset, mode, reason)
    return replace(missing, generator=generator, gate=replace(missing.gate, by="unusable generator"))


def idle(decision: Decision) -> Decision:
    """The decision after a search in which the pictures found nothing to rank."""
    gate = Gate(GENERATOR, False, "no candidates", "no moment was found by its pictures")
    return replace(decision, gate=gate)


def without_evidence(decision: Decision, mode: Mode) -> Decision:
    """The decision after a search of moments that have no evidence of the generator's scorer.

    Raises:
        GeneratorUnavailable: the mode is "on".
    """
    reason = "the moments have no evidence of its scorer yet; the next 'mediaindex index' makes it"
    gate = replace(_missing(decision.preset, mode, reason).gate, by="no evidence")
    return replace(decision, gate=gate)


def generators_of(library: Path) -> Iterator[Description]:
    """Every generator whose config.json can be read: those of the library, then the box's, the newest first.

    A folder that cannot be read is passed over: a training that was killed leaves such folders.
    """
    for parent in (library / "generators", BOX):
        folders = map(_description, _folders(parent))
        found = [description for description in folders if description is not None]
        yield from sorted(found, key=lambda one: (-_modified(one.folder), one.folder.name))


def generator_named(library: Path, name: str, digest: str) -> Description:
    """The generator that a name means: a folder, the name of one of those here, or a preset.

    Args:
        library: folder of the library. digest: of the encoder, for a preset.

    Raises:
        GeneratorUnavailable: there is none; the message names those that there are.
    """
    folder = Path(name)
    if (folder / _CONFIG).is_file() and (described := _description(folder)) is not None:
        return described
    known = list(generators_of(library))
    by_name = [one for one in known if one.folder.name == name]
    by_preset = [one for one in _usable(library, digest) if (one.preset, one.digest) == (name, digest)]
    if found := [*by_name, *by_preset]:
        return found[0]
    names = ", ".join(one.name for one in known) or "none"
    raise GeneratorUnavailable(f"there is no generator {printable(name)}; on this machine: {names}")


def _folders(parent: Path) -> list[Path]:
    try:
        folders = sorted(path for path in parent.iterdir() if (path / _CONFIG).is_file())
    except OSError:
        return []
    return folders[:_MOST_FOLDERS]


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
        config = json.loads(text)
        described = _described_by(folder, config["encoder"], config["generator"], config)
        return replace(described, identity=hashlib.sha256(text).hexdigest()[:_IDENTITY_DIGITS])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def _described_by(
    folder: Path, encoder: Mapping[str, Any], generator: Mapping[str, Any], config: Mapping[str, Any]
) -> Description:
    recipe = generator["recipe"]
    # The twin without diffusion exists for benchmarks alone.
    known = recipe if recipe in PRESETS and generator.get("diffusion", True) else None
    report = config["report"]
    gate = gate_in(report, GENERATOR)
    if gate is not None and folder.parent == BOX:
        gate = replace(gate, by=f"{SHIPPED} on {gate.by}")
    return Description(
        folder,
        printable(str(encoder["name"])),
        str(encoder["digest"]),
        known,
        int(generator["width"]),
        int(generator.get("evidence", 0)),
        config.get("matcher") is not None,
        gate or Gate(GENERATOR, False, "no evaluation", "nobody has measured whether it gains anything"),
        None if (scorer := config.get("scorer")) is None else str(scorer["digest"]),
        Mixture.of(config) if known == "linear" else None,
        personal="personal" in config,
        library_videos=frozenset(int(number) for number in report.get("library_videos", ())),
    )


def _fits(generator: Description, space: Space) -> bool:
    return (
        (generator.encoder, generator.digest, generator.width) == (space.encoder, space.digest, space.dim)
        and generator.evidence in (0, space.evidence_dim)
        and generator.scorer in (None, space.scorer)
        and not generator.first_stage
    )


def _missing(preset: Preset, mode: Mode, reason: str) -> Decision:
    if mode == "on":
        raise GeneratorUnavailable(reason)
    return Decision(preset, Gate(GENERATOR, False, "no generator", reason), None)


def _why_none(preset: Preset, space: Space, strangers: list[Description]) -> str:
    """A reason that names a generator that does not fit, if there is one, and the command that makes one."""
    if preset == "linear" and not strangers:
        return f"there is no linear mixture for the encoder {space.encoder}"
    remedy = f"make one with 'mediaindex train --encoder {space.encoder} --recipe {preset} --features FILE'"
    if strangers:
        of_encoder = (s for s in strangers if (s.encoder, s.digest) == (space.encoder, space.digest))
        why_not = f"the generator {_why_not(next(of_encoder, strangers[0]), space)}"
        return why_not if preset == "linear" else f"{why_not}; {remedy}"
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
    if stranger.personal and stranger.scorer != space.scorer:
        return f"{stranger.name} was trained on another scorer's evidence; 'mediaindex train' makes another"
    if stranger.scorer not in (None, space.scorer):
        return f"{stranger.name} reads a scorer's evidence, which the next 'mediaindex index' makes"
    return f"{stranger.name} reads other widths"


def _identity(encoder: str, digest: str) -> str:
    return f"{encoder} ({printable(digest[:_SHOWN_DIGITS])})"
