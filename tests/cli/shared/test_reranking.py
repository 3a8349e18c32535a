"""`search --rerank`: what is on and why, what it changes, and the same order from another process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Commands, index_quietly, process
from tests.support.films import film, jpeg
from tests.support.tiny_generators import NO_GAIN, OFF, write_generator
from tests.support.waiting import WAIT_SECONDS

ROW = {"generator", "on", "by", "reason", "path"}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reranked")
    for colour in ("red", "blue", "green"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    film(folder / "videos" / "flag.mp4", ("red", 3.0), ("white", 3.0), ("blue", 3.0))
    index_quietly(folder / "library", folder / "videos")
    return folder / "library"


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed, tmp_path / "library")


def order(answer: dict[str, Any]) -> list[tuple[str, float]]:
    return [(Path(hit["path"]).stem, hit["start_seconds"]) for hit in answer["hits"]]


def test_without_a_generator_a_search_says_which_command_makes_one(commands: Commands) -> None:
    answer = commands("search", "red")
    assert answer["rerank"].keys() == ROW | {"candidates", "none_probability", "with_evidence"}
    assert (answer["rerank"]["on"], answer["rerank"]["path"]) == (False, None)
    assert "mediaindex train --encoder colours" in answer["rerank"]["reason"]
    assert {hit["generated_probability"] for hit in answer["hits"]} == {None}
    assert answer["timings_ms"]["rerank"] is None
    refused = commands.ran("search", "red", "--rerank", "on")
    assert refused.code == 4
    assert "mediaindex train --encoder colours" in refused.json["error"]
    assert len(refused.err.splitlines()) == 1


def test_a_generator_whose_gate_is_on_ranks(commands: Commands) -> None:
    folder = write_generator(commands.library / "generators" / "mine", strength=0.5)
    answer = commands("search", "red", "--channel", "pictures", "--per-video", 9)
    instant = commands("search", "red", "--channel", "pictures", "--per-video", 9, "--rerank", "off")
    assert answer["rerank"]["on"]
    assert answer["rerank"]["path"] == str(folder)
    assert answer["rerank"]["candidates"] == len(answer["hits"]) == len(instant["hits"])
    shares = [hit["generated_probability"] for hit in answer["hits"]]
    assert sum(shares) + answer["rerank"]["none_probability"] == pytest.approx(1, abs=1e-5)
    assert shares == sorted(shares, reverse=True), "the order is the generator's"
    assert answer["timings_ms"]["rerank"] > 0
    assert sorted(order(answer)) == sorted(order(instant))
    assert sorted(hit["instant_rank"] for hit in answer["hits"]) == [hit["rank"] for hit in instant["hits"]]
    assert (instant["rerank"]["by"], instant["rerank"]["candidates"]) == ("--rerank off", None)


def test_only_the_best_candidates_are_ranked(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine")
    answer = commands("search", "red", "--channel", "pictures", "--candidates", 2)
    assert answer["rerank"]["candidates"] == 2
    assert [hit["generated_probability"] is None for hit in answer["hits"][:3]] == [False, False, True]
    wrong = commands.ran("search", "red", "--candidates", "many")
    assert wrong.code == 2
    assert "--candidates" in wrong.json["error"]


def test_a_gate_that_is_off_gives_its_reason(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine", "paper", gate=OFF)
    told = commands.text("search", "red", "--generator", "paper")
    assert NO_GAIN in told.err
    assert "--rerank on" in told.err
    assert NO_GAIN not in commands.text("search", "red").err
    forced = commands("search", "red", "--generator", "paper", "--rerank", "on")["rerank"]
    assert (forced["on"], forced["by"], forced["generator"]) == (True, "--rerank on", "paper")
    assert NO_GAIN in forced["reason"]


def test_status_tells_both_generators(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine")
    residual, linear, paper = commands("status")["rerank"]
    assert residual.keys() == linear.keys() == paper.keys() == ROW
    assert "builtin-linear was trained for the encoder builtin" in linear["reason"]
    assert (residual["generator"], residual["on"], paper["on"]) == ("residual", True, False)
    assert "--recipe paper" in paper["reason"]
    told = commands.text("status").out
    assert f"generator residual: on, {residual['reason']}" in told
    assert "generator paper: off" in told


def test_explain_says_why_each_moment_stands_where_it_stands(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine")
    lines = commands.text("search", "red", "--explain").out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("rerank on (residual, by test): MRR"))
    assert "moments reranked; none of them with probability 0." in lines[start + 1]
    assert lines[start + 2].split()[:3] == ["1", "by", "both"]
    assert "by pictures 1" in lines[start + 2]
    assert "generated 0." in lines[start + 2]
    plain = commands.text("search", "red", "--explain", "--rerank", "off", "--channel", "words").out
    assert "rerank off (residual, by --channel words)" in plain


def test_damaged_weights_leave_a_search_as_it_was(commands: Commands) -> None:
    folder = write_generator(commands.library / "generators" / "mine")
    (folder / "model.safetensors").write_bytes(b"none")
    answer = commands("search", "red")
    assert not answer["rerank"]["on"]
    assert "model.safetensors" in answer["rerank"]["reason"]
    assert answer["rerank"]["by"] == "unusable generator"
    assert answer["rerank"]["reason"].endswith(f"; remove {folder}, or train it again")
    assert order(answer) == order(commands("search", "red", "--rerank", "off"))
    assert commands.ran("search", "red", "--rerank", "on").code == 4


def test_nothing_found_is_nothing_ranked(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine")
    found = commands("search", "red", "--min-score", 2, "--channel", "pictures")["rerank"]
    assert (found["on"], found["by"], found["candidates"]) == (False, "no candidates", None)


def test_a_picture_is_no_sentence(commands: Commands, tmp_path: Path) -> None:
    write_generator(commands.library / "generators" / "mine", strength=0.5)
    answer = commands("similar", jpeg(tmp_path / "red.jpg", "red"))
    assert (answer["rerank"], answer["timings_ms"]["rerank"]) == (None, None)


def test_an_example_beside_words_is_no_sentence(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine", strength=0.5)
    rerank = commands("search", "red like:flag.mp4@1")["rerank"]
    assert (rerank["on"], rerank["by"], rerank["candidates"]) == (False, "like:", None)


@pytest.mark.slow
def test_another_process_gives_the_same_order(commands: Commands) -> None:
    write_generator(commands.library / "generators" / "mine", "paper", strength=0.1)
    words = ("search", "red white", "--generator", "paper")
    child = process(*words, "--json", library=commands.library, variables={"PYTHONHASHSEED": "12345"})
    out, err = child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == 0, err
    here, there = commands(*words)["hits"], json.loads(out)["hits"]
    assert any(hit["generated_probability"] for hit in here)
    assert here == there
