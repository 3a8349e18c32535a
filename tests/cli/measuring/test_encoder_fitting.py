"""What was made for an encoder, as a person reads it, and a library that cannot be written."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from mediaindex.cli.measuring.encoder_fitting import lines_of
from mediaindex.store.vectors import fitted
from tests.support.commands import Commands, use_these_encoders
from tests.support.training_features import colour_features

GATE = {"on": False, "reason": "no certain gain"}


def report(**values: Any) -> dict[str, Any]:
    return {"encoder": "tiny", "hubs": None, "confidence": None, "scorer": None, **values}


def test_nothing_is_said_of_what_was_not_made() -> None:
    assert list(lines_of(report())) == []
    refit = {"reason": "200 captions are needed", "words": {"reason": "words answer none"}}
    unfitted = {"reliability": None, "reason": "too few clips", "refit": refit}
    assert list(lines_of(report(hubs=GATE, confidence=unfitted))) == [
        "hub correction off: no certain gain",
        "too few clips",
        "200 captions are needed",
        "words answer none",
    ]


def test_a_scorer_says_how_it_is_taken_up() -> None:
    one, other = lines_of(report(scorer={"path": "/w/scorer.safetensors", **GATE}))
    assert one == "scorer of regions in /w/scorer.safetensors; its mixture is off: no certain gain"
    assert other.startswith("'mediaindex models use tiny' takes it up")


def test_a_full_disk_is_one_line(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    use_these_encoders(monkeypatch)

    def full(*_args: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/library/fitted")

    monkeypatch.setattr(fitted, "write_fitted", full)
    made = colour_features(tmp_path / "a.parquet", 240)
    words = ("--steps", 2, "--device", "cpu")
    ran = Commands(library, capsys).text("train", "--encoder", "colours", "--features", made, *words)
    assert ran.code == 7
    assert "/library/fitted cannot be written: No space left on device" in ran.err
