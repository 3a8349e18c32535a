"""What a night measures, and what is refused before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.films import film

BENCHMARK = "[[nightly.benchmarks]]\nname = '{name}'\nvideos = '{folder}'\nannotations = '{folder}'\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(path))
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BENCHMARK.format(name="youcook", folder="/tmp"), "youcook is no benchmark; there are msrvtt, msvd"),
        (BENCHMARK.format(name="msvd", folder="gone"), "videos of msvd is no folder: "),
        ("[nightly]\nlibrary = false\n", "names nothing to measure"),
        ("[nightly]\nnotify = 'mail me'\n", "needs a program and {summary}"),
        ("[nightly]\nnotify = \"mail 'me\"\n", "nightly.notify cannot be read"),
        ("[nightly]\nreport = 'nowhere/page.html'\n", "is no folder"),
    ],
)  # fmt: skip
def test_a_wrong_section_is_one_line_before_anything_is_measured(
    text: str, said: str, commands: Commands, videos: Path, file: Path
) -> None:
    file.write_text("")
    film(videos / "one red wall here.mp4", "red")
    commands("index", videos)
    file.write_text(text)
    ran = commands.text("eval", "--nightly")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1), ran
    assert said in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name what to measure: a benchmark, 'library' or a feature file; or --nightly"),
        (("msvd", "--nightly"), "--nightly goes with 'library', or without SOURCE"),
        (("--nightly", "--generator", "tiny"), "--generator does not go with --nightly"),
        (("--nightly", "--qb-norm"), "--qb-norm does not go with --nightly"),
        (("library", "--nightly", "--direction", "t2v"), "a night measures both directions"),
    ],
)
def test_options_that_do_not_go_with_a_night(words: tuple[str, ...], said: str, commands: Commands) -> None:
    ran = commands.text("eval", *words)
    assert (ran.code, said in ran.err) == (2, True), ran


def test_benchmarks_are_measured_with_every_encoder_and_fitting_generator(
    commands: Commands, file: Path, tmp_path: Path
) -> None:
    import argparse

    from mediaindex.cli.nightly.nightly_plan import parts_of
    from mediaindex.config import load_config
    from tests.support.tiny_generators import write_generator

    write_generator(commands.library / "generators" / "tiny", encoder="same colours")
    file.write_text(
        "[nightly]\nencoders = ['colours', 'same colours']\ngenerators = ['tiny', 'residual', 'absent']\n"
        + BENCHMARK.format(name="msvd", folder=tmp_path)
    )
    words = argparse.Namespace(source=None, videos=None, annotations=None, features=[], encoder=None,
                               generator=None, against=None, qb_norm=False, direction="both",
                               sampling="benchmark")  # fmt: skip
    config = load_config({"library": str(commands.library)})
    titles = [part.title for part in parts_of(words, config)]
    assert titles == [
        "library", "library, generator tiny", "library, generator residual", "library, generator absent",
        "msvd, with colours", "msvd, with colours, generator residual",
        "msvd, with colours, generator absent",
        "msvd, with same colours", "msvd, with same colours, generator tiny",
        "msvd, with same colours, generator residual", "msvd, with same colours, generator absent",
    ]  # fmt: skip
    words.source = "library"
    assert len(parts_of(words, config)) == 4
