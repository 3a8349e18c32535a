"""What may be said of a moment is what the command prints, and nothing where it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex_tui.finder.describing import MOST, described
from mediaindex_tui.messages import Described, WantDescription
from tests.support.programs import prints, words_told

WANT = WantDescription(b"/caf\xe9.mp4", 1.5)


def test_the_texts_of_the_command_are_told(interpreter: Path, library: Path) -> None:
    rows = ", ".join(f'{{"rank": {n}, "text": "text {n} \\u001b"}}' for n in range(2 * MOST))
    prints(interpreter, f'{{"texts": [{rows}]}}')
    told = described(WANT, library)
    assert told == Described(WANT.path, 1.5, tuple(rf"text {n} \x1b" for n in range(MOST)))
    words = words_told(interpreter)
    assert words[:4] == [b"-m", b"mediaindex", b"describe", b"/caf\xe9.mp4@1.500"]
    assert {b"--json", b"--library", str(library).encode()} <= set(words)


@pytest.mark.parametrize(
    ("text", "code"), [("no JSON", 0), ("{}", 0), ('{"texts": 3}', 0), ('{"texts": [{"text": "a"}]}', 2)]
)
def test_a_command_that_says_nothing_offers_nothing(
    interpreter: Path, library: Path, text: str, code: int
) -> None:
    prints(interpreter, text, code)
    assert described(WANT, library).texts == ()


def test_a_command_that_cannot_be_started_offers_nothing(interpreter: Path, library: Path) -> None:
    assert described(WANT, library).texts == ()
