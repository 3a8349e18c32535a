"""Whether hubs are corrected: by option, by what was measured, and never without an evaluation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.search.ranking import hub_correction
from mediaindex.search.ranking.hub_correction import hub_gate, shipped_gate, without_hubs
from mediaindex.store.vectors.fitted import fitted_file, write_fitted
from mediaindex.store.vectors.spaces import Space

SPACE = Space(1, "numbers", "a digest", "none", 8, None, 0.5, "ready")


@pytest.fixture(params=[True, False])
def measured(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """An encoder for which the evaluation says so."""
    gate = {"component": "hubs", "on": request.param, "by": "photographs", "reason": "so it was measured"}
    file = tmp_path / "reports.json"
    file.write_text(json.dumps({SPACE.digest: {"gates": [gate]}}))
    monkeypatch.setattr(hub_correction, "REPORTS", file)
    return bool(request.param)


def test_auto_follows_what_was_measured(measured: bool) -> None:
    gate = hub_gate(SPACE, "auto")
    assert (gate.on, gate.by, gate.reason) == (
        measured,
        "the shipped evaluation on photographs",
        "so it was measured",
    )
    other = hub_gate(replace(SPACE, digest="of another"), "auto")
    assert (other.on, other.by) == (False, "no evaluation")


def test_an_option_decides(measured: bool) -> None:
    turned_on = hub_gate(SPACE, "on")
    assert (turned_on.on, turned_on.by) == (True, "--hubs on")
    assert ("by itself it is off" in turned_on.reason) is not measured
    assert (hub_gate(SPACE, "off").on, hub_gate(SPACE, "off").by) == (False, "--hubs off")


def test_an_empty_library_has_no_hubs() -> None:
    assert hub_gate(None, "on").on is False
    assert hub_gate(None, "auto").reason == "nothing is indexed yet"


def test_a_library_that_lacks_the_hubs_says_the_remedy(measured: bool) -> None:
    gate = without_hubs(hub_gate(SPACE, "auto"))
    assert gate.on is False
    assert "the next 'mediaindex index'" in gate.reason


def test_the_box_has_an_evaluation_of_the_builtin_encoder() -> None:
    reports = json.loads(hub_correction.REPORTS.read_text(encoding="utf-8"))
    report = reports[builtin_spec(FILES).digest]
    (gate,) = report["gates"]
    halves = [one["low"] > 0 for name, one in report["mrr"].items() if name.startswith("val2, ")]
    assert len(halves) == 2
    assert gate["on"] is (all(halves) and report["mrr"]["left-out sources, pooled"]["low"] > -1.0)


def test_what_train_measured_in_the_library_counts_for_others(measured: bool, tmp_path: Path) -> None:
    space = replace(SPACE, digest="0d" * 32)
    gate = hub_gate(space, "auto", tmp_path)
    assert (gate.on, gate.by) == (False, "no evaluation")
    assert gate.reason == (
        "it was not measured for this encoder; "
        "'mediaindex train --encoder numbers --features FILE' measures it"
    )
    own = {"component": "hubs", "on": True, "by": "test", "reason": "its own clips gain"}
    write_fitted(tmp_path, encoder="numbers", digest=space.digest, parts={"hubs": {"gates": [own]}})
    assert hub_gate(space, "auto", tmp_path).reason == "its own clips gain"
    assert hub_gate(space, "auto").by == "no evaluation"
    write_fitted(tmp_path, encoder="numbers", digest=space.digest, parts={"hubs": {"gates": "none"}})
    assert hub_gate(space, "auto", tmp_path).by == "no evaluation"
    fitted_file(tmp_path, space.digest).write_text("{")
    assert "is not read, it is damaged; 'mediaindex train" in hub_gate(space, "auto", tmp_path).reason


def test_the_evaluation_in_the_box_stands(tmp_path: Path) -> None:
    shipped = replace(SPACE, digest=builtin_spec(FILES).digest)
    own = {"component": "hubs", "on": False, "by": "test", "reason": "too few to see a gain"}
    write_fitted(tmp_path, encoder="builtin", digest=shipped.digest, parts={"hubs": {"gates": [own]}})
    assert hub_gate(shipped, "auto", tmp_path) == shipped_gate(shipped.digest)
    assert hub_gate(shipped, "auto", tmp_path).on
    assert shipped_gate("0d" * 32) is None
