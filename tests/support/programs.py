"""Real programs that tests write, and what such a program says that it was given."""

from __future__ import annotations

import sys
from pathlib import Path


def program(folder: Path, name: str, body: str) -> Path:
    """A real executable that runs `body` with `argv` at hand."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport os, sys\nargv = sys.argv[1:]\n{body}\n")
    path.chmod(0o755)
    return path


def writes_arguments(folder: Path, name: str, pipe: Path) -> Path:
    return program(folder, name, f"open({str(pipe)!r}, 'w').write('\\0'.join([*argv, str(os.getsid(0))]))")


def arguments_written(pipe: Path) -> list[str]:
    """What the program wrote; reading waits until it has."""
    return pipe.read_text().split("\0")


def prints(path: Path, text: str, code: int = 0) -> None:
    """Write a program that prints a text; what it was given stands in a file beside it, one word a line."""
    path.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {path}.told\ncat <<'EOT'\n{text}\nEOT\nexit {code}\n"
    )
    path.chmod(0o755)


def words_told(path: Path) -> list[bytes]:
    """What that program was given."""
    return Path(f"{path}.told").read_bytes().splitlines()
