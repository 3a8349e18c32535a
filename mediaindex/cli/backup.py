"""Copy the library into a folder, also while another process writes to it."""

from __future__ import annotations

import argparse

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.shared.output import Output, ProgressLine, copy_progress
from mediaindex.config import Config
from mediaindex.errors import DONE, StoreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `backup`."""
    parser.add_argument("folder", metavar="DIR", help="an empty folder, or that of the last backup")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Back up, and say what was copied."""
    from mediaindex.store.library import open_library
    from mediaindex.store.maintenance.backup import back_up

    folder = absolute_unless_empty(arguments.folder)
    with open_library(config.library) as library, ProgressLine(output) as progress:
        backup = back_up(library, folder, lambda copied, total: progress(copy_progress(copied, total)))
    new_sizes = [file.size for file in backup.files if file.new]
    output.data(
        {
            "backup": str(folder),
            "library": str(config.library),
            "videos": backup.videos,
            "bytes": sum(file.size for file in backup.files),
            "copied_bytes": sum(new_sizes),
            "vectors": backup.vectors,
            "files": [
                {"path": str(file.path), "bytes": file.size, "copied": file.new} for file in backup.files
            ],
            "missing": [str(config.library / "frames" / name) for name in backup.missing],
            "damaged": [str(path) for path in backup.damaged],
        }
    )
    output.line(
        f"{backup.videos} videos are in {folder}: {len(new_sizes)} of {len(backup.files)} files "
        f"copied, {sum(new_sizes) / 1e6:.1f} MB"
    )
    for path in backup.damaged:
        output.say(f"{path} was damaged in the earlier backup and is whole again")
    if not backup.vectors:
        output.say("the vectors changed meanwhile; 'restore' makes them anew from the cached frames")
    if backup.missing:
        output.say(
            f"{len(backup.missing)} files of cached frames are missing; run 'mediaindex check --repair'"
        )
        return StoreError.exit_code
    return DONE
