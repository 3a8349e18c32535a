"""A program that is started is left to itself, unless it fails at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.errors import MediaIndexError
from mediaindex.export.detached_program import start_detached
from tests.support.programs import arguments_written, program, writes_arguments


def test_a_program_runs_in_a_session_of_its_own(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # The program blocks on the pipe until this process reads: it outlives the call.
    start_detached([str(writes_arguments(tmp_path, "show", pipe)), "a b", "$HOME"])
    *arguments, session = arguments_written(pipe)
    assert arguments == ["a b", "$HOME"]
    assert int(session) != os.getsid(0)


def test_a_program_that_ends_well_at_once_is_no_failure(tmp_path: Path, patient: None) -> None:
    start_detached([str(program(tmp_path, "opener", ""))])


def test_a_program_that_fails_at_once_is_named_with_its_arguments(tmp_path: Path, patient: None) -> None:
    failing = str(program(tmp_path, "failing", "sys.exit(7)"))
    with pytest.raises(MediaIndexError, match=r"code 7; try it by hand: .*failing 'two words'") as caught:
        start_detached([failing, "two words"])
    assert caught.value.exit_code == 1


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaIndexError, match="gone cannot be started: No such file"):
        start_detached([str(tmp_path / "gone")])
