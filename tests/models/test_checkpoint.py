"""Generators on disk: whole or not at all, for one encoder, without a pickle."""

from __future__ import annotations

import json
import os
import pickle
import resource
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mediaindex_models.checkpoint import (
    CheckpointError,
    EncoderIdentity,
    OtherEncoder,
    SavedGenerator,
    denoiser_from_reference,
    digest,
    load,
    read_reference,
    save,
)
from mediaindex_models.distribution import Calibration
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.presets import preset
from tests.support.golden import FIXTURES, Golden
from tests.support.list_features import EVIDENCE, WIDTH, random_lists

OURS = EncoderIdentity("builtin", "a" * 64)


def new_generator(name: str = "residual", *, matcher: bool = False) -> SavedGenerator:
    torch.manual_seed(1)
    generator = Generator(preset(name, width=WIDTH, evidence=EVIDENCE))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return SavedGenerator(
        generator,
        OURS,
        calibration={"t2v": Calibration(2.0, 0.5, -1.0)},
        report={"gate": {"on": True}},
        matcher=Matcher(WIDTH, layers=1, places=8) if matcher else None,
    )


@pytest.mark.parametrize("name", ["paper", "residual", "pointwise", "residual-without-diffusion"])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    saved = new_generator(name)
    save(saved, tmp_path / "g", card="# A card\n")
    found = load(tmp_path / "g", encoder=OURS)
    assert (found.encoder, found.calibration, found.report) == (
        saved.encoder,
        saved.calibration,
        saved.report,
    )
    assert found.generator.spec == saved.generator.spec
    lists = random_lists("v2t", evidence=saved.generator.spec.evidence)
    before, after = (held.generator.ranker("v2t")(lists, seeds=[1, 2, 3]).score for held in (saved, found))
    assert torch.equal(before, after)
    assert sorted(path.name for path in (tmp_path / "g").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


def test_a_matcher_goes_with_it(tmp_path: Path) -> None:
    saved = new_generator("paper", matcher=True)
    save(saved, tmp_path / "g", card="")
    found = load(tmp_path / "g").matcher
    assert saved.matcher is not None
    assert found is not None
    assert torch.equal(found.temporal.places.weight, saved.matcher.temporal.places.weight)


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    save(new_generator(), tmp_path / "whole", card="")
    save(new_generator(), tmp_path / "half", card="", dtype=torch.float16)
    whole, half = ((tmp_path / name / "model.safetensors").stat().st_size for name in ("whole", "half"))
    assert half < 0.6 * whole
    assert next(load(tmp_path / "half").generator.parameters()).dtype == torch.float32


@pytest.mark.parametrize("name", ["paper", "residual"])
def test_a_generator_of_the_builtin_encoder_fits_in_six_megabytes(tmp_path: Path, name: str) -> None:
    generator = Generator(preset(name, width=384, evidence=256))
    save(SavedGenerator(generator, OURS), tmp_path / "g", card="", dtype=torch.float16)
    assert (tmp_path / "g" / "model.safetensors").stat().st_size <= 6e6


def test_another_encoder_is_refused_by_name(tmp_path: Path) -> None:
    save(new_generator(), tmp_path / "mine", card="")
    for other in (EncoderIdentity("fast", "b" * 64), replace(OURS, digest="b" * 64)):
        with pytest.raises(
            OtherEncoder, match=rf"mine was trained for the encoder builtin \(a+\), not for {other.name}"
        ):
            load(tmp_path / "mine", encoder=other)


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    save(new_generator(), tmp_path / "g", card="first")
    with pytest.raises(FileExistsError, match="exists"):
        save(new_generator(), tmp_path / "g", card="second")
    assert (tmp_path / "g" / "README.md").read_text() == "first"
    save(new_generator("paper"), tmp_path / "g", card="third", overwrite=True)
    assert load(tmp_path / "g").generator.spec.recipe == "paper"
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


def rewrite(folder: Path, **changes: object) -> None:
    """Change settings of a written config.json."""
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_damage_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "g"
    save(new_generator(), folder, card="")
    config, weights = json.loads((folder / "config.json").read_text()), folder / "model.safetensors"

    for changes, message in (
        ({"format": 2}, "format 2"),
        ({"encoder": None}, "encoder is missing"),
        ({"encoder": {"name": "x"}}, "digest"),
        ({"generator": {**config["generator"], "width": 1 << 40}}, "width is a whole number"),
        ({"generator": {**config["generator"], "width": "8"}}, "width is a whole number"),
        ({"generator": {**config["generator"], "surprise": 1}}, "surprise"),
        ({"calibration": {"t2v": {"temperature": 0, "none_bias": 0, "none_slope": 0}}}, "three numbers"),
        (
            {"calibration": {"t2v": {"temperature": 10**400, "none_bias": 0, "none_slope": 0}}},
            "three numbers",
        ),
        ({"calibration": {"zzz": {"temperature": 1, "none_bias": 0, "none_slope": 0}}}, "a direction is"),
        ({"encoder": {"name": "builtin", "digest": 5}}, "are texts"),
        ({"report": None}, "report is missing"),
        ({"generator": {**config["generator"], "weight": 10**400}}, r"config\.json: "),
        ({"generator": {**config["generator"], "inner": 15}}, "the width must be even"),
        ({"generator": {**config["generator"], "schedule": "linear", "steps": 20}}, "linear schedule"),
        ({"matcher": {"layers": 10**9, "places": 8, "corrected_padding": False}}, "layers"),
        ({"generator": {**config["generator"], "hidden": 8}}, "hidden.weight is"),
        (
            {"generator": {**config["generator"], "recipe": "paper", "evidence": 0}},
            "belongs to no such network",
        ),
        ({"weights": "0" * 64}, "not the file"),
    ):
        rewrite(folder, **{**config, **changes})
        with pytest.raises(CheckpointError, match=message):
            load(folder)
    rewrite(folder, **config)
    load(folder)

    tensors = load_file(weights)
    next(iter(tensors.values())).fill_(torch.nan)
    save_file(tensors, weights)
    rewrite(folder, weights=digest(weights))
    with pytest.raises(CheckpointError, match="NaN"):
        load(folder)
    weights.write_bytes(b"no tensors")
    rewrite(folder, weights=digest(weights))
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load(folder)
    weights.unlink()
    with pytest.raises(CheckpointError, match="No such file"):
        load(folder)


def test_no_memory_is_taken_for_what_the_file_does_not_hold(tmp_path: Path) -> None:
    folder = tmp_path / "g"
    save(new_generator(), folder, card="")
    config = json.loads((folder / "config.json").read_text())
    large = {**config["generator"], "width": 8192, "inner": 8192, "hidden": 8192}
    matcher = {"layers": 64, "places": 4096, "corrected_padding": False}
    rewrite(folder, **{**config, "generator": large, "matcher": matcher})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "KiB; it asks for 200 GB"


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "g"
    save(new_generator(), folder, card="good")
    broken, large = new_generator(), new_generator()
    with torch.no_grad():
        next(broken.generator.parameters()).fill_(torch.nan)
        next(large.generator.parameters()).fill_(1e5)
    long = replace(new_generator(), report={"told": "x" * (1 << 20)})
    for saved, dtype, message in (
        (broken, torch.float32, "NaN"),
        (large, torch.float16, "NaN"),
        (long, torch.float32, "longer than"),
    ):
        with pytest.raises(CheckpointError, match=message):
            save(saved, folder, card="bad", dtype=dtype, overwrite=True)
    assert (folder / "README.md").read_text() == "good"
    load(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


def test_others_may_read_what_the_umask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save(new_generator(), tmp_path / "g", card="")
    finally:
        os.umask(before)
    assert (tmp_path / "g").stat().st_mode & 0o777 == 0o750
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "g").iterdir()} == {0o640}


