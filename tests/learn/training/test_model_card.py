"""A model card: what the report says, as Markdown that no name can break."""

from __future__ import annotations

from typing import Any

from mediaindex.learn.training.model_card import interval, model_card


def bounds(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 1, "high": value + 1}


FIGURES = {name: bounds(40.0) for name in ("R@1", "R@5", "R@10", "MRR")}
REPORT: dict[str, Any] = {
    "encoder": "tiny",
    "digest": "0123456789abcdef" * 4,
    "recipe": "residual",
    "stage": "2",
    "steps": 60,
    "seed": 3,
    "data": {
        "train": {"clips": 80, "captions": 160, "sources": ["some", "a|b"]},
        "validation": {"clips": 40, "captions": 80, "sources": ["some"]},
        "test": None,
    },
    "measured_on": "validation",
    "rows": [{"direction": "t2v", "ranking": "blend", "queries": 80, "gallery": 40, "metrics": FIGURES}],
    "differences": [
        {
            "direction": "t2v",
            "ranking": "generator",
            "against": "blend",
            "source": source,
            "left_out": source == "other",
            "queries": 80,
            "metrics": {name: bounds(2.0) for name in ("R@1", "MRR")},
        }
        for source in (None, "some", "other")
    ],
    "gates": [{"component": "generator", "on": False, "reason": "no certain gain"}],
}


def test_a_card_shows_every_figure_of_the_report() -> None:
    lines = model_card(REPORT).splitlines()
    assert lines[0] == "# residual for tiny"
    assert "Stage 2, 60 steps, seed 3, made by `mediaindex train`." in lines
    assert "It ranks what the encoder tiny (0123456789ab) finds; no other reads it." in lines
    assert "| validation | 40 | 80 | some |" in lines
    assert not any(line.startswith("| test") for line in lines)
    figure = "40.00 [39.00, 41.00]"
    assert f"| t2v | blend | 80 | 40 | {figure} | {figure} | {figure} | {figure} |" in lines
    gain = "+2.00 [+1.00, +3.00]"
    between = "| t2v | generator less blend |"
    assert [line for line in lines if line.startswith(between)] == [
        f"{between} {source} | 80 | {gain} | {gain} |" for source in ("all", "some", "other, not trained on")
    ]
    assert lines[-3:] == ["## Gate", "", "generator off: no certain gain."]


def test_a_name_breaks_neither_the_table_nor_the_terminal() -> None:
    hostile = {**REPORT, "recipe": "\x1b[2Jresidual"}
    card = model_card(hostile)
    assert "\x1b" not in card
    assert "some, a\\|b" in card


def test_a_first_stage_has_no_gate() -> None:
    assert "## Gate" not in model_card({**REPORT, "gates": []})


def test_what_was_fitted_to_the_encoder_has_its_figures() -> None:
    held = {
        "questions": 480,
        "right": 0.4,
        "ece": 0.0234,
        "brier": 0.1876,
        "skill": 0.21,
        "confident": 0.3,
        "confident_with_answer": 0.5,
        "confident_without_answer": 0.1,
        "right_if_confident": 0.7,
        "curve": [{"probability": 0.154, "right": 0.151, "count": 807}],
    }
    confidence = {"fitted": True, "reason": "fitted to 300 clips", "clips": 300, "reliability": held}
    hubs = {"on": True, "reason": "it gains\x1b[2J"}
    card = model_card({**REPORT, "hubs": hubs, "confidence": confidence})
    assert "## Hub correction\n\non: it gains" in card
    assert "\x1b" not in card
    assert "calibration error 0.023, Brier score 0.188, skill +0.210." in card
    assert "| of the confident ones, right | 70.0 |" in card
    assert "| 0.15 | 0.15 | 807 |" in card
    none = model_card({**REPORT, "hubs": None, "confidence": {**confidence, "reliability": None}})
    assert none.endswith("## Confidence\n\nfitted to 300 clips.\n")


def test_bounds_are_written_with_two_digits() -> None:
    assert interval({"value": 1.5, "low": -0.25, "high": 2.0}) == "1.50 [-0.25, 2.00]"
    assert interval({"value": 1.5, "low": -0.25, "high": 2.0}, signed=True) == "+1.50 [-0.25, +2.00]"
