"""Curves for TensorBoard, where it is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mediaindex.learn.training.curves import Curves

Point = tuple[str, float, int]


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """The points that a stand-in for TensorBoard, which is no dependency of the tests, was given."""
    given: list[Point] = []

    class SummaryWriter:
        def __init__(self, folder: str, *, purge_step: int) -> None:
            given.append((f"purged {Path(folder).name}", 0.0, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            given.append((name, value, step))

        def close(self) -> None:
            given.append(("closed", 0.0, 0))

    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=SummaryWriter))
    return given


def test_every_value_is_a_point_of_its_own_curve(points: list[Point], tmp_path: Path) -> None:
    curves = Curves(tmp_path / "curves", step=0)
    curves.add(1, {"loss": 0.5, "learning_rate": 0.1})
    curves.close()
    assert points == [
        ("purged curves", 0.0, 1),
        ("loss", 0.5, 1),
        ("learning_rate", 0.1, 1),
        ("closed", 0.0, 0),
    ]


def test_a_run_that_goes_on_replaces_what_comes_after_its_step(points: list[Point], tmp_path: Path) -> None:
    Curves(tmp_path / "curves", step=7)
    assert points == [("purged curves", 0.0, 8)]


def test_without_tensorboard_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    curves = Curves(tmp_path / "curves", step=0)
    curves.add(1, {"loss": 0.5})
    curves.close()
    assert not list(tmp_path.iterdir())
