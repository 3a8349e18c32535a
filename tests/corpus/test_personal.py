"""The personal round trip on real clips: index, import 60 captions, train, read the report, go back.

The generator lies in a temporary library, and goes with it.
"""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest

from tests.support.commands import Commands, use_these_encoders

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(1800)]

CAPTIONS = 60
MINUTES = 10


def table_of(shared: Path, out: Path) -> Path:
    """The captions of the first clips of the manifest, two a clip, as a user's table."""
    folder = shared / "corpus" / "videos"
    entries = [json.loads(line) for line in (folder / "MANIFEST.jsonl").read_text("utf-8").splitlines()]
    rows = [(folder / entry["file"], caption) for entry in entries for caption in entry["captions"][:2]]
    with out.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "caption"), *rows[:CAPTIONS]])
    return out


def test_a_user_teaches_the_library_and_goes_back(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_these_encoders(monkeypatch, "builtin")
    ask = Commands(tmp_path / "library", capsys)
    began = time.monotonic()
    ask("index", shared / "corpus" / "videos", code=None)
    assert ask("caption", "import", table_of(shared, tmp_path / "captions.csv"))["imported"] == CAPTIONS
    report = ask("train")
    assert time.monotonic() - began < 60 * MINUTES
    assert (report["captions"], report["videos"], report["left_out"]) == (CAPTIONS, CAPTIONS // 2, 0)
    assert [row["ranking"] for row in report["rows"]] == ["instant", "shipped", "personal"]
    (gate,) = report["gates"]
    assert gate["on"] is report["promoted"]
    said = ask.text("train").out.splitlines()[-1]
    question = ("search", "a dog", "--channel", "pictures")
    if report["promoted"]:
        name = report["current"]
        assert Path(ask(*question)["rerank"]["path"]).name == name
        assert ask("models", "use", "previous") == {"schema": 1, "generator": None, "previous": name}
        assert Path(ask(*question)["rerank"]["path"]).name == "builtin-linear"
        assert ask("models", "use", "previous")["generator"] == name
    else:
        assert "no gain on your captions" in said
        assert said.endswith("kept the old one")
        assert ask("status")["personal"] is None
        assert ask.text("models", "use", "previous").code == 2