def test_a_published_file_with_more_than_it_stores_is_refused(tmp_path: Path) -> None:
    state = Golden(FIXTURES / "net_t2v_d64.npz").under("w.")
    file = tmp_path / "vast.pth"
    torch.save({**state, "q_proj.weight": torch.zeros(1).expand(60_000, 60_000)}, file)
    assert file.stat().st_size < 1 << 20
    with pytest.raises(CheckpointError, match=r"q_proj\.weight is \(60000, 60000\), more than is stored"):
        read_reference(file)


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"format": 1, ' + " " * (1 << 20) + "}"])
def test_a_config_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load(tmp_path)


class Boom:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("owned",)


def test_a_published_file_is_read_without_running_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = Golden(FIXTURES / "net_t2v_d64.npz").under("w.")
    torch.save(state, "good.pth")
    torch.save({"model": OrderedDict(state), "epoch": 3}, "wrapped.pth")
    for name in ("good.pth", "wrapped.pth"):
        assert denoiser_from_reference(read_reference(Path(name)), direction="t2v").width == 64
    torch.save({"weight": Boom()}, "bad.pth")
    Path("raw.pth").write_bytes(pickle.dumps(Boom()))
    torch.save([1, 2], "list.pth")
    Path("text.pth").write_text("hello")
    for name in ("bad.pth", "raw.pth", "list.pth", "text.pth", "missing.pth"):
        with pytest.raises(CheckpointError, match=name):
            read_reference(Path(name))
    assert not Path("owned").exists()
