"""The benchmarks run, and what they print of clips whose answer is known is that answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mediaindex_models.denoiser import Direction, PaperDenoiser
from tests.support.media import DEFAULT_CLIP, Pixels, flat, write_clip
from tests.support.paths import BENCH

SCRIPTS = (
    "commands",
    "feedback",
    "first_answer",
    "fuzz",
    "generator",
    "ingest",
    "kill",
    "moments",
    "recall",
    "rerank",
    "score",
    "soak",
    "startup",
    "watch",
)
RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 40), (30, 40, 200), (120, 120, 120)
REPORT_KEYS = {"schema", "name", "command", "machine", "rows"}
MACHINE_KEYS = {"cpu", "cores", "memory_gib", "system", "python", "load_average", "measured"}
ROW_KEYS = {"what", "value", "unit", "baseline", "ratio"}

pytestmark = pytest.mark.timeout(400)

Rows = dict[str, dict[str, Any]]


def scene(colour: tuple[int, int, int]) -> list[Pixels]:
    """Four seconds of a coloured field with a bright square that moves."""
    pictures = []
    for number in range(4 * DEFAULT_CLIP.rate):
        picture = flat(*colour, width=160)
        left = 4 * number % 140
        picture[38:58, left : left + 20] = 240
        pictures.append(picture)
    return pictures


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three described clips; one was joined of three shots of 4 s."""
    folder = tmp_path_factory.mktemp("clips").resolve()
    shots = {"grey.mp4": (GREY,), "green.mp4": (GREEN,), "joined.mp4": (RED, GREEN, BLUE)}
    entries: list[dict[str, Any]] = []
    for name, colours in shots.items():
        write_clip(folder / name, [picture for colour in colours for picture in scene(colour)])
        stem = name.removesuffix(".mp4")
        entries.append({"file": name, "query": stem, "captions": [f"a {stem} field", f"something {stem}"]})
    names = ("a red field", "a green field", "a blue field")
    entries[-1]["segments"] = [
        {"start_s": 4.0 * n, "end_s": 4.0 * n + 4, "query": query} for n, query in enumerate(names)
    ]
    (folder / "MANIFEST.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return folder


@pytest.fixture(scope="module")
def searchable(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that has the clips."""
    library = tmp_path_factory.mktemp("bench") / "library"
    done = run("-m", "mediaindex", "index", clips, "--library", library, "--json")
    assert done.returncode == 0, done.stderr
    return library


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, to its end; one torch thread, for the machine may be busy."""
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "MEDIAINDEX_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def bench(name: str, *arguments: object, file: Path) -> Rows:
    """The rows that a script writes, by what they are of."""
    done = run(BENCH / f"{name}.py", *arguments, "--json", file)
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report.keys() == REPORT_KEYS
    assert (report["schema"], report["name"]) == (1, name)
    assert report["machine"].keys() == MACHINE_KEYS
    assert report["command"].startswith(f"python scripts/bench/{name}.py")
    rows: Rows = {}
    for row in report["rows"]:
        assert row.keys() == ROW_KEYS
        assert row["what"] in done.stdout
        rows[row["what"]] = row
    assert len(rows) == len(report["rows"])
    return rows


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_says_how_to_run_it(name: str) -> None:
    done = run(BENCH / f"{name}.py", "--help")
    assert done.returncode == 0, done.stderr
    assert f"python scripts/bench/{name}.py --quick" in done.stdout
    for flag in ("--quick", "--seed", "--json"):
        assert flag in done.stdout


@pytest.mark.parametrize("direction", ["t2v", "v2t"])
def test_the_published_loop_computes_what_the_network_computes(
    monkeypatch: pytest.MonkeyPatch, direction: Direction
) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from bench._published import published_denoiser

    torch.manual_seed(0)
    network = PaperDenoiser(16, direction=direction)
    sides = [(3,), (3, 5)] if direction == "t2v" else [(3, 5), (3,)]
    text, video = torch.randn(*sides[0], 16), torch.randn(*sides[1], 4, 16)
    mask = torch.rand(*sides[1], 4) < 0.7
    x, t = torch.randn(3, 5), torch.tensor([0, 20, 49])
    with torch.no_grad():
        published, ours = (
            published_denoiser(network, x, t, text, video, mask),
            network(x, t, text, video, mask),
        )
    torch.testing.assert_close(published, ours, atol=1e-5, rtol=0.0)


@pytest.mark.slow
def test_recall_ranks_every_text_beside_fresh_frames(clips: Path, tmp_path: Path) -> None:
    rows = bench("recall", "--quick", "--videos", clips, file=tmp_path / "rows.json")
    for what in ("query", "captions"):
        shares = [next(row for name, row in rows.items() if name.startswith(f"{what} R@{k}")) for k in (1, 5)]
        assert 0 <= shares[0]["value"] <= shares[1]["value"] == 100.0
        assert shares[1]["baseline"] == 100.0, "three videos stand among the first five"
        assert 1 <= rows[f"{what} MdR"]["value"] <= 3


@pytest.mark.slow
def test_recall_of_the_second_ranking_stands_beside_the_instant_one(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    flags = ("--videos", clips, "--library", searchable, "--rerank", "on", "--generator", "residual")
    rows = bench("recall", *flags, "--processes", 2, file=tmp_path / "rows.json")
    for what in ("query", "captions"):
        held = rows[f"{what} R@5 by residual, against the instant order (too few queries to decide anything)"]
        assert (held["value"], held["baseline"]) == (100.0, 100.0), "three videos"
    spent = rows["warm query with residual over 64 candidates, CPU, against one without"]
    assert spent["value"] > 0
    assert spent["ratio"] == pytest.approx(spent["value"] / spent["baseline"])
    assert rows["different orders of 3 queries by residual from 2 processes (at most 1)"]["value"] == 1
    assert not any("paper" in name for name in rows)


@pytest.mark.slow
def test_score_takes_the_products_own_figures_for_what_it_does(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    rows = bench("score", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json")
    for what in ("query", "captions"):
        for depth in (1, 5, 10):
            ours = rows[f"{what} R@{depth}, the product's: 3 best, 30 s around"]
            assert ours["value"] == rows[f"{what} R@{depth}, 3 best, 30 s around"]["value"]
        assert rows[f"{what} R@5, 1 best, segment"]["value"] == 100.0


@pytest.mark.slow
def test_moments_finds_every_joint_of_a_clip_of_three_colours(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    rows = bench("moments", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json")
    assert rows["2 shot boundaries: missed (at most 1)"]["value"] == 0
    assert rows["2 shot boundaries: false (at most 2)"]["value"] == 0
    assert rows["3 scenes: best second in the right one (at least 80)"]["value"] >= 100 / 3
    assert 0 < rows["mean temporal IoU"]["value"] <= 1


def test_moments_needs_a_clip_with_scenes(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.jsonl").touch()
    done = run(BENCH / "moments.py", "--videos", tmp_path)
    assert done.returncode == 1
    assert "segments" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    done = run(BENCH / "recall.py", "--videos", tmp_path / "none")
    assert done.returncode == 1
    assert "--videos" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_ingest_splits_the_cpu_time_of_both_sides(clips: Path, tmp_path: Path) -> None:
    rows = bench("ingest", "--quick", "--videos", clips, file=tmp_path / "rows.json")
    both = next(row for what, row in rows.items() if what.startswith("CPU, ours"))
    assert both["ratio"] == pytest.approx(both["baseline"] / both["value"])
    frames = rows["frames (plain to ours)"]
    assert frames["baseline"] == 4 + 4 + 12, "one frame a second"
    for who, total in (("ours", both["value"]), ("plain", both["baseline"])):
        parts = [row for what, row in rows.items() if what.startswith(f"{who}: ")]
        assert sum(part["value"] for part in parts) == pytest.approx(total)
        assert all(part["value"] >= 0 for part in parts)


@pytest.mark.slow
def test_startup_measures_help_and_a_cold_search(clips: Path, searchable: Path, tmp_path: Path) -> None:
    rows = bench(
        "startup", "--quick", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json"
    )
    cpu = next(row for what, row in rows.items() if what.startswith("mediaindex --help, CPU"))
    assert cpu["ratio"] > 0
    steps = [rows[f"cold search, {step}"]["value"] for step in ("encode", "candidates", "score", "moments")]
    assert sum(steps) == pytest.approx(rows["cold search, total"]["value"])
    assert rows["cold search, process, CPU"]["value"] > 0


@pytest.mark.slow
def test_rerank_compares_exact_forms_with_the_plain_loop(tmp_path: Path) -> None:
    rows = bench("rerank", "--quick", file=tmp_path / "rows.json")
    errors = {what: row["value"] for what, row in rows.items() if "50 exact steps: largest error" in what}
    assert len(errors) == 4, "two directions of two sizes"
    assert max(errors.values()) <= 10, "millionths: 1e-5"
    for row in rows.values():
        if row["unit"] == "ms":
            assert row["ratio"] == pytest.approx(row["baseline"] / row["value"])


@pytest.mark.corpus
@pytest.mark.timeout(1800)
def test_recall_of_the_real_clips_is_as_good_as_promised(shared: Path, tmp_path: Path) -> None:
    rows = bench("recall", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json")
    for depth, least in ((1, 57), (5, 80), (10, 88)):
        assert rows[f"query R@{depth} (at least {least})"]["value"] >= least


@pytest.mark.corpus
@pytest.mark.timeout(600)
def test_moments_of_the_real_tapes_are_as_good_as_promised(shared: Path, tmp_path: Path) -> None:
    rows = bench("moments", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json")
    assert rows["20 scenes: best second in the right one (at least 80)"]["value"] >= 80
    assert rows["20 scenes: temporal IoU of at least 0.5 (at least 50)"]["value"] >= 50
    assert rows["18 shot boundaries: missed (at most 1)"]["value"] <= 1
    assert rows["18 shot boundaries: false (at most 2)"]["value"] <= 2
