"""What an encoder costs on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mediaindex.embed import cost as cost_module
from mediaindex.embed.cost import Cost, costs, described, machine_gflops, machine_rate
from mediaindex.embed.families.builtin_files import NAMES as BUILTIN_NAMES
from mediaindex.embed.presets import PRESETS


def test_rates_fall_with_the_arithmetic() -> None:
    assert machine_gflops(seconds=0.05) > 0
    fast = machine_rate(PRESETS["fast"], seconds=0.2)
    quality = machine_rate(PRESETS["quality"], seconds=0.2)
    assert fast > 5 * quality
    assert machine_rate(PRESETS["builtin"], seconds=0.05) > fast


@pytest.mark.usefixtures("hub")
def test_without_measuring_there_are_no_hours(tmp_path: Path) -> None:
    rows = costs(tmp_path / "models", 1000, measure=False)
    assert [row.name for row in rows] == list(PRESETS)
    assert {(row.frames_per_second, row.hours_for_library) for row in rows} == {(None, None)}
    assert [row.name for row in rows if row.present] == list(BUILTIN_NAMES)


@pytest.mark.usefixtures("hub")
def test_hours_follow_from_the_speed_and_the_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_module, "machine_gflops", lambda **_: 115.0)
    monkeypatch.setattr(cost_module, "machine_rate", lambda *_, **__: 50.0)
    rows = {row.name: row for row in costs(tmp_path / "models", 36_000, measure=True)}
    assert rows["builtin"].frames_per_second == 50.0
    assert rows["builtin"].hours_for_library == pytest.approx(0.2)
    assert rows["fast"].frames_per_second == pytest.approx(10.0)
    assert rows["fast"].hours_for_library == pytest.approx(1.0)
    (empty, *_) = costs(tmp_path / "models", 0, measure=True)
    assert empty.hours_for_library is None


COST = Cost(
    name="fast",
    library="open_clip",
    model="ViT",
    licence="MIT",
    commercial=True,
    source="not here",
    present=False,
    size_bytes=1_500_000_000,
    path=None,
    frames_per_second=None,
    hours_for_library=None,
)


def test_a_line_for_a_person_says_what_is_known_and_no_more() -> None:
    assert described(COST) == "fast          ViT, MIT, 1500 MB to bring"
    measured = replace(COST, present=True, commercial=False, frames_per_second=10.0, hours_for_library=2.5)
    assert described(measured) == (
        "fast          ViT, MIT, present, not cleared for commercial use, "
        "10.0 frames/s here, 30.0 h of video an hour, about 2.50 h for this library"
    )
