"""`eval library` on the described clips, beside figures made here of the JSON of single searches."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.commands import Commands, use_these_encoders

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(1800)]

DEPTHS = (1, 5, 10, 50)


def captions_of(folder: Path) -> list[tuple[str, str]]:
    """(path, caption) of the manifest, a caption that stands twice at a clip once."""
    entries = [json.loads(line) for line in (folder / "MANIFEST.jsonl").read_text("utf-8").splitlines()]
    return [
        (str(folder / entry["file"]), caption)
        for entry in entries
        for caption in dict.fromkeys(entry["captions"][:2])
    ]


def similarities(ask: Commands, texts: list[str], paths: list[str]) -> NDArray[np.float64]:
    """(Q, V) of the best moment of each video, as single searches print it."""
    found = np.full((len(texts), len(paths)), -np.inf)
    column = {path: number for number, path in enumerate(paths)}
    options = ("--channel", "pictures", "--hubs", "off", "--rerank", "off", "--limit", 1000, "--per-video", 1)
    for row, text in enumerate(texts):
        answer = ask("search", text, "--plain-text", *options, "--no-thumbnails", "--no-history")
        for hit in answer["hits"]:
            found[row, column[hit["path"]]] = hit["similarity"]
    return found


def figures(ranks: NDArray[np.int64]) -> dict[str, float]:
    recall = {f"R@{depth}": 100.0 * float((ranks < depth).mean()) for depth in DEPTHS}
    return {**recall, "MdR": float(np.median(ranks + 1)), "MnR": float((ranks + 1).mean())}


def row_of(report: dict[str, Any], direction: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = report["rows"]
    (row,) = [one for one in rows if (one["direction"], one["ranking"]) == (direction, "instant")]
    return row


def test_the_figures_are_those_of_single_searches(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_these_encoders(monkeypatch, "builtin")
    ask = Commands(tmp_path / "library", capsys)
    folder = shared / "corpus" / "videos"
    ask("index", folder, code=None)
    captions = captions_of(folder)
    table = tmp_path / "captions.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "caption"), *captions])
    assert ask("caption", "import", table)["imported"] == len(captions) > 200

    report = ask("eval", "library", "--direction", "both")

    paths = sorted({path for path, _caption in captions})
    right = np.array([paths.index(path) for path, _caption in captions])
    score = similarities(ask, [caption for _path, caption in captions], paths)
    own = score[np.arange(len(captions)), right]
    to_videos = (score >= own[:, None]).sum(axis=1) - 1
    best = np.array([[row[right == other].max() for other in range(len(paths))] for row in score.T])
    to_texts = (best >= np.diag(best)[:, None]).sum(axis=1) - 1
    for direction, ranks in (("t2v", to_videos), ("v2t", to_texts)):
        row = row_of(report, direction)
        assert (row["queries"], row["gallery"]) == (len(ranks), len(paths))
        told = {name: row["metrics"][name]["value"] for name in figures(ranks)}
        assert told == pytest.approx(figures(ranks), abs=0.01), direction
