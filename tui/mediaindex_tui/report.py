"""Versions, the terminal and sizes, to be copied into a report; names of files are not in it."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mediaindex import __version__

if TYPE_CHECKING:
    from mediaindex_tui.app import InterfaceApp

_PACKAGES = ("textual", "rich", "msgspec", "torch", "numpy", "lancedb")
_VARIABLES = ("TERM", "TERM_PROGRAM", "COLORTERM", "NO_COLOR", "TMUX", "SSH_CONNECTION", "LANG", "LC_ALL")
_ONLY_WHETHER = ("TMUX", "SSH_CONNECTION")


def report_lines(app: InterfaceApp) -> list[str]:
    """What someone who looks for a fault wants to know."""
    status = app.standing.status
    return [
        f"mediaindex {__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}",
        ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        f"terminal {app.size.width} × {app.size.height}, colours {app.console.color_system or 'none'}",
        ", ".join(f"{name}={_value(name)}" for name in _VARIABLES if name in os.environ),
        f"pictures {app.drawing.listed or 'off'}, preview {app.drawing.large or 'off'}",
        f"view {app.search.results.view}, theme {app.theme}",
        f"answering: {', '.join(app.ready) or 'nothing yet'}",
        "library: unknown" if status is None else f"library: {status.videos} videos, {status.seconds:.0f} s",
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _value(variable: str) -> str:
    return "set" if variable in _ONLY_WHETHER else os.environ[variable]
