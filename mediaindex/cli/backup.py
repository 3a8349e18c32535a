"""Copy the library into a folder, also while another process writes to it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import DONE, StoreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `backup`."""
    parser.add_argument("folder", metavar="DIR", help="an empty folder, or that of the last backup")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Back up, and say what was copied."""
    from mediaindex.store.library import open_library
    from mediaindex.store.maintenance.backup import back_up

    folder = Path(os.path.abspath(os.path.expanduser(arguments.folder)))
    with open_library(config.library) as library, ProgressLine(output) as progress:
        done = back_up(library, folder, lambda behind, total: progress(copying(behind, total)))
    copied = [size for _path, size, new in done.files if new]
    output.data(
        {
            "backup": str(folder),
            "library": str(config.library),
            "videos": done.videos,
            "bytes": sum(size for _path, size, _new in done.files),
            "copied_bytes": sum(copied),
            "vectors": done.vectors,
            "files": [{"path": str(path), "bytes": size, "copied": new} for path, size, new in done.files],
            "missing": [str(config.library / "frames" / name) for name in done.missing],
        }
    )
    output.line(
        f"{done.videos} videos are in {folder}: {len(copied)} of {len(done.files)} files "
        f"copied, {sum(copied) / 1e6:.1f} MB"
    )
    if not done.vectors:
        output.say("the vectors changed meanwhile; 'restore' makes them anew from the cached frames")
    if done.missing:
        output.say(f"{len(done.missing)} files of cached frames are missing; run 'mediaindex check --repair'")
        return StoreError.exit_code
    return DONE


def copying(behind: int, total: int) -> dict[str, object]:
    """Progress of a copy, in whole megabytes."""
    return {"stage": "copying MB", "done": behind // 10**6, "total": max(1, total // 10**6)}
