"""A gate: whether a part of the ranking is on, what decided so, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mediaindex.safe_text import printable

Mode = Literal["auto", "on", "off"]
MODES: tuple[Mode, ...] = ("auto", "on", "off")

SHIPPED = "the shipped evaluation"
"""How `by` begins where what decided came with mediaindex."""

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
    """The gate of a component in the report of an evaluation; None where none of its gates can be read.

    The report may be a stranger's, so texts lose their control characters and are cut to a bounded length.
    """
    rows = report.get("gates")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or row.get("component") != component:
            continue
        on, by, reason = (row.get(name) for name in ("on", "by", "reason"))
        if isinstance(on, bool) and isinstance(by, str) and isinstance(reason, str):
            return Gate(component, on, _line(by), _line(reason))
    return None


def _line(text: str) -> str:
    return printable(text[:_LONGEST_REASON])
