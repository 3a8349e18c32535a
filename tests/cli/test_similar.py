"""`similar`: an image, a video, a moment; indexed or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.commands import Commands, index_quietly
from tests.support.films import film, jpeg
from tests.support.media import write_sound


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("colours") / "videos"
    for colour in ("red", "blue", "green"):
        film(folder / f"{colour}.mp4", colour)
    film(folder / "red then blue.mp4", ("red", 3.0), ("blue", 3.0))
    index_quietly(folder.parent / "library", folder)
    return folder


@pytest.fixture
def ask(colours: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(colours.parent / "library", capsys)


def found(ask: Commands, *arguments: object) -> list[str]:
    return [Path(hit["path"]).name for hit in ask("similar", *arguments)["hits"]]


def test_an_image(ask: Commands, tmp_path: Path) -> None:
    answer = ask("similar", jpeg(tmp_path / "sky.jpg", "blue"))
    assert answer["query"] == str(tmp_path / "sky.jpg")
    assert [Path(hit["path"]).name for hit in answer["hits"][:2]] == ["blue.mp4", "red then blue.mp4"]
    assert all(hit["channel"] == "pictures" and hit["words"] is None for hit in answer["hits"])
    best = answer["hits"][0]
    assert best["score"] == best["similarity"] == pytest.approx(1.0, abs=0.01)
    assert Path(best["thumbnail"]).is_file()


def test_an_indexed_video_finds_others_but_not_itself(ask: Commands, colours: Path) -> None:
    names = found(ask, colours / "red.mp4")
    assert names[0] == "red then blue.mp4"
    assert "red.mp4" not in names


def test_a_moment_finds_its_like_elsewhere(ask: Commands, colours: Path) -> None:
    assert found(ask, f"{colours}/red then blue.mp4@1")[0] == "red.mp4"
    hits = ask("similar", f"{colours}/red then blue.mp4@4.5")["hits"]
    assert Path(hits[0]["path"]).name == "blue.mp4"
    own = [hit for hit in hits if Path(hit["path"]).name == "red then blue.mp4"]
    assert [round(hit["start_seconds"]) for hit in own] == [0]


def test_a_video_that_is_not_indexed(ask: Commands, tmp_path: Path) -> None:
    stranger = film(tmp_path / "new.mp4", ("green", 3.0), ("blue", 3.0))
    assert set(found(ask, stranger, "--limit", 2)) <= {"green.mp4", "blue.mp4", "red then blue.mp4"}
    assert found(ask, f"{stranger}@0.5")[0] == "green.mp4"
    assert found(ask, f"{stranger}@5")[0] == "blue.mp4"
    assert ask("status")["videos"] == 4


def test_a_name_with_an_at_sign_is_a_file_first(ask: Commands, tmp_path: Path) -> None:
    assert found(ask, jpeg(tmp_path / "photo@3", "green"))[0] == "green.mp4"


def test_a_name_that_is_no_utf8(ask: Commands, tmp_path: Path) -> None:
    raw = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")
    os.rename(jpeg(tmp_path / "a.jpg", "red"), raw)
    assert found(ask, raw)[0] == "red.mp4"


def test_filters_hold(ask: Commands, colours: Path, tmp_path: Path) -> None:
    image = jpeg(tmp_path / "sky.jpg", "blue")
    assert found(ask, image, "--limit", 1, "--in", colours / "red.mp4") == ["red.mp4"]
    assert found(ask, image, "--min-duration", 5, "--limit", 1) == ["red then blue.mp4"]
    assert found(ask, image, "--min-score", 0.8) == ["blue.mp4", "red then blue.mp4"]


@pytest.mark.parametrize("suffix", ["@soon", "@-1", "@nan", "@inf", "@1e999", ""])
def test_what_cannot_be_meant(suffix: str, ask: Commands, colours: Path) -> None:
    name = "red.mp4" if suffix else "no such file.mp4"
    ran = ask.ran("similar", f"{colours}/{name}{suffix}")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


def test_files_that_are_neither_image_nor_video(ask: Commands, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("dear image " * 30)
    (tmp_path / "cut.jpg").write_bytes(jpeg(tmp_path / "whole.jpg", "red").read_bytes()[:200])
    assert ask.ran("similar", tmp_path / "letter.jpg").code == 5
    assert ask.ran("similar", tmp_path / "cut.jpg").code == 5
    ran = ask.ran("similar", write_sound(tmp_path / "song.mp4"))
    assert ran.code == 2
    assert "neither an image nor a video" in ran.json["error"]
    assert ask.ran("similar", tmp_path).code == 2
