"""A bit of a backup flips: one file of each kind that a backup has."""

from __future__ import annotations

import os
from pathlib import Path

PATTERNS = {
    "database": "library.sqlite",
    "blob": "frames/*/*.mif",
    "vectors": "vectors/*.lance/data/*.lance",
    "manifest": "vectors/*.lance/_versions/*.manifest",
    "generator": "generators/mine/model.safetensors",
    "description": "backup.json",
    "digests": "digests.json",
}
"""Kind → where its files lie in a backup."""


def flip(backup: Path, kind: str) -> Path:
    """Flip a bit in the middle of the first file of a kind; size and time stay. The file."""
    path = min(backup.glob(PATTERNS[kind]))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return path
