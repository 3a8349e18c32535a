"""What may be said of a moment is what the command prints, and nothing where it says nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediaindex_tui.finder.describing import MOST, described
from mediaindex_tui.messages import Described, WantDescription

WANT = WantDescription(b"/caf\xe9.mp4", 1.5)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of the interpreter: what it is given, and what it prints."""
    program = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(program))
    return program


def prints(program: Path, text: str, code: int = 0) -> None:
    program.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {program}.told\ncat <<'EOF'\n{text}\nEOF\nexit {code}\n"
    )
    program.chmod(0o755)


def test_the_texts_of_the_command_are_told(command: Path, library: Path) -> None:
    rows = ", ".join(f'{{"rank": {n}, "text": "text {n} \\u001b"}}' for n in range(2 * MOST))
    prints(command, f'{{"texts": [{rows}]}}')
    told = described(WANT, library)
    assert told == Described(WANT.path, 1.5, tuple(rf"text {n} \x1b" for n in range(MOST)))
    words = Path(f"{command}.told").read_bytes().splitlines()
    assert words[:4] == [b"-m", b"mediaindex", b"describe", b"/caf\xe9.mp4@1.500"]
    assert {b"--json", b"--library", str(library).encode()} <= set(words)


@pytest.mark.parametrize(
    ("text", "code"), [("no JSON", 0), ("{}", 0), ('{"texts": 3}', 0), ('{"texts": [{"text": "a"}]}', 2)]
)
def test_a_command_that_says_nothing_offers_nothing(
    command: Path, library: Path, text: str, code: int
) -> None:
    prints(command, text, code)
    assert described(WANT, library).texts == ()


def test_a_command_that_cannot_be_started_offers_nothing(command: Path, library: Path) -> None:
    assert described(WANT, library).texts == ()
