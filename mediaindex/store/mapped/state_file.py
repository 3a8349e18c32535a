"""The file that says what the matrix of a space holds. Reading it needs no numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def state_path(folder: Path, space_id: int) -> Path:
    """Where it lies in the folder of the matrices."""
    return folder / f"space_{space_id}.json"


def read_state(path: Path) -> dict[str, Any] | None:
    """What it says; None where it is not there, or says nothing.

    Raises:
        OSError: its disk fails.
    """
    try:
        state = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def has_hubs(folder: Path, space_id: int) -> bool:
    """Whether it says that hubs stand beside all segments; they do where there is no segment."""
    try:
        state = read_state(state_path(folder, space_id))
    except OSError:
        return False
    return state is not None and (state.get("hubs") is not None or state.get("segments") == 0)
