"""One child process and its pipes, seen from the parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mediaindex.decode.sandbox import connection as connection_module
from mediaindex.decode.sandbox.connection import Connection
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.errors import DecoderDied
from tests.support.paths import CHECKOUT

HANDLER = "tests.support.hostile_handler"


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A connection to a child that does what it is asked."""
    monkeypatch.syspath_prepend(str(CHECKOUT))
    child = Connection(HANDLER, Limits())
    yield child
    child.close()


def kinds(connection: Connection, count: int) -> list[object]:
    return [connection.receive(60.0)[0]["kind"] for _ in range(count)]


def test_the_greeting_is_no_reply_and_bytes_are_counted(connection: Connection) -> None:
    connection.send({"do": "many"})
    assert kinds(connection, 7) == ["started", *["part"] * 5, "done"]
    assert connection.take_received_bytes() > 5 * 1000
    assert connection.take_received_bytes() == 0
    assert connection.alive


def test_more_words_than_a_pipe_holds_do_not_block_a_reply(connection: Connection) -> None:
    connection.send({"do": "chatter"})
    assert kinds(connection, 3) == ["started", "chattered", "done"]


def test_a_death_is_told_with_the_last_words(connection: Connection) -> None:
    connection.send({"do": "exit"})
    assert kinds(connection, 1) == ["started"]
    with pytest.raises(DecoderDied, match="decoder died: exit 7: the last words"):
        connection.receive(60.0)
    assert not connection.alive


def test_silence_ends_the_child(connection: Connection) -> None:
    connection.send({"do": "echo"})
    kinds(connection, 3)
    connection.send({"do": "hang"})
    kinds(connection, 1)
    with pytest.raises(DecoderDied, match="no answer for 0 s"):
        connection.receive(0.05)
    with pytest.raises(DecoderDied, match="SIGKILL"):
        connection.receive(60.0)


def test_a_request_to_a_child_that_was_killed_is_a_death(connection: Connection) -> None:
    connection.send({"do": "echo"})
    kinds(connection, 3)
    connection.kill()
    # more than the pipe holds: whether or not the child is already gone, somebody must read it
    with pytest.raises(DecoderDied, match="SIGKILL"):
        connection.send({"do": "echo", "padding": "x" * 1_000_000})


def test_no_file_descriptor_stays_open(connection: Connection) -> None:
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    other = Connection(HANDLER, Limits())
    other.close()
    after = set(os.listdir("/proc/self/fd")) if before else set()
    assert len(after) <= len(before)


@pytest.mark.parametrize(
    ("code", "name"), [(0, "exit 0"), (7, "exit 7"), (-11, "SIGSEGV"), (-200, "signal 200")]
)
def test_an_exit_has_a_name(code: int, name: str) -> None:
    assert connection_module._exit_name(code) == name


def test_a_child_imports_what_its_parent_does_and_nothing_from_the_current_folder() -> None:
    program = (
        "import json, sys; from mediaindex.decode.sandbox.connection import _import_path; "
        "sys.path[:0] = ['', 'relative']; print(json.dumps(_import_path()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    entries = json.loads(done.stdout)
    assert str(CHECKOUT) in entries
    assert all(os.path.isabs(entry) for entry in entries)
