"""The folder of a mixture: what is written is what a search reads, and another one takes its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.search.ranking.mixture import Mixture


def write(folder: Path, *weights: float) -> dict[str, Any]:
    write_mixture(
        folder,
        encoder=("builtin", "0" * 64),
        width=384,
        scorer="a scorer",
        weights=weights,
        deviation=0.1,
        report={"gates": []},
    )
    written: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return written


def test_a_mixture_is_what_a_search_reads(tmp_path: Path) -> None:
    config = write(tmp_path / "box" / "linear", 1, 2, 3, 4, 5)
    assert Mixture.of(config) == Mixture("a scorer", (1.0, 2.0, 3.0, 4.0, 5.0), 0.1)
    assert config["encoder"] == {"name": "builtin", "digest": "0" * 64}


def test_another_one_takes_its_place(tmp_path: Path) -> None:
    write(tmp_path / "linear", 1, 2, 3, 4, 5)
    assert Mixture.of(write(tmp_path / "linear", 5, 4, 3, 2, 1)).weights[0] == 5.0
    assert [path.name for path in (tmp_path / "linear").iterdir()] == ["config.json"]
