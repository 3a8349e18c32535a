"""Which files hold captions of which films."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.captions.caption_files import read_captions
from mediaindex.learn.captions.lines import CaptionLine
from mediaindex.store.notes.captions import Said
from tests.support.films import srt


def read(path: Path, *known: str) -> list[tuple[str, Said] | str]:
    """(film, what is said) of each caption, or why a line holds none."""
    found = list(read_captions(path, lambda _folder: known))
    return [(one.media.name, one.said) if isinstance(one, CaptionLine) else one.reason for one in found]


def test_what_lies_beside_a_film_is_about_it(tmp_path: Path) -> None:
    (tmp_path / "red.mp4").touch()
    (tmp_path / "notes.txt").write_text("nothing about a film\n")
    (tmp_path / "red.txt").write_text("0:01 a red wall\n")
    vtt = "WEBVTT\n\n00:02.000 --> 00:03.000\neine <i>Wand</i>\n"
    (tmp_path / "red.de.vtt").write_text(vtt)
    assert read(tmp_path) == [
        ("red.mp4", Said(2.0, 3.0, "eine Wand", "de")),
        ("red.mp4", Said(1.0, None, "a red wall")),
    ]
    assert read(tmp_path / "red.de.vtt") == [("red.mp4", Said(2.0, 3.0, "eine Wand", "de"))]


def test_a_film_that_is_away_is_known_by_the_library(tmp_path: Path) -> None:
    srt(tmp_path / "blue.srt", (0.0, 1.0, "a blue wall"))
    with pytest.raises(UsageError, match="bears the name of no film"):
        read(tmp_path / "blue.srt")
    assert read(tmp_path / "blue.srt", "blue.mkv") == [("blue.mkv", Said(0.0, 1.0, "a blue wall"))]


def test_tables_of_a_folder_and_of_its_subfolders(tmp_path: Path) -> None:
    below = tmp_path / "more"
    below.mkdir()
    (below / "captions.csv").write_text("path,start_seconds,end_seconds,caption\nred.mp4,0:01.5,1.5,a wall\n")
    (tmp_path / "metadata.jsonl").write_text('{"path": "sub/red.mp4", "captions": ["one", "two"]}\n')
    (tmp_path / "other.csv").write_text("path,caption\nred.mp4,not asked for\n")
    red, one, two = sorted(map(str, read(tmp_path)))
    assert "start_seconds=1.5, end_seconds=1.5, text='a wall'" in red + one + two
    assert "text='one'" in red + one + two
    assert "not asked for" not in red + one + two
    assert read(tmp_path / "other.csv") == [("red.mp4", Said(None, None, "not asked for"))]


def test_a_broken_file_of_a_folder_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text("no columns\n")
    (tmp_path / "red.mp4").touch()
    (tmp_path / "red.srt").write_text("no subtitle at all\n")
    (tmp_path / "red.txt").write_text("0:01 a wall\n")
    table, subtitle, caption = read(tmp_path)
    assert "must name the columns" in str(table)
    assert "not a text subtitle" in str(subtitle)
    assert caption == ("red.mp4", Said(1.0, None, "a wall"))


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.csv", "does not exist"), ("notes.doc", "name of no film"), ("bad.json", "is no JSON")],
)
def test_what_holds_no_captions_is_refused_by_name(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "notes.doc").write_text("x")
    (tmp_path / "bad.json").write_text("x")
    with pytest.raises(UsageError, match=said):
        read(tmp_path / name)
