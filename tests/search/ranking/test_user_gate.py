"""What the captions decide before the evaluation: on, off, and how many more would tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mediaindex.search.ranking import generator_registry, hub_correction
from mediaindex.search.ranking.gate import Gate
from mediaindex.search.ranking.generator_registry import Description, decide
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.user_gate import UserGates, generator_pair, hub_pair
from mediaindex.store.notes.verdicts import Verdict
from mediaindex.store.vectors.spaces import Space
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder
from tests.support.tiny_generators import OFF, ON, write_generator

DIGEST = FakeEncoder().spec.digest
SPACE = Space(1, "colours", DIGEST, "", len(COLOURS), EVIDENCE, 0.5, "serving")
EVALUATED = Gate("hubs", True, "photographs", "MRR +1.0")
UNDECIDED = Verdict(hub_pair(DIGEST), 84, 84, 0.01, -0.02, 0.04, 37)
GAIN = replace(UNDECIDED, value=0.03, low=0.01, high=0.05, missing=0)
LOSS = replace(UNDECIDED, value=-0.03, low=-0.05, high=-0.01, missing=0)


def gate(verdict: Verdict, evaluated: Gate = EVALUATED) -> Gate:
    return UserGates((verdict,)).gate(evaluated, hub_pair(DIGEST))


def test_without_captions_the_evaluation_decides() -> None:
    assert UserGates().gate(EVALUATED, hub_pair(DIGEST)) == EVALUATED


@pytest.mark.parametrize("on", [True, False])
def test_captions_that_decided_come_before_the_evaluation(on: bool) -> None:
    evaluated = replace(EVALUATED, on=on)
    proven = "proven on your 84 captions: MRR +3.00 [+1.00, +5.00]"
    assert gate(GAIN, evaluated) == Gate("hubs", True, "your captions", proven)
    lost = "it loses on your 84 captions: MRR -3.00 [-5.00, -1.00]"
    assert gate(LOSS, evaluated) == Gate("hubs", False, "your captions", lost)


@pytest.mark.parametrize("on", [True, False])
def test_captions_that_did_not_decide_leave_it_and_say_how_many_would(on: bool) -> None:
    found = gate(UNDECIDED, replace(EVALUATED, on=on))
    assert (found.on, found.by) == (on, "photographs")
    start = "about 40 more captions to decide, of videos without one (MRR +1.00 [-2.00, +4.00]); "
    assert found.reason == f"{start}MRR +1.0"
    unknown = gate(replace(UNDECIDED, captions=90, missing=None)).reason
    assert unknown.startswith("your 90 captions of 84 videos have not decided")
    assert "about 3 more" in gate(replace(UNDECIDED, missing=3)).reason
    assert "about 300 more" in gate(replace(UNDECIDED, missing=201)).reason


def test_a_bound_at_zero_decides_nothing() -> None:
    for verdict in (replace(GAIN, low=0.0), replace(LOSS, high=0.0)):
        assert gate(verdict).by == "photographs"


def test_a_damaged_verdict_decides_nothing_and_says_the_remedy() -> None:
    found = gate(replace(GAIN, damaged=True))
    assert (found.on, found.by) == (True, "photographs")
    assert found.reason.endswith("is damaged: 'mediaindex eval library' asks them again")


def test_a_verdict_of_an_older_space_is_passed_over_and_said() -> None:
    older = replace(LOSS, pair=hub_pair("of an older encoder"))
    found = gate(older)
    assert (found.on, found.by) == (True, "photographs")
    assert "passed over: your captions judged the space of another encoder" in found.reason
    assert gate(replace(LOSS, pair=generator_pair("older", "x", over_hubs=True))) == EVALUATED


def test_a_verdict_beside_another_hub_correction_is_passed_over_and_said() -> None:
    here, other = (generator_pair(DIGEST, "mine", over_hubs=hubs) for hubs in (True, False))
    found = UserGates((replace(LOSS, pair=other),)).gate(EVALUATED, here)
    assert found.on
    assert "beside another hub correction" in found.reason


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generator_registry, "BOX", tmp_path / "box")
    reports = tmp_path / "reports.json"
    reports.write_text("{}")
    monkeypatch.setattr(hub_correction, "REPORTS", reports)
    return tmp_path / "library"


def judged(one: Description, verdict: Verdict, *, over_hubs: bool = False) -> Verdict:
    return replace(verdict, pair=generator_pair(DIGEST, one.identity, over_hubs=over_hubs))


def only(library: Path, captions: UserGates) -> Description:
    found = decide(SPACE, library, "residual", "auto", captions).generator
    assert found is not None
    return found


@pytest.mark.parametrize(("shipped", "verdict"), [(ON, LOSS), (OFF, GAIN)])
def test_both_components_follow_the_captions(
    library: Path, shipped: dict[str, Any], verdict: Verdict
) -> None:
    write_generator(library / "generators" / "mine", gate=shipped)
    one = only(library, UserGates())
    captions = UserGates((judged(one, verdict), verdict))
    flipped = decide(SPACE, library, None, "auto", captions).gate
    over_hubs = hub_gate(SPACE, "auto", None, captions).on
    assert over_hubs is (verdict is GAIN)
    if over_hubs:  # the captions turned the hub correction on, and judged the generator without it
        assert (flipped.on, "another hub correction" in flipped.reason) == (shipped["on"], True)
        captions = UserGates((judged(one, verdict, over_hubs=True), verdict))
        flipped = decide(SPACE, library, None, "auto", captions).gate
    assert (flipped.on, flipped.by) == (verdict is GAIN, "your captions")
    forced = decide(SPACE, library, "residual", "on", captions).gate
    assert (forced.on, forced.by) == (True, "--rerank on")
    assert hub_gate(SPACE, "off", None, captions).by == "--hubs off"


def test_another_training_of_the_same_name_starts_anew(library: Path) -> None:
    folder = write_generator(library / "generators" / "mine", gate=ON)
    captions = UserGates((judged(only(library, UserGates()), LOSS),))
    assert not only(library, captions).gate.on
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config + " ")
    assert only(library, captions).gate.on


def test_one_that_loses_on_the_captions_makes_room_for_one_that_gains(library: Path) -> None:
    for name in ("a", "b"):
        write_generator(library / "generators" / name, gate={**ON, "reason": name})
    first = only(library, UserGates())
    second = only(library, UserGates((judged(first, LOSS),)))
    assert (second.folder == first.folder, second.gate.on) == (False, True)
