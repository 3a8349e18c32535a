"""An encoder that nobody has seen before: from captioned pictures to reranked answers with a confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediaindex.learn.scorer import fitting
from mediaindex.store.vectors.fitted import FOLDER
from tests.support import checkpoints
from tests.support.captioned_pictures import captioned_pictures
from tests.support.commands import Commands, loaded_once, use_these_encoders
from tests.support.films import film

SIZES = {"train": 60, "val": 20, "test": 220}
FEW = ("--steps", 2, "--device", "cpu")


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tiny checkpoint of open_clip with random weights; its name."""
    pytest.importorskip("sklearn")
    monkeypatch.setenv("MEDIAINDEX_THREADS", "1")
    name = f"open_clip:{checkpoints.open_clip_folder(tmp_path / 'tiny')}"
    use_these_encoders(monkeypatch, name)
    return name


@pytest.fixture
def indexed(commands: Commands, videos: Path, encoder: str) -> Commands:
    for number, colours in enumerate((("red", "blue"), ("green", "white"), ("black", "orange"))):
        film(videos / f"{number}.mp4", *((colour, 2.0) for colour in colours))
    commands("index", videos)
    return commands


def features(commands: Commands, encoder: str, folder: Path) -> list[Path]:
    """A feature file of each split."""
    captioned_pictures(folder / "pictures", SIZES)
    files = []
    for split in SIZES:
        files.append(folder / f"{split}.parquet")
        words = ("--split", split, "--encoder", encoder, "--out", files[-1], "--device", "cpu")
        commands("features", folder / "pictures", *words)
    return files


def confidences(answer: dict[str, Any]) -> set[bool]:
    """Whether hits have one."""
    return {hit["confidence"] is not None for hit in answer["hits"]}


def test_from_captioned_pictures_to_confident_answers(
    indexed: Commands, encoder: str, tmp_path: Path
) -> None:
    ask = ("search", "a red dog", "--channel", "pictures")
    command = f"'mediaindex train --encoder {encoder} --"

    before = indexed(*ask)
    assert confidences(before) == {False}
    assert before["confident"] is None
    status = indexed("status")
    for row in (status["confidence"], status["hubs"], before["hubs"], before["rerank"], status["rerank"][0]):
        assert row["on"] is False
        assert command in row["reason"]
    explained = indexed.text(*ask, "--explain").out
    assert "confidence of pictures off (by no calibration)" in explained
    assert explained.count(command) >= 3
    refused = indexed.ran(*ask, "--rerank", "on")
    assert (refused.code, command in refused.json["error"]) == (4, True)

    files = features(indexed, encoder, tmp_path)
    report = indexed("train", "--encoder", encoder, "--features", *files, *FEW)
    assert report["confidence"]["fitted"], report["confidence"]
    assert report["confidence"]["reliability"]["questions"] == 2 * 60 * 40
    assert report["confidence"]["reliability"]["ece"] < 0.2, "chance is told as chance"
    assert report["hubs"]["queries"] == 2 * SIZES["test"]
    refit = report["confidence"]["refit"]
    for of_kind in (refit, refit["words"]):
        assert (of_kind["judged"], of_kind["needed"], of_kind["refitted"]) == (0, 200, False)
    assert Path(report["path"]).parent == indexed.library / "generators"

    after = indexed(*ask)
    assert confidences(after) == {True}
    assert after["confident"] in (True, False)
    assert (after["rerank"]["on"], after["rerank"]["by"]) == (False, "test")
    assert "no certain gain" in after["rerank"]["reason"] or "but" in after["rerank"]["reason"]
    status = indexed("status")
    assert (status["confidence"]["on"], status["confidence"]["by"]) == (True, "calibration")
    assert (status["hubs"]["by"], status["hubs"]["on"]) in (
        ("test", report["hubs"]["on"]),
        ("no hubs", False),
    )
    assert "confidence of pictures on (by calibration)" in indexed.text(*ask, "--explain").out
    reranked = indexed(*ask, "--rerank", "on")
    assert reranked["rerank"]["on"] is True
    assert {hit["segment_id"] for hit in reranked["hits"]} == {hit["segment_id"] for hit in after["hits"]}
    assert indexed.hits("a red dog", "--channel", "pictures", "--min-confidence", 0.0)


