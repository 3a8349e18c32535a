"""`eval --report`: real evaluations of tiny libraries and benchmarks become pages."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.support.commands import Commands
from tests.support.disks import mounted
from tests.support.films import film
from tests.support.made_benchmarks import made_benchmark
from tests.support.parsed_pages import ParsedPage
from tests.support.tiny_generators import write_generator


def page_of(path: Path) -> ParsedPage:
    page = ParsedPage(path.read_text(encoding="utf-8"))
    assert page.loads() == []
    return page


def colours_of(page: ParsedPage) -> list[str]:
    """The strongest channel of each picture of a page, in its order."""
    found = []
    for tag, attributes in page.tags:
        if tag == "img":
            source = attributes["src"]
            assert source is not None
            image = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
            pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
            assert isinstance(pixel, tuple)
            found.append(("red", "green", "blue")[pixel.index(max(pixel))])
    return found


@pytest.fixture
def shelf(videos: Path, commands: Commands, tmp_path: Path) -> Path:
    """Films in two folders, one caption that asks for the wrong colour."""
    for name in ("red", "old/blue", "old/green"):
        film(videos / f"{name}.mp4", Path(name).name)
    commands("index", videos)
    table = tmp_path / "captions.csv"
    said = {"red": "something red", "old/blue": "something blue", "old/green": "a blue thing"}
    rows = [f'{videos / name}.mp4,,,"{text}"' for name, text in said.items()]
    table.write_text("\n".join(["path,start_seconds,end_seconds,caption", *rows]) + "\n")
    commands("caption", "import", table)
    return videos


def test_a_library_becomes_a_page(shelf: Path, commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    answer = commands("eval", "library", "--report", target)
    assert answer["report"] == str(target)
    page = page_of(target)
    (row,) = [row for row in answer["rows"] if row["direction"] == "t2v"]
    figure = row["metrics"]["R@1"]
    assert f"comes first for {figure['value']:.0f} % of 3 captions among 3 videos" in page.text
    assert f"{figure['value']:.1f} {figure['low']:.1f} to {figure['high']:.1f}" in page.text
    assert "a blue thing the right video at place" in page.text
    assert "shown first blue.mp4" in page.text
    assert "right green.mp4" in page.text
    assert colours_of(page) == ["blue", "green"]
    assert "videos/old" in page.text
    assert "By folder" in page.text
    assert "hubs" in page.text
    for note in answer["notes"]:
        assert note in page.text
    again = commands("eval", "library", "--report", target)
    assert again["report"] == str(target)
    assert page_of(target).shape == page.shape
    assert commands("eval", "library")["report"] is None


def test_the_nights_before_are_in_the_plot(shelf: Path, commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    commands("eval", "library", "--nightly")
    commands("eval", "library", "--report", target)
    page = page_of(target)
    table = page.text.partition("The figures evaluation")[2].partition("Figures ranking")[0]
    (row,) = [row for row in commands("eval", "library")["rows"] if row["direction"] == "t2v"]
    assert table.count(f" {row['metrics']['R@1']['value']:.1f} ") == 2


def test_what_may_not_be_shown_is_not(shelf: Path, commands: Commands, tmp_path: Path) -> None:
    commands("sources", "add", shelf, "--thumbnails", "none")
    target = tmp_path / "page.html"
    commands("eval", "library", "--report", target)
    page = page_of(target)
    assert colours_of(page) == []
    assert "its folder keeps no thumbnails" in page.text


def test_known_items_say_what_they_cannot_tell(commands: Commands, videos: Path, tmp_path: Path) -> None:
    hostile = "one <b>red\u202e wall\x1b[31m here &lt;img src=x>.mp4"
    film(videos / hostile, "red")
    film(videos / "one blue wall \udcff there.mp4", "blue")
    commands("index", videos)
    target = tmp_path / "page.html"
    commands("eval", "library", "--report", target)
    page = page_of(target)
    assert "They cannot tell how well a search finds what you describe" in page.text
    assert not {"b", "img"} & {tag for tag, _attributes in page.tags} or colours_of(page)
    assert "b" not in {tag for tag, _attributes in page.tags}
    assert not set("\u202e\x1b\udcff") & set(target.read_text(encoding="utf-8"))


def test_a_benchmark_has_categories_pictures_of_its_videos_and_what_is_missing(
    commands: Commands, tmp_path: Path
) -> None:
    texts = {"red": "red", "green": "green", "blue": "red", "yellow": "yellow"}
    made = made_benchmark("msrvtt", tmp_path, texts)
    (made.videos / made.names["yellow"]).unlink()
    numbers = {"red": 0, "green": 19, "blue": 19}
    videos = [{"video_id": f"video_{colour}", "category": number} for colour, number in numbers.items()]
    (made.annotations / "MSRVTT_data.json").write_text(json.dumps({"videos": videos, "sentences": []}))
    target = tmp_path / "page.html"
    folders = ("--videos", made.videos, "--annotations", made.annotations)
    answer = commands("eval", "msrvtt", *folders, "--allow-missing", "--report", target, code=5)
    page = page_of(target)
    assert answer["report"] == str(target)
    assert "MSR-VTT 1k-A" in page.text
    assert "By category" in page.text
    assert "advertisement 50.0" in page.text
    assert "1 video was not evaluated" in page.text
    assert "video_yellow: no video of this name" in page.text
    assert "DiffusionRet" in page.text
    assert colours_of(page) == ["red", "blue"], "what a red caption of the blue film showed, and that film"
    folder = write_generator(tmp_path / "made")
    commands("eval", "msrvtt", *folders, "--allow-missing", "--generator", folder, "--report", target, code=5)
    assert "(captions, generator)" in page_of(target).text
    assert colours_of(page_of(target)) == ["red", "blue"]


def test_a_feature_file_has_a_page_without_pictures(commands: Commands, tmp_path: Path) -> None:
    made = made_benchmark("didemo", tmp_path, {"red": "red", "green": "red"})
    features, target = tmp_path / "test.parquet", tmp_path / "page.html"
    folders = ("--videos", made.videos, "--annotations", made.annotations)
    commands("features", "didemo", *folders, "--split", "test", "--out", features)
    commands("eval", features, "--report", target)
    page = page_of(target)
    assert colours_of(page) == []
    assert "its features were measured, not its video" in page.text


def test_a_place_that_is_taken_is_said_before_anything_is_measured(
    commands: Commands, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    ran = commands.text("eval", "library", "--report", mine)
    assert ran.code == 2
    assert "mine.html is no report of mediaindex, and is kept; choose another --report" in ran.err
    assert ran.err.count("\n") == 1
    assert mine.read_text() == "mine"
    nowhere = commands.text("eval", "library", "--report", tmp_path / "gone" / "page.html")
    assert (nowhere.code, "is no folder" in nowhere.err) == (2, True)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk on which no page has room."""
    yield from mounted(tmp_path / "tiny disk", "-t", "tmpfs", "-o", "size=8k", "tmpfs")


def test_figures_are_printed_though_the_page_cannot_be_written(
    shelf: Path, commands: Commands, tiny_disk: Path
) -> None:
    ran = commands.ran("eval", "library", "--report", tiny_disk / "page.html")
    assert ran.code == 7
    assert ran.json["report"] is None
    assert ran.json["rows"]
    assert "page.html cannot be written: No space left on device; nothing of it was kept" in ran.err
    assert list(tiny_disk.iterdir()) == []
