"""`eval library` where there is nothing to measure. What it measures is in tests/cli/test_eval.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from mediaindex.media import QueryFeatures
from tests.support.commands import Commands
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film
from tests.support.tiny_generators import write_generator


def test_a_library_without_sentences_says_what_to_do(commands: Commands, videos: Path) -> None:
    film(videos / "x.mp4", "red")
    commands("index", videos)
    ran = commands.text("eval", "library")
    assert ran.code == 2
    assert "no sentence with a known answer: 'mediaindex caption import FILE' takes captions in" in ran.err


def test_picks_favour_what_showed_them(commands: Commands, three: Path) -> None:
    commands("search", "red", "--channel", "pictures")
    commands("open", 1, "--player", "true {path}")
    answer = commands("eval", "library", "--direction", "t2v")
    assert [(row["queries_from"], row["direction"]) for row in answer["rows"]] == [("picks", "t2v")]
    assert answer["rows"][0]["metrics"]["R@1"]["value"] == 100.0
    assert any("picks favour the ranking that showed it" in note for note in answer["notes"])
    refused = commands.text("eval", "library", "--against", "absent")
    assert (refused.code, "there is no generator absent" in refused.err) == (4, True)


def test_each_sentence_is_encoded_once_for_all_rankings(
    commands: Commands, three: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    films = sorted(path for path in three.iterdir() if path.suffix == ".mp4")
    table = tmp_path / "captions.jsonl"
    said = [{"path": str(film), "caption": f"{film.stem} in the sun"} for film in films]
    table.write_text("".join(json.dumps(row) + "\n" for row in said), encoding="utf-8")
    assert commands("caption", "import", table)["imported"] == len(films)
    write_generator(commands.library / "generators" / "mine")
    embedded: Counter[str] = Counter()
    texts = FakeEncoder.texts

    def counted(self: FakeEncoder, given: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        embedded.update(given)
        return texts(self, given, tokens=tokens)

    monkeypatch.setattr(FakeEncoder, "texts", counted)
    answer = commands("eval", "library")
    rankings = {row["ranking"] for row in answer["rows"]}
    assert {"instant", "search"} <= rankings
    assert embedded == {row["caption"]: 1 for row in said}
