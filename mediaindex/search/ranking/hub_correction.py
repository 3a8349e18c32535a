"""Whether segments that are near to every sentence stand back in the ranking of an encoder's pictures.

`store.mapped.bank` has the formula. What was measured stands in a report by encoder: in
hub_correction.json, where scripts/bench/hubs.py put that of the encoders in the box, else in the library,
where `train --encoder` puts it (`store.vectors.fitted`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.search.ranking.gate import SHIPPED, Gate, Mode, gate_in
from mediaindex.search.ranking.user_gate import HUBS, NO_VERDICTS, UserGates, hub_pair
from mediaindex.store.vectors.fitted import read_fitted

if TYPE_CHECKING:
    from mediaindex.store.vectors.spaces import Space

REPORTS = Path(__file__).with_suffix(".json")


def hub_gate(
    space: Space | None, mode: Mode, library: Path | None = None, captions: UserGates = NO_VERDICTS
) -> Gate:
    """Whether a search of a space corrects hubs, and why.

    Args:
        space: that answers; None in a library without any. mode: auto follows what was measured.
        library: its folder, whose own measurements count for encoders that are not in the box;
            None for none.
        captions: what those of the library decide, before what was measured on photographs.
    """
    if mode == "off":
        return _gate("--hubs off", "turned off for this search")
    if space is None:
        return _gate("no pictures", "nothing is indexed yet")
    measured = captions.gate(_measured(space, library), hub_pair(space.digest))
    if mode == "on":
        alone = "so it is by itself" if measured.on else f"by itself it is off: {measured.reason}"
        return Gate(HUBS, True, "--hubs on", f"turned on for this search; {alone}")
    return measured


def without_hubs(gate: Gate) -> Gate:
    """The gate after a search of a library whose segments have no hubs yet, or not all of them."""
    return _gate("no hubs", f"the next 'mediaindex index' makes what the segments lack; then {gate.reason}")


def shipped_gate(digest: str) -> Gate | None:
    """What the evaluation in the box says of an encoder; None where it was not evaluated."""
    reports: dict[str, Any] = json.loads(REPORTS.read_text(encoding="utf-8"))
    gate = gate_in(reports.get(digest, {}), HUBS)
    return None if gate is None else replace(gate, by=f"{SHIPPED} on {gate.by}")


def _measured(space: Space, library: Path | None) -> Gate:
    if (shipped := shipped_gate(space.digest)) is not None:
        return shipped
    fitted = read_fitted(library, space.digest)
    report = fitted.parts.get(HUBS)
    gate = gate_in(report, HUBS) if isinstance(report, dict) else None
    if gate is not None:
        return gate
    reason = fitted.problem or "it was not measured for this encoder"
    remedy = f"'mediaindex train --encoder {space.encoder} --features FILE' measures it"
    return _gate("no evaluation", f"{reason}; {remedy}")


def _gate(by: str, reason: str) -> Gate:
    return Gate(HUBS, False, by, reason)
