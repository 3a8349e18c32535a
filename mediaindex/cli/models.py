"""List, bring and choose encoders."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.cli import add_device, add_shared
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.ingest.writer.requests import UseRequest

if TYPE_CHECKING:
    from mediaindex.embed.cost import Cost


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `models`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull|import|use")
    listed = actions.add_parser("list", help="encoders with licence, size and speed on this machine")
    listed.add_argument("--no-measure", dest="measure", action="store_false", help="measure no speed")
    pulled = actions.add_parser("pull", help="download weights (the only command that uses the network)")
    pulled.add_argument("name", metavar="NAME", help="preset, open_clip:MODEL/TAG or transformers:REPO")
    brought = actions.add_parser("import", help="copy weights from a file or folder into the library")
    brought.add_argument("source", metavar="PATH", help="file of weights, or folder with its configuration")
    brought.add_argument("--name", required=True, metavar="NAME", help="a preset's name, or a new one")
    brought.add_argument("--model", metavar="MODEL", help="open_clip's name of the model, for a file")
    used = actions.add_parser("use", help="embed the library with another encoder, without decoding")
    used.add_argument("name", metavar="NAME", help="encoder (see 'models list')")
    for action in (listed, pulled, brought, used):
        add_shared(action, again=True)
    for action in (listed, used):
        add_device(action)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions."""
    actions = {"list": _list, "pull": _pull, "import": _import, "use": _use}
    return actions[arguments.action](arguments, config, output)


def encoder_folder(config: Config) -> Path:
    """Where imported weights lie."""
    return config.library / "encoders"


def measured_costs(config: Config, *, measure: bool) -> list[Cost]:
    """Every encoder with what it costs on this machine and for this library."""
    from mediaindex.embed.cost import costs
    from mediaindex.embed.device import resolve_device
    from mediaindex.store.catalog import videos
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    frames = 0
    if (config.library / DATABASE).is_file():
        with open_library(config.library) as library, library.read() as connection:
            frames = videos.cached_frames(connection)
    device, _note = resolve_device(config.device)
    return costs(encoder_folder(config), frames, device=device, measure=measure)


def _list(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    from mediaindex.cli.search import serving_space
    from mediaindex.embed.cost import described
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    rows = measured_costs(config, measure=arguments.measure)
    used = None
    if (config.library / DATABASE).is_file():
        with open_library(config.library) as library:
            space = serving_space(library)
            used = None if space is None else space.encoder
    output.data({"encoders": [{**dataclasses.asdict(row), "used": row.name == used} for row in rows]})
    for row in rows:
        output.line(f"{'*' if row.name == used else ' '} {described(row)}")
    return 0


def _pull(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    from mediaindex.embed.acquire import pull
    from mediaindex.embed.presets import PRESETS

    preset = PRESETS.get(arguments.name)
    if preset is not None:
        output.say(f"{preset.model}: about {preset.size_bytes / 1e6:.0f} MB, licence {preset.licence}")
    folder = pull(arguments.name, encoder_folder(config))
    output.data({"name": arguments.name, "path": str(folder)})
    output.line(f"{arguments.name} is in {folder}")
    return 0


def _import(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    from mediaindex.embed.acquire import import_weights
    from mediaindex.store.library import open_library

    open_library(config.library, create=True).close()
    source = Path(arguments.source).expanduser().absolute()
    brought = import_weights(source, arguments.name, encoder_folder(config), model=arguments.model)
    output.data(
        {
            "name": brought.name,
            "path": str(brought.folder),
            "library": brought.library,
            "licence": brought.licence,
            "commercial": brought.commercial,
        }
    )
    output.line(f"imported {brought.name} into {brought.folder}; licence: {brought.licence}")
    if not brought.commercial:
        output.say(f"the licence of {brought.name} is not known to allow commercial use")
    return 0


def _use(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    from mediaindex.store.library import open_library

    with open_library(config.library, create=True) as library:
        outcome = through_the_writer(library, config, output, UseRequest(arguments.name))
    output.data(outcome.result)
    output.line(f"{arguments.name} answers now; {outcome.result['indexed']} videos embedded, none decoded")
    if outcome.result["decode_again"]:
        output.say(
            f"{outcome.result['decode_again']} videos have no cached frames any more: "
            "'mediaindex index' on them, or 'watch', decodes them again"
        )
    return outcome.exit_code
