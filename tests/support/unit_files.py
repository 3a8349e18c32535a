"""Service files as `mediaindex service install` writes them, and the names that they must be able to hold."""

from __future__ import annotations

import os
import sys

from hypothesis import strategies as st

from mediaindex.background.systemd import Systemd
from mediaindex.background.unit_file import text_of

COMMAND = (sys.executable, "-m", "mediaindex", "watch", "--library")
# No file system names a file by half a surrogate pair; bytes that are no UTF-8 come from the second half.
PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | st.binary(
    min_size=1
).filter(lambda name: b"\0" not in name).map(os.fsdecode)


def unit(library: str, environment: dict[str, str] | None = None) -> str:
    """The signed unit of a library's `watch`."""
    about = f"mediaindex watch (library {library})"
    return text_of(Systemd(), "mediaindex", (*COMMAND, library), environment or {}, about=about).decode()
