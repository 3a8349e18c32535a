"""How fast encoders are is what the command measures; nothing is known where it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.catalog import videos
from mediaindex.store.library import open_library
from mediaindex_tui.finder import desk as desk_module
from mediaindex_tui.finder.speeds import Speeds, speeds
from mediaindex_tui.messages import LibraryTold, WantLibrary
from tests.support.finders import AtDesk
from tests.support.programs import prints, words_told


def test_the_speeds_of_the_command_are_told(interpreter: Path, library: Path) -> None:
    rows = ['{"name": "builtin", "frames_per_second": 50.0}', '{"name": "mine", "frames_per_second": null}']
    prints(interpreter, f'{{"schema": 1, "encoders": [{", ".join(rows)}]}}')
    assert speeds(library) == Speeds({"builtin": 50.0})
    assert words_told(interpreter)[:4] == [b"-m", b"mediaindex", b"models", b"list"]


@pytest.mark.parametrize(("text", "code"), [("no JSON", 0), ('{"encoders": 3}', 0), ('{"encoders": []}', 4)])
def test_a_command_that_fails_leaves_them_unknown(
    interpreter: Path, library: Path, text: str, code: int
) -> None:
    prints(interpreter, text, code)
    assert speeds(library) == Speeds({})


def test_hours_are_those_of_the_frames() -> None:
    known = Speeds({"builtin": 50.0})
    assert known.hours("builtin", 180_000) == pytest.approx(1.0)
    assert known.hours("builtin", 0) is None
    assert known.hours("quality", 180_000) is None


def hours(told: LibraryTold) -> dict[str, float | None]:
    return {model["name"]: model["hours_for_library"] for model in told.models}


def test_they_are_measured_once_and_where_that_is_wanted(
    cold: AtDesk, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[Path] = []

    def measure(root: Path) -> Speeds:
        measured.append(root)
        return Speeds({"builtin": 1.0})

    monkeypatch.setattr(desk_module, "speeds", measure)
    cold.inbox.put(WantLibrary())
    assert set(hours(cold.wait(LibraryTold)).values()) == {None}
    assert measured == []

    def is_told() -> bool:
        cold.inbox.put(WantLibrary(measures=True))
        return hours(cold.wait(LibraryTold))["builtin"] is not None

    cold.until(is_told)
    assert measured == [library]
    with open_library(library) as opened, opened.read() as connection:
        frames = videos.cached_frames(connection)
    cold.inbox.put(WantLibrary())
    assert hours(cold.wait(LibraryTold))["builtin"] == pytest.approx(frames / 3600.0)


@pytest.mark.slow
def test_the_real_command_measures_the_encoder_in_the_box(library: Path) -> None:
    assert speeds(library).of_encoder["builtin"] > 0