def test_a_damaged_file_of_the_library_is_named_and_mended(
    indexed: Commands, encoder: str, tmp_path: Path
) -> None:
    files = features(indexed, encoder, tmp_path)
    report = indexed("train", "--encoder", encoder, "--features", *files, *FEW)
    path = Path(report["fitted"])
    assert path.parent == indexed.library / FOLDER
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    status = indexed("status")
    assert status["confidence"]["on"] is False
    assert "is not read, it is damaged; 'mediaindex train --encoder" in status["confidence"]["reason"]
    assert confidences(indexed("search", "a red dog", "--channel", "pictures")) == {False}
    indexed("train", "--encoder", encoder, "--features", *files, "--out", tmp_path / "again", *FEW)
    assert path.read_bytes() == whole


def test_features_of_another_encoder_are_refused(
    indexed: Commands, encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = features(indexed, encoder, tmp_path)
    other = f"transformers:{checkpoints.clip_folder(tmp_path / 'other')}"
    ran = indexed.ran("train", "--encoder", other, "--features", *files, *FEW)
    assert ran.code == 4
    assert "make them again with 'mediaindex features --encoder" in ran.json["error"]
    assert not (indexed.library / FOLDER).exists()


def test_a_scorer_of_regions_is_trained_and_taken_up(
    indexed: Commands, encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "STEPS", 10)
    files = features(indexed, encoder, tmp_path)
    media = ("--media", tmp_path / "pictures")
    report = indexed("train", "--encoder", encoder, "--features", *files, *media, *FEW)
    assert (tmp_path / "tiny" / "scorer.safetensors").is_file()
    assert report["scorer"]["path"] == str(tmp_path / "tiny" / "scorer.safetensors")
    rankings = ["blend", "corrected", "linear", "pointwise", "without diffusion", "generator"]
    assert [row["ranking"] for row in report["rows"]] == rankings
    gates = {gate["component"]: gate for gate in report["gates"]}
    assert list(gates) == ["generator", "linear", "pointwise", "without diffusion"]
    assert not any(gate["on"] for gate in gates.values()), "no source was left out"
    card = (Path(report["path"]) / "README.md").read_text(encoding="utf-8")
    assert "pointwise off: " in card
    loaded_once.cache_clear()
    for_residual = ("search", "a red dog", "--channel", "pictures", "--generator", "residual")
    ask = ("search", "a red dog", "--channel", "pictures", "--generator", "linear")
    lacking = indexed.ran(*ask, "--rerank", "on")
    assert (lacking.code, "the next 'mediaindex index'" in lacking.json["error"]) == (4, True)
    indexed("models", "use", encoder)
    (space,) = [space for space in indexed("status")["spaces"] if space["serving"]]
    assert space["evidence"]["vectors"] == space["evidence"]["of"] == space["vectors"]
    answer = indexed(*ask, "--rerank", "on")
    assert (answer["rerank"]["on"], answer["rerank"]["generator"]) == (True, "linear")
    assert answer["rerank"]["with_evidence"] == answer["rerank"]["candidates"] > 0
    read = indexed(*for_residual, "--rerank", "on")
    assert (read["rerank"]["on"], read["rerank"]["path"]) == (True, report["path"])
    assert read["rerank"]["with_evidence"] == read["rerank"]["candidates"] > 0
    assert {hit["segment_id"] for hit in read["hits"]} == {hit["segment_id"] for hit in answer["hits"]}
    for question, component in ((ask, "linear"), (for_residual, "generator")):
        plain = indexed(*question)["rerank"]
        assert (plain["on"], plain["by"], plain["reason"]) == (False, "test", gates[component]["reason"])
    refused = indexed.ran("train", "--features", *files, *media)
    assert (refused.code, "name it with --encoder NAME" in refused.json["error"]) == (2, True)
