"""Check this machine for real; downloads nothing."""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from mediaindex.assembly.encoders import encoder_costs
from mediaindex.cli.shared.arguments import add_device
from mediaindex.cli.shared.output import Output, is_on_terminal
from mediaindex.config import Config
from mediaindex.errors import MediaIndexError

Verdict = tuple[bool, str]
SPARE_BYTES = 1 << 30
CLIP = Path(__file__).with_name("doctor.mp4")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `doctor`."""
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Run every check; 1 where one failed."""
    from mediaindex.embed.cost import described

    checks = []
    for name, check in CHECKS.items():
        try:
            ok, detail = check(config)
        except (MediaIndexError, OSError, ImportError, RuntimeError) as error:
            ok, detail = False, str(error)
        checks.append({"name": name, "ok": ok, "detail": detail})
        output.line(f"{'ok  ' if ok else 'FAIL'} {name:10} {detail}")
    failed = [check["name"] for check in checks if not check["ok"]]
    try:
        encoders = encoder_costs(config, measure=True)
    except MediaIndexError:
        encoders = []  # a check above has said why
    output.data({"ok": not failed, "checks": checks, "encoders": [dataclasses.asdict(e) for e in encoders]})
    for encoder in encoders:
        output.line(f"     {described(encoder)}")
    return 1 if failed else 0


def _python(_config: Config) -> Verdict:
    return sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}"


def _sqlite(_config: Config) -> Verdict:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    connection.close()
    return True, f"SQLite {sqlite3.sqlite_version} with FTS5"


def _library(config: Config) -> Verdict:
    from mediaindex.sources.places.volumes import nearest_existing, refuse_unfit
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    folder = nearest_existing(config.library)
    refuse_unfit(folder)
    free = shutil.disk_usage(folder).free
    if not (config.library / DATABASE).is_file():
        return os.access(folder, os.W_OK), f"none yet in {config.library}; {free / 1e9:.1f} GB free"
    with open_library(config.library) as library:
        note = ", read-only" if library.read_only else _close_to_others(library.root)
    return free > SPARE_BYTES, f"{config.library}{note}; {free / 1e9:.1f} GB free"


def _close_to_others(root: Path) -> str:
    """Make the library private where it is not; a note that says so, or nothing."""
    from mediaindex.store import layout

    if not layout.others_may_read(root):
        return ""
    layout.make_private(root)
    return "; other users of this machine could read it, which is mended"


def _vectors(_config: Config) -> Verdict:
    from importlib.metadata import version

    from mediaindex.store.vectors.lance import load_lancedb

    load_lancedb()
    return True, f"LanceDB {version('lancedb')}"


def _device(config: Config) -> Verdict:
    from mediaindex.embed.device import resolve_device

    device, note = resolve_device(config.device)
    return True, f"{device}, {config.threads} threads" + (f"; {note}" if note else "")


def _decoder(config: Config) -> Verdict:
    """Decode a shipped clip of two seconds through the bounded process that reads the user's files."""
    from mediaindex.assembly.reading import new_decoder, sampling_of
    from mediaindex.decode.worker import DECODER_VERSION
    from mediaindex.media import MediaInfo, SampledFrame

    with new_decoder(config) as worker:
        info = worker.probe(CLIP)
        if not isinstance(info, MediaInfo):
            return False, f"{DECODER_VERSION} finds no film in {CLIP}"
        frames = [i for i in worker.extract(CLIP, info, sampling_of(config)) if isinstance(i, SampledFrame)]
    return bool(frames), f"{DECODER_VERSION}, {len(frames)} frames read in a bounded process"


def _encoder(config: Config) -> Verdict:
    from mediaindex.assembly.encoders import load_encoder

    encoder = load_encoder(config)
    encoder.texts(["a sentence"])
    return True, f"{encoder.spec.name}, {encoder.spec.dim} numbers a frame, on {encoder.device}"


def _player(config: Config) -> Verdict:
    from mediaindex.export.open_moment import player_command

    command = player_command(Path("/video.mp4"), 1.0, command=config.player)
    return True, " ".join(command)


def _terminal(config: Config) -> Verdict:
    """How the interface draws pictures here and why, and what the terminal itself says that it can draw."""
    if not is_on_terminal():
        return True, "none here"
    from mediaindex_tui.terminal_answers import ask_terminal
    from mediaindex_tui.terminal_pictures import drawing, reason, this_terminal

    terminal = this_terminal(dict(os.environ))
    drawn = drawing(config.ui_images, terminal)
    why = reason(config.ui_images, terminal)
    answers = ask_terminal()
    asked = "it answers nothing" if answers is None else f"it says that it draws {answers}"
    return True, f"pictures {drawn.listed or 'off'}, preview {drawn.large or 'off'} ({why}); {asked}"


CHECKS: dict[str, Callable[[Config], Verdict]] = {
    "python": _python,
    "sqlite": _sqlite,
    "library": _library,
    "vectors": _vectors,
    "device": _device,
    "decoder": _decoder,
    "encoder": _encoder,
    "player": _player,
    "terminal": _terminal,
}
