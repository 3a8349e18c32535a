"""Subtitles beside films: which film, which times, and what is indexed again when they change."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts, index_quietly
from tests.support.films import film, srt
from tests.support.paths import CHECKOUT

SIDECARS = CHECKOUT / "tests/fixtures/reported/10-sidecars"
# Word → film, from the public bug reports that these files stand for.
WORDS = {
    "zebra": "Harbour.mp4",
    "lantern": "Harbour.mp4",
    "anchor": "Harbour 2.mp4",
    "violin": "Harbour.2021.mp4",
    "teapot": "Café.mp4",
    "falcon": "CLIP.MP4",
    "compass": "Take.One.mkv",
}
LISTED = {
    "Harbour.mp4": [("Harbour.en.srt", "en", False), ("Harbour.fr.forced.srt", "fr", True)],
    "Harbour 2.mp4": [("Harbour 2.srt", None, False)],
    "Harbour.2021.mp4": [("Harbour.2021.en.srt", "en", False)],
    "Harbour-night.mp4": [],
    "Café.mp4": [("Café.srt", None, False)],
    "CLIP.MP4": [("clip.srt", None, False)],
    "Take.One.mkv": [("Take.One.zh-Hans.srt", "zh-Hans", False)],
    "Tagged.mkv": [("Tagged.ass", None, False)],
}


@pytest.fixture(scope="session")
def reported_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("reported") / "library"
    index_quietly(library, SIDECARS)
    return library


@pytest.fixture
def reported(reported_library: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(reported_library, capsys)


def composed(path: str) -> str:
    return unicodedata.normalize("NFC", Path(path).name)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_finds_its_film_and_its_cue(word: str, reported: Commands) -> None:
    (hit,) = reported.hits(word, "--channel", "words")
    assert composed(hit["path"]) == WORDS[word]
    assert (hit["start_seconds"], hit["end_seconds"]) == (2.0, 4.0)
    assert hit["words"] == [{"word": word, "field": "subtitle"}]
    first = reported.hits(word)[0]
    assert (composed(first["path"]), first["start_seconds"]) == (WORDS[word], 2.0)


@pytest.mark.parametrize("word", ["orphan", "fs28", "translator", "marmalade", "m 0 0"])
def test_what_is_nobodys_or_no_text_finds_nothing(word: str, reported: Commands) -> None:
    assert reported.hits(word, "--channel", "words") == []


@pytest.mark.parametrize(
    ("words", "start", "end"), [("open the gate please and wait", 1.0, 2.0), ("it was about 1960", 5.0, 6.0)]
)
def test_text_without_its_markup(words: str, start: float, end: float, reported: Commands) -> None:
    hit = reported.hits(words, "--channel", "words")[0]
    assert Path(hit["path"]).name == "Tagged.mkv"
    assert (hit["start_seconds"], hit["end_seconds"]) == (start, end)


def test_every_film_lists_its_own_subtitles(reported: Commands) -> None:
    shown = {}
    for path in SIDECARS.iterdir():
        if path.suffix.lower() in (".mp4", ".mkv"):
            subtitles = reported("show", path)["subtitles"]
            assert all(list(row) == ["file", "language", "forced"] for row in subtitles)
            shown[composed(str(path))] = [
                (composed(row["file"]), row["language"], row["forced"]) for row in subtitles
            ]
    assert {film: sorted(rows) for film, rows in shown.items()} == LISTED


def test_a_sidecar_that_comes_changes_and_goes(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", ("red", 6.0))
    commands("index", videos)
    assert commands.hits("walrus", "--channel", "words") == []

    sidecar = srt(videos / "red.en.srt", (2.0, 4.0, "here comes the walrus"))
    assert counts(commands("index", videos)) == {"videos": 1, "unchanged": 1}
    (hit,) = commands.hits("walrus", "--channel", "words")
    assert (hit["start_seconds"], hit["end_seconds"]) == (2.0, 4.0)

    srt(sidecar, (3.0, 5.0, "no, it is a penguin"))
    os.utime(sidecar, (1_000_000_000, 1_000_000_000))
    assert commands("index", videos)["decoded"] == 0
    assert commands.hits("walrus", "--channel", "words") == []
    assert commands.hits("penguin", "--channel", "words")[0]["start_seconds"] == 3.0

    sidecar.unlink()
    assert commands("index", videos)["decoded"] == 0
    assert commands.hits("penguin", "--channel", "words") == []
    assert commands("show", videos / "red.mp4")["subtitles"] == []


def test_encodings_are_named_by_detection(videos: Path, commands: Commands) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"
    for name, line, encoding in (
        ("latin", "Die Brücke über den Fluß, schöne Grüße aus Köln", "cp1252"),
        ("cyrillic", "Медведь идёт через лес и поёт песню о море", "cp1251"),
        ("wide", "the albatross flies over the ocean", "utf-16"),
    ):
        film(videos / f"{name}.mkv", ("red", 3.0), fps=5 + len(name))
        (videos / f"{name}.srt").write_bytes(text.format(line).encode(encoding))
    commands("index", videos)
    assert commands.files("Brücke", "--channel", "words") == ["latin.mkv"]
    assert commands.files("brucke", "--channel", "words") == ["latin.mkv"]
    assert commands.files("Медведь", "--channel", "words") == ["cyrillic.mkv"]
    assert commands.files("albatross", "--channel", "words") == ["wide.mkv"]


def test_a_sidecar_that_cannot_be_read_harms_nothing(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    (videos / "red.srt").write_bytes(os.urandom(4000))
    (videos / "red.en.vtt").mkdir()
    assert commands("index", videos)["failed"] == []
    assert commands.files("red", "--channel", "words") == ["red.mp4"]


def test_embedded_subtitles_are_words(videos: Path, commands: Commands) -> None:
    import av

    plain = film(videos / "plain.mkv", ("red", 4.0))
    cues = srt(videos / "cues.srt", (1.0, 2.0, "a heron wades"))
    with (
        av.open(str(videos / "with words.mkv"), "w") as output,
        av.open(str(plain)) as pictures,
        av.open(str(cues)) as words,
    ):
        sources = (pictures, words)
        streams = {s.streams[0]: output.add_stream_from_template(s.streams[0]) for s in sources}
        for source in sources:
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream]
                    output.mux(packet)
    plain.unlink()
    cues.unlink()
    commands("index", videos)
    (hit,) = commands.hits("heron", "--channel", "words")
    assert (hit["start_seconds"], hit["end_seconds"]) == (1.0, 2.0)
    (row,) = commands("show", videos / "with words.mkv")["subtitles"]
    assert row["file"].startswith("stream ")
