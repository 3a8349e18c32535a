"""A gate in a report: found by its component, and harmless whoever wrote the report."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.ranking.gate import Gate, gate_in
from tests.support.tiny_generators import OFF, ON

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_gate_is_read_from_a_stranger_s_report() -> None:
    told = {**ON, "reason": "\x1b[2J" + "x" * 10_000}
    gate = gate_in({"gates": ["?", {"component": "hubs", "on": True}, {**ON, "on": 1}, told]}, "generator")
    assert gate is not None
    assert gate.on
    assert gate.reason.isprintable()
    assert len(gate.reason) < 1000
    assert gate_in({"gates": 3}, "generator") is None
    assert gate_in({}, "generator") is None


@pytest.mark.parametrize("shipped", [ON, OFF])
def test_a_gate_says_what_the_report_says(shipped: dict[str, Any]) -> None:
    other = {**shipped, "component": "hubs", "reason": "another"}
    assert gate_in({"gates": [other, shipped]}, "generator") == Gate(**shipped)


def test_of_two_gates_of_a_component_the_first_counts() -> None:
    gate = gate_in({"gates": [OFF, ON]}, "generator")
    assert gate is not None
    assert not gate.on


@pytest.mark.parametrize("name", ["component", "on", "by", "reason"])
def test_a_gate_that_lacks_something_is_none(name: str) -> None:
    assert gate_in({"gates": [{key: value for key, value in ON.items() if key != name}]}, "generator") is None


@given(st.dictionaries(st.sampled_from(["gates", "rows"]), json_values))
def test_no_report_breaks_it(report: dict[str, Any]) -> None:
    assert gate_in(report, "generator") is None
