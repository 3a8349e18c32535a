"""Commands called in this process, or started in one of their own.

The encoder "colours" knows ten colours and needs no weights, so that "red" finds what is red; the
built-in one is loaded once for the whole session.
"""

from __future__ import annotations

import functools
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mediaindex import cli
from mediaindex.embed import loading
from mediaindex.embed.encoder import Arithmetic, Encoder
from mediaindex.embed.families import builtin_files
from mediaindex.embed.families.builtin_files import NAMES as BUILTIN_NAMES
from mediaindex.embed.families.builtin_files import ScorerFile
from tests.support.fake_encoder import FakeEncoder
from tests.support.held_decoder import use_held_decoders
from tests.support.paths import CHECKOUT
from tests.support.processes import start

ENCODER, OTHER_ENCODER = "colours", "same colours"
SOURCES = [str(CHECKOUT), str(CHECKOUT / "models")]
CHILD = "from tests.support.commands import child; child()"
COMMAND = (sys.executable, "-c", f"import sys; sys.path[:0] = {SOURCES!r}; {CHILD}")
SCORER = "A_SCORER"  # a variable, FILE:DIGEST of the scorer that a process takes for the one that ships
HELD = "HELD_DECODERS"  # a variable, by which the decoders of a process wait where a test wants them to
load_encoder = loading.load_encoder


@functools.cache
def loaded_once(
    name: str, device: str, models: Path | None, digest: str | None, arithmetic: Arithmetic | None
) -> Encoder:
    return load_encoder(name, device=device, models=models, threads=1, digest=digest, arithmetic=arithmetic)


def load(
    name: str,
    *,
    device: str = "auto",
    models: Path | None = None,
    threads: int | None = None,
    digest: str | None = None,
    arithmetic: Arithmetic | None = "float32",
) -> Encoder:
    """The colours, or the real encoder of a name, loaded once in this session."""
    if name in (ENCODER, OTHER_ENCODER):
        return FakeEncoder(name=name)
    return loaded_once(name, device, None if name in BUILTIN_NAMES else models, digest, arithmetic)


def use_these_encoders(monkeypatch: pytest.MonkeyPatch, default: str = ENCODER) -> None:
    monkeypatch.setattr(loading, "load_encoder", load)
    monkeypatch.setenv("MEDIAINDEX_ENCODER", default)


def index_quietly(library: Path, *paths: Path, encoder: str = ENCODER, code: int = 0) -> None:
    """Index for a fixture of more than one test; `code` is the exit code that is right."""
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(io.StringIO()):
        use_these_encoders(monkeypatch, encoder)
        assert cli.main(["index", *map(str, paths), "--library", str(library)]) == code


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


class Commands:
    """Runs `mediaindex COMMAND --library LIBRARY …` in this process."""

    def __init__(self, library: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.library = library
        self._capsys = capsys

    def text(self, command: str, *arguments: object) -> Ran:
        """What a person reads."""
        self._capsys.readouterr()
        try:
            code = cli.main([command, "--library", str(self.library), *map(str, arguments)])
        except SystemExit as error:
            code = int(error.code or 0)
        captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def ran(self, command: str, *arguments: object) -> Ran:
        """What a program reads, with the exit code."""
        return self.text(command, "--json", *arguments)

    def __call__(self, command: str, *arguments: object, code: int | None = 0) -> dict[str, Any]:
        """The command's object; the exit code is checked, unless any will do (None)."""
        ran = self.ran(command, *arguments)
        assert code is None or ran.code == code, ran
        return ran.json

    def hits(self, text: str, *arguments: object) -> list[dict[str, Any]]:
        """The moments that a search answers."""
        found: list[dict[str, Any]] = self("search", text, *arguments)["hits"]
        return found

    def files(self, text: str, *arguments: object) -> list[str]:
        """The names of the files that a search answers with, best first."""
        return [Path(hit["path"]).name for hit in self.hits(text, *arguments)]


def counts(report: dict[str, Any]) -> dict[str, int]:
    """What is not zero of a report's counts."""
    names = ("videos", "indexed", "unchanged", "moved", "copies", "offline", "decoded")
    return {name: report[name] for name in names if report[name]}


def first(commands: Commands, colour: str) -> dict[str, Any]:
    """The best hit of the pictures for a colour."""
    return commands.hits(colour, "--channel", "pictures", "--limit", 1)[0]


def process(*arguments: object, library: Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command in a process of its own, in which the encoder is "colours"; it ends with the test."""
    variables = options.pop("variables", {})
    return start(
        [*COMMAND, *arguments, "--library", library],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        env={**os.environ, **variables},
        **options,
    )


def child() -> NoReturn:
    """The command line of a process that `process` started."""
    patches = pytest.MonkeyPatch()
    use_these_encoders(patches)
    if HELD in os.environ:
        use_held_decoders(patches)
    if SCORER in os.environ:
        file, digest = os.environ[SCORER].rsplit(":", 1)
        patches.setattr(builtin_files, "scorers_of", lambda _files: [ScorerFile(file, digest)])
    cli.run()
