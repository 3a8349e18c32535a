"""What is light stays light: the command line starts without a network, a store or a decoder being loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.cli import COMMANDS, build_parser, main
from tests.support.commands import index_quietly
from tests.support.films import film

HEAVY = frozenset(
    {
        "PIL",
        "alembic",
        "av",
        "lancedb",
        "numpy",
        "open_clip",
        "psutil",
        "pyarrow",
        "sqlalchemy",
        "textual",
        "torch",
        "transformers",
        "tzfpy",
    }
)
LIGHT = (
    "background.launchd",
    "background.log_file",
    "background.sd_notify",
    "background.systemd",
    "background.throttle",
    "background.unit_file",
    "config",
    "errors",
    "export.open_moment",
    "ingest.pools.rotational",
    "media",
    "safe_text",
    "search.query",
    "sources.content_hash",
    "sources.filetypes",
    "sources.places.volumes",
    "sources.watch.watcher",
)


def loaded_by(program: str) -> frozenset[str]:
    """Top-level packages that stand in sys.modules after a program ran in an interpreter of its own."""
    program += (
        "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def test_the_probe_sees_a_heavy_module() -> None:
    assert "numpy" in loaded_by("import numpy")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["search", "--help"], ["index", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = f"""
from mediaindex.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end.code
"""
    loaded = loaded_by(program)
    assert "mediaindex" in loaded
    assert sorted(loaded & HEAVY) == []


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_module_loads_nothing_heavy(name: str) -> None:
    assert sorted(loaded_by(f"import mediaindex.{name}") & HEAVY) == []


@pytest.mark.parametrize(
    "name",
    ["background.loop", "ingest.writer.perform", "learn.features.feature_pass", "search.searcher"],
)
def test_the_corridors_load_no_network_before_there_is_something_to_embed(name: str) -> None:
    """`forget` or `retry` need a writer; a first decoder starts before the encoder is loaded."""
    late = {"PIL", "alembic", "av", "lancedb", "open_clip", "pyarrow", "torch", "transformers"}
    assert sorted(loaded_by(f"import mediaindex.{name}") & late) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_the_same_options_whether_or_not_the_others_are_loaded(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helps = []
    for parser in (build_parser(), build_parser([command])):
        with pytest.raises(SystemExit):
            parser.parse_args([command, "--help"])
        helps.append(capsys.readouterr().out)
    assert helps[0] == helps[1]


def test_the_list_of_commands_loads_none() -> None:
    program = """
import sys
from mediaindex.cli import COMMANDS, main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0, end.code
assert [name for name in COMMANDS if f"mediaindex.cli.{name}" in sys.modules] == []
"""
    assert "mediaindex" in loaded_by(program)


def test_a_command_loads_no_other_command() -> None:
    program = """
import sys
from mediaindex.cli import main
main(["config", "show"])
assert "mediaindex.cli.config" in sys.modules
assert "mediaindex.cli.search" not in sys.modules
"""
    assert "mediaindex" in loaded_by(program)


@pytest.fixture(scope="module")
def red_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed film, with its library beside its folder."""
    folder = tmp_path_factory.mktemp("hygiene")
    path = film(folder / "videos" / "red.mp4", "red")
    index_quietly(folder / "library", path.parent, encoder="builtin")
    return path


QUESTIONS = {
    "search": ["search", "red"],
    "search, pictures": ["search", "a red wall", "--channel", "pictures"],
    "search, marks": ["search", "a red wall", "--marks"],
    "search, words": ["search", "red", "--channel", "words"],
    "similar": ["similar", "PATH"],
    "similar, moment": ["similar", "PATH@1"],
    "describe": ["describe", "PATH@1"],
    "show": ["show", "PATH"],
    "open": ["open", "1", "--player", "true {path}"],
    "caption": ["caption", "add", "PATH@1", "a red wall"],
    "mark": ["mark", "PATH@1", "--query", "red"],
    "history": ["history", "list"],
    "saved": ["saved", "add", "red"],
    "status": ["status"],
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_loads_neither_torch_nor_lancedb(name: str, red_film: Path) -> None:
    """Loading torch costs more than a second of processor time, LanceDB about as much."""
    library = str(red_film.parents[1] / "library")
    arguments = [argument.replace("PATH", str(red_film)) for argument in QUESTIONS[name]]
    assert main(["search", "red", "--channel", "words", "--library", library]) == 0  # for `open`
    program = f"""
from mediaindex.cli import main
code = main([*{arguments!r}, "--library", {library!r}])
assert code == 0, code
import psutil
assert psutil.Process().num_threads() == 1, "numpy's BLAS has threads of its own"
"""
    loaded = loaded_by(program)
    network = {"torch", "lancedb", "pyarrow", "transformers", "open_clip", "huggingface_hub", "py3langid"}
    network |= {"scipy", "ville"}  # what captions decided was computed when they were asked
    assert sorted(loaded & (network | {"alembic", "av", "rich", "textual"})) == []
    if name in ("caption", "history", "mark", "open", "saved", "search, words", "show", "status"):
        assert "numpy" not in loaded
