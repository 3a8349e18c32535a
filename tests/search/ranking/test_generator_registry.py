"""Which generator a search gets: the library's before the box's, by encoder, recipe and gate."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking import generator_registry
from mediaindex.search.ranking.generator_registry import decide, generator_named, generators_of, unusable
from mediaindex.store.vectors.spaces import Space
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder
from tests.support.tiny_generators import OFF, ON, write_generator

SPACE = Space(1, "colours", FakeEncoder().spec.digest, "", len(COLOURS), EVIDENCE, 0.5, "serving")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generator_registry, "BOX", tmp_path / "box")
    return tmp_path / "box"


@pytest.fixture
def library(box: Path, tmp_path: Path) -> Path:
    return tmp_path / "library"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_without_a_generator_it_is_off_and_says_what_makes_one(library: Path) -> None:
    decision = decide(SPACE, library, "paper", "auto")
    assert (decision.generator, decision.gate.on) == (None, False)
    assert "mediaindex train --encoder colours --recipe paper" in decision.gate.reason
    with pytest.raises(GeneratorUnavailable, match="no paper generator for the encoder colours"):
        decide(SPACE, library, "paper", "on")
    assert "indexed" in decide(None, library, "residual", "auto").gate.reason


@pytest.mark.parametrize("shipped", [ON, OFF])
def test_auto_follows_the_gate_and_the_options_override_it(
    library: Path, box: Path, shipped: dict[str, Any]
) -> None:
    folder = write_generator(box / "colours-residual", gate=shipped)
    auto, on, off = (decide(SPACE, library, "residual", mode) for mode in ("auto", "on", "off"))
    assert auto.generator is not None
    assert auto.generator.folder == folder
    assert (auto.gate.on, auto.gate.by, auto.gate.reason) == (
        shipped["on"],
        "the shipped evaluation on test",
        shipped["reason"],
    )
    assert (on.gate.on, on.gate.by, on.generator) == (True, "--rerank on", auto.generator)
    assert (shipped["reason"] in on.gate.reason) is (not shipped["on"])
    assert (off.gate.on, off.gate.by) == (False, "--rerank off")


def test_the_library_comes_before_the_box_and_its_newest_first(library: Path, box: Path) -> None:
    boxed = write_generator(box / "colours-residual")
    old, new = (write_generator(library / "generators" / name) for name in ("a", "b"))
    os.utime(old / "config.json", (1, 1))
    write_generator(library / "generators" / "c", "paper")
    assert [one.folder for one in generators_of(library) if one.preset == "residual"] == [new, old, boxed]
    chosen = decide(SPACE, library, "residual", "auto").generator
    assert chosen is not None
    assert chosen.folder == new


def test_a_newer_one_that_gains_nothing_puts_no_measured_one_out_of_work(library: Path) -> None:
    good = write_generator(library / "generators" / "good", gate=ON)
    os.utime(good / "config.json", (1, 1))
    write_generator(library / "generators" / "toy", gate=OFF)
    for mode in ("auto", "on"):
        decision = decide(SPACE, library, "residual", mode)
        assert decision.generator is not None
        assert (decision.generator.folder, decision.gate.on) == (good, True)


def test_one_of_the_library_that_does_not_fit_is_named_beside_the_one_that_does(
    library: Path, box: Path
) -> None:
    write_generator(box / "colours-residual", gate=OFF)
    write_generator(library / "generators" / "mine", encoder="other")
    decision = decide(SPACE, library, "residual", "auto")
    assert decision.generator is not None
    assert decision.generator.folder.parent == box
    assert "passed over: mine was trained for the encoder other" in decision.gate.reason


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (
            {"encoder": "other"},
            r"mine was trained for the encoder other \(0+\), not for colours \(0+\); make",
        ),
        ({"digest": "f" * 64}, r"for the encoder colours \(f+\), not for colours \(0+\); make"),
        ({"first_stage": True}, "mine ranks behind a first stage"),
        ({"evidence": 3}, "mine reads other widths"),
        ({"width": 4}, "mine reads other widths"),
    ],
)
def test_a_generator_of_another_space_is_refused_by_name(
    library: Path, shape: dict[str, Any], reason: str
) -> None:
    write_generator(library / "generators" / "mine", **shape)
    with pytest.raises(GeneratorUnavailable, match=reason):
        decide(SPACE, library, "residual", "on")
    assert not decide(SPACE, library, "residual", "auto").gate.on


def test_a_space_without_evidence_takes_a_generator_without(library: Path) -> None:
    write_generator(library / "generators" / "mine", evidence=0)
    assert decide(replace(SPACE, evidence_dim=None), library, "residual", "auto").gate.on


def test_what_turns_out_damaged_has_a_remedy(library: Path, box: Path) -> None:
    boxed = write_generator(box / "colours-residual")
    told = unusable(decide(SPACE, library, "residual", "auto"), "auto", "broken")
    assert told.generator is not None
    assert (told.generator.folder, told.gate.on, told.gate.by) == (boxed, False, "unusable generator")
    assert told.gate.reason == "broken; install mediaindex again"
    mine = write_generator(library / "generators" / "mine")
    told = unusable(decide(SPACE, library, "residual", "auto"), "auto", "broken")
    assert told.gate.reason == f"broken; remove {mine}, or train it again"


def test_what_was_never_measured_is_off(library: Path) -> None:
    write_generator(library / "generators" / "mine", gate=None)
    decision = decide(SPACE, library, "residual", "auto")
    assert (decision.gate.on, decision.gate.by) == (False, "no evaluation")
    assert decide(SPACE, library, "residual", "on").gate.on


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"encoder": 1, "generator": 2}', "[" * 100_000, "é"])
def test_a_folder_that_says_nothing_is_no_generator(library: Path, text: str) -> None:
    folder = library / "generators" / "broken"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    (library / "generators" / "run.partial").mkdir()
    assert list(generators_of(library)) == []


@pytest.mark.parametrize("name", ["width", "evidence"])
def test_a_number_without_end_is_no_generator(library: Path, name: str) -> None:
    folder = write_generator(library / "generators" / "mine")
    edit(folder, lambda config: config["generator"].update({name: float("inf")}))
    assert list(generators_of(library)) == []


def test_a_config_beyond_all_measure_is_not_read(library: Path) -> None:
    folder = write_generator(library / "generators" / "mine")
    edit(folder, lambda config: config.update(padding=" " * (1 << 20)))
    assert list(generators_of(library)) == []


def test_twins_and_controls_are_not_searched_with(library: Path) -> None:
    for name in ("residual-without-diffusion", "pointwise"):
        write_generator(library / "generators" / name, name)
    assert [one.preset for one in generators_of(library)] == [None, None]
    assert decide(SPACE, library, "residual", "auto").generator is None


def test_a_name_means_a_folder_a_name_or_a_preset(library: Path, box: Path, tmp_path: Path) -> None:
    mine = write_generator(library / "generators" / "mine", "paper")
    write_generator(box / "shipped")
    apart = write_generator(tmp_path / "apart")
    digest = SPACE.digest
    assert generator_named(library, "mine", digest).folder == mine
    assert generator_named(library, "residual", digest).folder == box / "shipped"
    assert generator_named(library, str(apart), digest).folder == apart
    with pytest.raises(
        GeneratorUnavailable, match="there is no generator residual; on this machine: mine, shipped"
    ):
        generator_named(library, "residual", "of another encoder")
