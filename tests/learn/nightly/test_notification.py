"""A notification is one program with the summary in one argument; no shell reads it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediaindex.errors import ConfigError, MediaIndexError
from mediaindex.learn.nightly.notification import command_of, notify

NOTE = "import sys; open(sys.argv[1], 'w').write('|'.join(sys.argv[2:]))"


def test_the_summary_is_one_argument_as_it_stands(tmp_path: Path) -> None:
    out = tmp_path / "told"
    notify(f'{sys.executable} -c "{NOTE}" {out} "fell: {{summary}}" end', "R@1; $(rm -rf ~) `x` 'y'\x1b[2J")
    told = out.read_text()
    assert told.startswith("fell: R@1; $(rm -rf ~) `x` 'y'")
    assert told.endswith("|end")
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("mail 'a", "cannot be read"),
        ("", "needs a program and {summary}"),
        ("{summary}", "needs a program"),
        ("true done", "needs"),
    ],
)
def test_a_command_that_cannot_be_one_is_refused(template: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        command_of(template)


def test_one_that_fails_or_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaIndexError, match="could not be run"):
        notify(f"{tmp_path}/absent {{summary}}", "x")
    with pytest.raises(MediaIndexError, match="ended with 3 out of paper"):
        notify("sh -c 'echo out of paper >&2; exit 3' {summary}", "x")
