"""Git repositories with given files."""

from __future__ import annotations

import subprocess
from pathlib import Path


def repository(folder: Path, files: dict[str, bytes]) -> Path:
    """A git repository with these files, committed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "all")):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder
