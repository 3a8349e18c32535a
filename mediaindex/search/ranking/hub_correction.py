"""Whether segments that are near to every sentence stand back in the ranking of an encoder's pictures.

`store.mapped.bank` has the formula. hub_correction.json holds what scripts/bench/hubs.py measured, by the
digest of the encoder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.search.ranking.gate import Gate, Mode, gate_in

if TYPE_CHECKING:
    from mediaindex.store.vectors.spaces import Space

REPORTS = Path(__file__).with_suffix(".json")
COMPONENT = "hubs"


def hub_gate(space: Space | None, mode: Mode) -> Gate:
    """Whether a search of a space corrects hubs, and why.

    Args:
        space: that answers; None in a library without any. mode: auto follows what was measured.
    """
    if mode == "off":
        return _gate("--hubs off", "turned off for this search")
    if space is None:
        return _gate("no pictures", "nothing is indexed yet")
    measured = _measured(space.digest)
    if mode == "on":
        alone = "so it is by itself" if measured.on else f"by itself it is off: {measured.reason}"
        return Gate(COMPONENT, True, "--hubs on", f"turned on for this search; {alone}")
    return measured


def without_hubs(gate: Gate) -> Gate:
    """The gate after a search of a library whose segments have no hubs yet, or not all of them."""
    return _gate("no hubs", f"the next 'mediaindex index' makes what the segments lack; then {gate.reason}")


def _measured(digest: str) -> Gate:
    reports: dict[str, Any] = json.loads(REPORTS.read_text(encoding="utf-8"))
    gate = gate_in(reports.get(digest, {}), COMPONENT)
    return _gate("no evaluation", "it was not measured for this encoder") if gate is None else gate


def _gate(by: str, reason: str) -> Gate:
    return Gate(COMPONENT, False, by, reason)
