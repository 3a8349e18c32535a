"""Films are read from repositories as they lie there, and become maps of their frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builtin._films import Film, FilmSource
from builtin.prepare_films import write_films

from tests.support.media import flat, write_clip
from tests.support.repositories import repository

ACTIONS = FilmSource("actions", "who+films", is_of_actions=True)


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repositories")
    green = write_clip(folder / "green.mp4", [flat(30, 160, 40)] * 20)
    shots = write_clip(folder / "shots.mp4", [flat(200, 30, 30)] * 20 + [flat(30, 30, 200)] * 20)
    files = {
        "v_BaseballPitch_g02_c01.mp4": green.read_bytes(),
        "v_Biking_g01_c03.mp4": shots.read_bytes(),
        "v_Broken_g01_c01.mp4": b"no film, " * 99,
        "v_Pointer_g01_c01.mp4": b"to what is elsewhere",
        "README.md": b"words " * 99,
    }
    repository(folder / "who+films" / "repo", files)
    return folder


def test_names_of_actions_say_what_is_shown_and_what_belongs_together(repositories: Path) -> None:
    films = ACTIONS.films(repositories)
    assert [film.name for film in films] == [
        "v_BaseballPitch_g02_c01.mp4",
        "v_Biking_g01_c03.mp4",
        "v_Broken_g01_c01.mp4",
    ]
    assert (films[0].longer, films[0].kind) == ("BaseballPitch_g02", "baseball pitch")
    plain = FilmSource("any", "who+films").films(repositories)[1]
    assert plain == Film("v_Biking_g01_c03.mp4", films[1].blob, "v_Biking_g01_c03.mp4")


def test_a_film_becomes_eight_frames_of_its_segments(
    repositories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "actions.npz"
    assert write_films(ACTIONS, repositories, path) == 2
    assert "v_Broken_g01_c01.mp4 is left out: " in capsys.readouterr().out
    with np.load(path) as stored:
        assert stored["films"].tolist() == [
            ["v_BaseballPitch_g02_c01.mp4", "BaseballPitch_g02", "baseball pitch"],
            ["v_Biking_g01_c03.mp4", "Biking_g01", "biking"],
        ]
        assert stored["segments"][1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
        assert stored["low"].shape == (16, 49, 40)
        colours = stored["colours"][8:].astype(np.float32).mean(1)
        alike = colours @ colours.T / np.outer(*[np.linalg.norm(colours, axis=1)] * 2)
        assert alike[:4, :4].min() > 0.99
        assert alike[:4, 4:].max() < 0.9
