"""Rows for JSON and for a person."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mediaindex.cli.measuring.figure_tables import EvalReport, differences_between, print_report, row_of
from mediaindex.cli.shared.output import Output
from mediaindex.learn.benchmarks.video_files import LeftOut
from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.learn.evaluation.retrieval_trial import Direction
from mediaindex.search.ranking.gate import Gate


def ranked(places: list[int], direction: Direction = "t2v") -> RankedQueries:
    ranks = np.array(places, np.float64)
    return RankedQueries(direction, "blend", ranks, 1 / (1 + ranks), np.arange(len(ranks)), 9)


def report() -> EvalReport:
    found = EvalReport("msvd", "some encoder", gates=[Gate("generator", False, "msvd", "no gain")])
    found.rows.append(row_of(ranked([0, 1]), "msvd", sampling="benchmark", domain="in", missing=2))
    found.differences += differences_between(
        [ranked([0, 1])],
        [ranked([1, 1]), ranked([0, 0], "v2t")],
        ("one", "two"),
        "msvd",
        sampling="benchmark",
    )
    found.left_out += [LeftOut(f"clip{number}", "gone") for number in range(22)]
    found.notes.append("a note")
    return found


def test_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(), 1.5, Output(as_json=True, command="eval"))
    answer = json.loads(capsys.readouterr().out)
    (row,) = answer["rows"]
    assert (row["queries"], row["gallery"], row["missing"], row["domain"]) == (2, 9, 2, "in")
    assert row["metrics"]["MnR"]["value"] == 1.5
    (difference,) = answer["differences"]
    assert difference["metrics"]["R@1"] == {"value": 50.0, "low": 0.0, "high": 100.0}
    assert {one["benchmark"] for one in answer["published"]} == {"msvd"}
    assert (len(answer["left_out"]), answer["regression"], answer["elapsed_seconds"]) == (22, None, 1.5)
    assert answer["report"] is None


def test_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(), 1.5, Output(as_json=False, command="eval"), Path("/there/page.html"))
    out = capsys.readouterr().out
    assert "t2v  blend, in domain  R@1 50.0 [0.0, 100.0]" in out
    assert "(2 queries, 9 items, 2 missing)" in out
    assert "t2v  one less two: R@1 +50.0 [+0.0, +100.0], mAP +25.0 [+0.0, +50.0]: undecided" in out
    assert "published (* unverified):" in out
    assert "MnR 4.5*" in out
    assert "generator off: no gain" in out
    assert "left out clip19: gone\nleft out 2 more (--json names them)\nnote: a note\n" in out
    assert out.endswith("report: /there/page.html\n")
