"""`mediaindex train`: what it prints, where it writes, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex import cli
from mediaindex.cli import train as command
from mediaindex.store.vectors.fitted import fitted_file
from mediaindex_models.checkpoint import load
from tests.support.commands import Commands
from tests.support.fake_encoder import FakeEncoder
from tests.support.paths import CHECKOUT
from tests.support.training_features import clips, colour_features, feature_files, header, write

FEW = ("--steps", 2, "--device", "cpu")


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them only wait for each other where other tests run beside."""
    monkeypatch.setenv("MEDIAINDEX_THREADS", "1")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return feature_files(tmp_path, train=12, validation=8)


def test_a_person_reads_what_was_trained_and_how_good_it_is(
    commands: Commands, files: tuple[Path, Path], tmp_path: Path
) -> None:
    ran = commands.text("train", "--features", *files, "--out", tmp_path / "out", "--seed", 3, *FEW)
    assert ran.code == 0, ran
    assert "residual, stage 2, for the encoder tiny: 12 clips to train on, 8 to choose by\n" in ran.err
    assert "2 steps of 12 queries with 12 candidates, on cpu" in ran.err
    lines = ran.out.splitlines()
    assert lines[0] == f"{tmp_path / 'out'}: measured on validation, percent with 95 % intervals"
    assert [line.split()[:2] for line in lines[1:9]] == [
        [direction, ranking]
        for direction in ("t2v", "v2t")
        for ranking in ("base", "blend", "corrected", "generator")
    ]
    assert lines[-2] == "too few queries to decide anything by"
    assert lines[-1].startswith("generator o")
    again = commands.text("train", "--features", *files, "--out", tmp_path / "out", *FEW)
    assert again.code == 2
    assert "exists; choose another --out" in again.err


