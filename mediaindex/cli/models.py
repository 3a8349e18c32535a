"""List, bring and choose encoders; list generators, and go back to the personal ranking before."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.encoders import encoder_costs, models_folder
from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.assembly.serving import serving_space
from mediaindex.cli.shared.arguments import add_device, add_shared, named
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.ingest.writer.requests import UseRequest

if TYPE_CHECKING:
    from mediaindex.search.ranking.user_gate import UserGates
    from mediaindex.store.vectors.spaces import Space

PREVIOUS = "previous"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `models`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull|import|use")
    list_parser = actions.add_parser(
        "list", help="encoders with licence, size and speed on this machine; generators"
    )
    list_parser.add_argument("--no-measure", dest="measure", action="store_false", help="measure no speed")
    pull_parser = actions.add_parser("pull", help="download weights (the only command that uses the network)")
    pull_parser.add_argument(
        "name", type=named, metavar="NAME", help="preset, open_clip:MODEL/TAG or transformers:REPO"
    )
    import_parser = actions.add_parser("import", help="copy weights from a file or folder into the library")
    import_parser.add_argument(
        "source", metavar="PATH", help="file of weights, or folder with its configuration"
    )
    import_parser.add_argument("--name", required=True, metavar="NAME", help="a preset's name, or a new one")
    import_parser.add_argument("--model", metavar="MODEL", help="open_clip's name of the model, for a file")
    use_parser = actions.add_parser("use", help="embed the library with another encoder, without decoding")
    use_parser.add_argument(
        "name",
        type=named,
        metavar="NAME",
        help="encoder (see 'models list'), or 'previous' for the personal ranking that was in use before",
    )
    for action in (list_parser, pull_parser, import_parser, use_parser):
        add_shared(action, again=True)
    for action in (list_parser, use_parser):
        add_device(action)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions."""
    match arguments.action:
        case "list":
            return _list(config, output, measure=arguments.measure)
        case "pull":
            return _pull(arguments.name, config, output)
        case "import":
            source = absolute_unless_empty(arguments.source)
            return _import(source, arguments.name, arguments.model, config, output)
        case _ if arguments.name == PREVIOUS:
            return _use_previous(config, output)
        case _:
            return _use(arguments.name, config, output)


def _list(config: Config, output: Output, *, measure: bool) -> int:
    from mediaindex.embed.cost import described

    costs = encoder_costs(config, measure=measure)
    space, gates = _serving(config)
    used = None if space is None else space.encoder
    generators = _generators(config, space, gates)
    encoders = [{**dataclasses.asdict(cost), "used": cost.name == used} for cost in costs]
    output.data({"encoders": encoders, "generators": generators})
    for cost in costs:
        output.line(f"{'*' if cost.name == used else ' '} {described(cost)}")
    for row in generators:
        kind = "personal" if row["personal"] else row["preset"]
        is_on = "on" if row["on"] else "off"
        output.line(
            f"{'*' if row['used'] else ' '} generator {row['name']}: {kind}, {is_on}, {row['reason']}"
        )
    return 0


def _serving(config: Config) -> tuple[Space | None, UserGates]:
    """The space that answers, None where no library or no vector is there; what its captions decide."""
    from mediaindex.search.ranking.user_gate import NO_VERDICTS, UserGates
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    if not (config.library / DATABASE).is_file():
        return None, NO_VERDICTS
    with open_library(config.library) as library:
        return serving_space(library), UserGates.of(library)


def _generators(config: Config, space: Space | None, gates: UserGates) -> list[dict[str, Any]]:
    """The generators of the library and of the box, as JSON."""
    from mediaindex.search.ranking.generator_registry import decide, generators_of

    decision = decide(space, config.library, None, "auto", gates)
    used = decision.generator.folder if decision.generator is not None and decision.gate.on else None
    rows = []
    for one in generators_of(config.library):
        gate = decision.gate if one.folder == used else one.gate
        rows.append(
            {
                "name": one.name,
                "path": str(one.folder),
                "encoder": one.encoder,
                "preset": one.preset,
                "personal": one.personal,
                "on": gate.on,
                "reason": gate.reason,
                "used": one.folder == used,
            }
        )
    return rows


def _pull(name: str, config: Config, output: Output) -> int:
    from mediaindex.embed.acquire import pull
    from mediaindex.embed.presets import PRESETS

    preset = PRESETS.get(name)
    if preset is not None:
        output.say(f"{preset.model}: about {preset.size_bytes / 1e6:.0f} MB, licence {preset.licence}")
    folder = pull(name, models_folder(config.library))
    output.data({"name": name, "path": str(folder)})
    output.line(f"{name} is in {folder}")
    return 0


def _import(source: Path, name: str, model: str | None, config: Config, output: Output) -> int:
    from mediaindex.embed.acquire import import_weights
    from mediaindex.store.library import open_library

    open_library(config.library, create=True).close()
    weights = import_weights(source, name, models_folder(config.library), model=model)
    output.data(
        {
            "name": weights.name,
            "path": str(weights.folder),
            "library": weights.library,
            "licence": weights.licence,
            "commercial": weights.commercial,
        }
    )
    output.line(f"imported {weights.name} into {weights.folder}; licence: {weights.licence}")
    if not weights.commercial:
        output.say(f"the licence of {weights.name} is not known to allow commercial use")
    return 0


def _use_previous(config: Config, output: Output) -> int:
    """Go back to the personal ranking before, or to none; a second time goes forward again."""
    from mediaindex.search.ranking.personal_selection import personal_lock, swap
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        space = serving_space(library)
        if space is None:
            raise UsageError("nothing is indexed yet; run 'mediaindex index FOLDER'")
        with personal_lock(library.root):
            selection = swap(library.root, space.digest)
    output.data({"generator": selection.current, "previous": selection.previous})
    now, before = (
        name or "the ranking without a personal one" for name in (selection.current, selection.previous)
    )
    output.line(f"{now} is in use; {before} stays for 'models use previous'")
    return 0


def _use(name: str, config: Config, output: Output) -> int:
    from mediaindex.store.library import open_library

    with open_library(config.library, create=True) as library:
        outcome = through_the_writer(library, config, output, UseRequest(name))
    output.data(outcome.result)
    output.line(f"{name} answers now; {outcome.result['indexed']} videos embedded, none decoded")
    for row in outcome.result["failed"]:
        output.line(f"failed  {row['path']}: {row['reason']}")
    if outcome.result["decode_again"]:
        output.say(
            f"{outcome.result['decode_again']} videos have no cached frames any more: "
            "'mediaindex index' on them, or 'watch', decodes them again"
        )
    return outcome.exit_code
