"""Where a fault of the interface is written down: the log that the finder has too."""

from __future__ import annotations

import traceback
from pathlib import Path

from mediaindex_tui.finder_log import finder_log


def log_fault(library: Path, error: BaseException | None) -> str:
    """Write the traceback of an error; where it is, in words."""
    path = finder_log(library)
    lines = traceback.format_exception(error) if error is not None else ["no error"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.writelines(lines)
    except OSError as failure:
        return f"its log cannot be written: {failure.strerror or failure}"
    return f"the traceback is in {path}"
