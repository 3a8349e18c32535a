"""Subtitles and days behind public bug reports: what is found, when, in which film, on which day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Commands, index_quietly, use_these_encoders

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(600)]

FOLDERS = (
    "b07-rolling-captions",
    "b08-same-cue-many-times",
    "b17-sidecar-suffixes",
    "b18-day-where-recorded",
)
OF_HARBOUR_2021 = ["wordox"]
OF_HARBOUR = [f"word{letter}x" for letter in "abcdefghijklmn"]


@pytest.fixture(scope="module")
def indexed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("reported") / "library"
    index_quietly(library, *(shared / "corpus/reported" / folder for folder in FOLDERS))
    return library


@pytest.fixture
def ask(indexed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    use_these_encoders(monkeypatch)
    return Commands(indexed, capsys)


@pytest.mark.parametrize(
    ("word", "moments"),
    [
        ("lantern", [(0.16, 2.0), (15.0, 17.0)]),
        ("festival", [(0.16, 2.0)]),
        ("sun", [(2.01, 4.0)]),
        ("sings", [(4.01, 6.0)]),
        ("last", [(15.0, 17.0)]),
    ],
)
def test_rolling_captions_point_to_where_a_word_is_said(
    word: str, moments: list[tuple[float, float]], ask: Commands, shared: Path
) -> None:
    hits = ask.hits(word, "--channel", "words", "--in", shared / "corpus/reported" / FOLDERS[0])
    seen = sorted((hit["start_seconds"], hit["end_seconds"]) for hit in hits)
    assert seen == [pytest.approx(moment, abs=0.02) for moment in moments]


def test_a_sign_of_many_lines_is_one_moment(ask: Commands, shared: Path) -> None:
    film = shared / "corpus/reported" / FOLDERS[1] / "signs.mp4"
    hits = ask.hits("bakery", "--channel", "words", "--in", film, "--per-video", 10)
    assert sorted((hit["start_seconds"], hit["end_seconds"]) for hit in hits) == [
        (2.0, 4.0),
        (8.0, 10.0),
        (15.0, 17.0),
    ]


@pytest.mark.parametrize("word", [*OF_HARBOUR, *OF_HARBOUR_2021])
def test_a_sidecar_belongs_to_its_film_whatever_its_suffix(word: str, ask: Commands) -> None:
    names = set(ask.files(word, "--channel", "words"))
    assert names == {"Harbour.2021.mp4" if word in OF_HARBOUR_2021 else "Harbour.mp4"}


@pytest.mark.parametrize(
    ("name", "day"),
    [("phoenix_evening", "2022-03-11"), ("tokyo_morning", "2024-06-01"), ("london_noon", "2024-06-01")],
)
def test_the_day_is_the_one_at_the_place(name: str, day: str, ask: Commands, shared: Path) -> None:
    shown = ask("show", shared / "corpus/reported" / FOLDERS[3] / f"{name}.mp4")
    assert shown["recorded_day"] == day
    assert shown["recorded_at"].endswith(("Z", "+00:00"))


def test_a_search_by_day_counts_as_the_place_does(ask: Commands, shared: Path) -> None:
    folder = shared / "corpus/reported" / FOLDERS[3]
    after = set(ask.files("grey", "--in", folder, "--after", "2024-06-01"))
    assert after == {"tokyo_morning.mp4", "london_noon.mp4"}
