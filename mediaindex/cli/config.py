"""Show every setting with where it came from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from mediaindex.cli.shared.output import Output
from mediaindex.config import Config, config_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `config`."""
    parser.add_argument("what", choices=("show", "path"), help="the values, or where the file lies")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print the settings or the path of the settings file."""
    path = config_path()
    if arguments.what == "path":
        output.data({"path": str(path), "exists": path.is_file()})
        output.line(str(path))
        return 0
    rows = [{"name": name, "value": _plain(value), "origin": origin} for name, value, origin in config.rows()]
    output.data({"path": str(path), "values": rows})
    for row in rows:
        output.line(f"{row['name']:24} {row['value']}  ({row['origin']})")
    return 0


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)
