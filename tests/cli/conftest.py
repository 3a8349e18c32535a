"""Commands called in this process, on tiny films of plain colours.

The encoder "colours" knows ten colours and needs no weights, so that "red" finds what is red; the
built-in one is loaded once for the whole session.
"""

from __future__ import annotations

import functools
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mediaindex import cli
from mediaindex.embed import loading
from mediaindex.embed.encoder import Encoder
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.media import Clip, flat, write_clip
from tests.support.paths import CHECKOUT

ENCODER = "colours"
SIDECARS = CHECKOUT / "tests/fixtures/reported/10-sidecars"
SOURCES = [str(CHECKOUT), str(CHECKOUT / "models")]
CHILD = "from tests.cli.conftest import child; raise SystemExit(child())"
COMMAND = (sys.executable, "-c", f"import sys; sys.path[:0] = {SOURCES!r}; {CHILD}")
load_encoder = loading.load_encoder


@functools.cache
def loaded_once(name: str, device: str, models: Path | None) -> Encoder:
    return load_encoder(name, device=device, models=models, threads=1)


def load(
    name: str, *, device: str = "auto", models: Path | None = None, threads: int | None = None
) -> Encoder:
    """The colours, or the real encoder of a name, loaded once in this session."""
    if name == ENCODER:
        return FakeEncoder(name=ENCODER)
    return loaded_once(name, device, None if name == "builtin" else models)


def use_these_encoders(monkeypatch: pytest.MonkeyPatch, default: str = ENCODER) -> None:
    monkeypatch.setattr(loading, "load_encoder", load)
    monkeypatch.setenv("MEDIAINDEX_ENCODER", default)


def index_quietly(library: Path, *paths: Path, encoder: str = ENCODER) -> None:
    """Index for a fixture of more than one test."""
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(io.StringIO()):
        use_these_encoders(monkeypatch, encoder)
        assert cli.main(["index", *map(str, paths), "--library", str(library)]) == 0


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A command takes SIGTERM for itself; the test runner gets it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


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


@pytest.fixture
def commands(library: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(library, capsys)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder for films, beside the library."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


def film(
    path: Path,
    *shots: str | tuple[str, float],
    fps: int = 5,
    size: tuple[int, int] = (64, 48),
    codec: str = "mpeg4",
    tags: dict[str, str] | None = None,
) -> Path:
    """Write a film of plain colours: each shot a colour (2 s), or a colour and its seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = []
    for shot in shots:
        colour, seconds = shot if isinstance(shot, tuple) else (shot, 2.0)
        pictures += [flat(*COLOURS[colour], width=size[0], height=size[1])] * round(seconds * fps)
    return write_clip(path, pictures, Clip(codec=codec, rate=fps, tags=tags or {}))


def jpeg(path: Path, colour: str) -> Path:
    """Write a still picture."""
    from PIL import Image

    Image.new("RGB", (64, 48), COLOURS[colour]).save(path, "JPEG")
    return path


def srt(path: Path, *cues: tuple[float, float, str]) -> Path:
    """Write subtitles: (start, end, text) in seconds."""

    def clock(seconds: float) -> str:
        whole = int(seconds)
        return f"00:{whole // 60:02}:{whole % 60:02},{round(1000 * (seconds - whole)):03}"

    blocks = [
        f"{number}\n{clock(start)} --> {clock(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    ]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def process(*arguments: object, library: Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command in a process of its own, in which the encoder is "colours"."""
    variables = options.pop("variables", {})
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments), "--library", str(library)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        text=True,
        env={**os.environ, **variables},
        **options,
    )


def child() -> int:
    """The command line of a process that `process` started."""
    use_these_encoders(pytest.MonkeyPatch())
    return cli.main()
