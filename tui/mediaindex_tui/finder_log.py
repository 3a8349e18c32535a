"""Where the finder writes what it has to say to nobody but a person who looks for a fault."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from mediaindex.config import APPLICATION
from mediaindex.store.layout import DATABASE

FILE = "ui.log"


def finder_log(library: Path) -> Path:
    """The log of a library's finder: inside it, or in the user's cache where nothing can be written there."""
    if (library / DATABASE).is_file() and os.access(library, os.W_OK):
        return library / "logs" / FILE
    return platformdirs.user_cache_path(APPLICATION) / "logs" / FILE