def test_without_a_folder_it_lies_with_the_librarys_generators(
    commands: Commands, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    odd = "open_clip:ViT-B-32/../x"
    made = write(tmp_path / "odd", clips(12), header(encoder=odd))
    answer = commands("train", "--features", made, "--recipe", "paper", *FEW)
    out = commands.library / "generators" / "open_clip-ViT-B-32-..-x-paper"
    assert answer["path"] == str(out)
    assert answer["held_out"] is True
    assert load(out).encoder.name == odd
    first = commands("train", "--features", *files, "--stage", 1, *FEW)
    assert Path(first["path"]).name == "tiny-residual-1"
    second = commands("train", "--features", *files, "--first-stage", first["path"], *FEW)
    assert second["rows"][3]["ranking"] == "matched"


def test_what_search_cannot_use_is_told(commands: Commands, files: tuple[Path, Path], tmp_path: Path) -> None:
    first = commands.text("train", "--features", *files, "--stage", 1, "--out", tmp_path / "one", *FEW)
    assert "search does not use it: it ranks behind a first stage" in first.out
    plain = commands.text("train", "--features", *files, "--out", tmp_path / "two", *FEW)
    assert plain.code == 0
    assert "search does not use it" not in plain.out


def test_an_encoder_that_is_named_is_held_to(
    commands: Commands, files: tuple[Path, Path], tmp_path: Path
) -> None:
    words = ("train", "--features", *files, "--out", tmp_path / "out", *FEW)
    ran = commands.text(*words, "--encoder", "colours")
    assert ran.code == 4
    assert "features of the encoder tiny, not of colours; make them again" in ran.err
    assert not (tmp_path / "out").exists()
    assert FakeEncoder(name="colours").spec.name == "colours"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--features", "gone.parquet"), "gone.parquet does not exist; 'mediaindex features' makes"),
        (("--features", "none"), "none is no feature file"),
        (("--features", ""), "a path is empty"),
        (("--features", "none", "--recipe", "best"), "invalid choice"),
        (("--features", "none", "--steps", "-1"), "is no whole number"),
        ((), "--features"),
    ],
)
def test_words_that_do_not_fit_are_refused(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none").write_bytes(b"no parquet")
    ran = commands.text("train", "--out", "out", *words)
    assert ran.code == 2
    assert said in ran.err
    assert not Path("out").exists()


def test_the_choices_are_those_of_the_networks() -> None:
    from mediaindex_models.presets import PRESETS
    from mediaindex_models.training_config import STAGES

    assert set(command.RECIPES) <= set(PRESETS)
    assert command.STAGES == STAGES


def test_ctrl_c_keeps_the_run(
    commands: Commands, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediaindex.cli.shared.output import ProgressLine

    def stop(_line: ProgressLine, told: dict[str, object]) -> None:
        if told["stage"] == "training":
            signal.raise_signal(signal.SIGINT)

    words = ("train", "--features", *files, "--out", tmp_path / "out", "--steps", 4, "--device", "cpu")
    with monkeypatch.context() as patches:
        patches.setattr(ProgressLine, "__call__", stop)
        ran = commands.text(*words)
    assert ran.code == 130
    assert "out.partial keeps the run, and --resume goes on with it" in ran.err
    assert commands(*words, "--resume")["steps"] == 4


def test_a_hostile_name_steers_no_terminal(commands: Commands, tmp_path: Path) -> None:
    made = write(
        tmp_path / "a",
        clips(10, sources=("a\x1b[2J|b", "c")) + clips(32, "val", seed=1, sources=("a\x1b[2J|b", "c")),
        header(encoder="tiny\x1b]0;owned\x07"),
    )
    ran = commands.text("train", "--features", made, "--out", tmp_path / "out", *FEW)
    assert ran.code == 0, ran
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "\x1b" not in ran.out + ran.err + card


def test_the_script_is_the_same_call() -> None:
    assert "train" in cli.COMMANDS
    script = CHECKOUT / "scripts/finetune.py"
    program = (
        "import sys, types, runpy\n"
        "seen = []\n"
        "sys.modules['_environment'] = types.SimpleNamespace(run=seen.append)\n"
        f"sys.argv[1:] = ['--features', 'f']; runpy.run_path({str(script)!r}, run_name='__main__')\n"
        "print(seen)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[['train', '--features', 'f']]\n"


def test_an_encoder_gets_hub_correction_and_confidence(commands: Commands, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    files = (
        colour_features(tmp_path / "train.parquet", 240),
        colour_features(tmp_path / "test.parquet", 220, split="test"),
    )
    words = ("train", "--encoder", "colours", "--features", *files, *FEW)
    ran = commands.text(*words)
    assert ran.code == 0, ran
    assert "hub correction o" in ran.out
    assert "confidence fitted to " in ran.out
    assert "first moments confident, of these" in ran.out
    fitted = json.loads(fitted_file(commands.library, FakeEncoder(name="colours").spec.digest).read_text())
    assert fitted["encoder"]["name"] == "colours"
    assert set(fitted) == {"format", "encoder", "hubs", "calibration"}
    card = (commands.library / "generators" / "colours-residual" / "README.md").read_text(encoding="utf-8")
    assert "## Hub correction" in card
    assert "expected calibration error" in card
    assert card.count("\n| 0.") >= 3, "the reliability diagram"
    again = commands(*words, "--out", tmp_path / "again")
    assert again["confidence"]["reliability"]["curve"]
    assert again["fitted"] == str(fitted_file(commands.library, again["digest"]))
    assert json.loads(Path(again["fitted"]).read_text()) == fitted, "the same seed gives the same"


def test_too_few_clips_train_the_generator_all_the_same(commands: Commands, tmp_path: Path) -> None:
    made = colour_features(tmp_path / "few.parquet", 40)
    ran = commands.text("train", "--encoder", "colours", "--features", made, *FEW)
    assert ran.code == 0, ran
    assert "confidence needs about 200 captioned clips, there are 40" in ran.out
    assert (commands.library / "generators" / "colours-residual" / "config.json").is_file()
    assert not fitted_file(commands.library, FakeEncoder(name="colours").spec.digest).exists()


def test_a_folder_that_exists_is_refused_before_anything_is_fitted(
    commands: Commands, tmp_path: Path
) -> None:
    made = colour_features(tmp_path / "few.parquet", 240)
    (tmp_path / "out").mkdir()
    ran = commands.text("train", "--encoder", "colours", "--features", made, "--out", tmp_path / "out", *FEW)
    assert ran.code == 2
    assert not (commands.library / "generators").exists()


def test_a_scorer_for_an_encoder_without_tokens_is_refused_first(commands: Commands, tmp_path: Path) -> None:
    made = colour_features(tmp_path / "few.parquet", 40)
    ran = commands.text("train", "--encoder", "colours", "--features", made, "--media", tmp_path, *FEW)
    assert ran.code == 4
    assert "the encoder colours takes no scorer beside its weights" in ran.err
    assert not (commands.library / "generators" / "fitted").exists()
    assert not (commands.library / "generators" / "colours-residual").exists()
