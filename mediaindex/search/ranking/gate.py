"""A gate: whether a part of the ranking is on, by what it was decided, and why, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mediaindex.safe_text import printable

Mode = Literal["auto", "on", "off"]
MODES: tuple[Mode, ...] = ("auto", "on", "off")

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Gate:
    """The state of one part of the ranking.

    Attributes:
        component: what it opens, such as "generator".
        by: what decided: an option, or what was measured on.
        reason: one line for a person.
    """

    component: str
    on: bool
    by: str
    reason: str


def gate_in(report: Mapping[str, Any], component: str) -> Gate | None:
    """The gate of a component in the report of an evaluation, None where there is none that can be read.

    The report may be a stranger's: its texts lose control characters and have a bounded length.
    """
    gates = report.get("gates")
    for told in gates if isinstance(gates, list) else []:
        if not isinstance(told, dict) or told.get("component") != component:
            continue
        on, by, reason = (told.get(name) for name in ("on", "by", "reason"))
        if isinstance(on, bool) and isinstance(by, str) and isinstance(reason, str):
            return Gate(component, on, _line(by), _line(reason))
    return None


def _line(text: str) -> str:
    return printable(text[:_LONGEST_REASON])
