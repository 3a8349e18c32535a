"""The child process: what kills it, what it may not do, and that nothing of it outlives the parent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import DecodeError, DecoderDied, ProbeError
from tests.support.marked import is_running
from tests.support.paths import CHECKOUT
from tests.support.processes import start
from tests.support.waiting import until

HANDLER = "tests.support.hostile_handler"


def ask(sandbox: Sandbox, what: str) -> list[wire.Message]:
    return list(sandbox.ask({"do": what}))


def test_one_child_answers_many_requests(sandbox: Sandbox) -> None:
    first = ask(sandbox, "echo")
    pid = sandbox.pid
    assert first == [({"kind": "echo", "request": {"do": "echo"}}, bytes(3))]
    assert [header["index"] for header, _ in ask(sandbox, "many")] == [0, 1, 2, 3, 4]
    assert sandbox.pid == pid


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("segfault", "decoder died: SIGSEGV"),
        ("kill", "decoder died: SIGKILL"),
        ("spin", "decoder died: SIGXCPU"),
        ("exit", "decoder died: exit 7: the last words"),
    ],
)
def test_a_death_is_named_and_the_next_request_served(sandbox: Sandbox, what: str, reason: str) -> None:
    with pytest.raises(DecoderDied, match=reason):
        ask(sandbox, what)
    assert ask(sandbox, "echo")


def test_a_child_that_gives_no_sign_of_life_is_killed(sandbox: Sandbox) -> None:
    impatient = Sandbox(HANDLER, Limits(reply_seconds=2.0))
    with pytest.raises(DecoderDied, match="no answer for 2 s"):
        ask(impatient, "hang")
    assert impatient.pid is None


def test_too_much_memory_is_an_error_and_the_child_lives(sandbox: Sandbox) -> None:
    if sys.platform != "linux":
        pytest.skip("address space is bounded on Linux only")
    ask(sandbox, "echo")
    pid = sandbox.pid
    with pytest.raises(DecodeError, match="more memory"):
        ask(sandbox, "eat")
    assert sandbox.pid == pid


def test_errors_keep_their_kind_and_a_fault_of_ours_is_one_files(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ProbeError, match="no") as caught:
        ask(sandbox, "probe-error")
    assert caught.value.transient
    with pytest.raises(DecodeError, match="never"):
        ask(sandbox, "decode-error")
    with pytest.raises(DecodeError, match="please report it: ZeroDivisionError: ours"):
        ask(sandbox, "fault")
    assert "Traceback" in caplog.text


def test_noise_on_stdout_and_stderr_does_no_harm(sandbox: Sandbox) -> None:
    assert ask(sandbox, "chatter") == [({"kind": "chattered"}, b"")]


def test_a_consumer_that_stops_early_costs_only_the_child(sandbox: Sandbox) -> None:
    replies = sandbox.ask({"do": "many"})
    next(replies)
    pid = sandbox.pid
    assert pid is not None
    assert isinstance(replies, Iterator)
    replies.close()  # type: ignore[attr-defined]
    assert not is_running(pid)
    assert ask(sandbox, "echo")


def test_kill_from_another_thread_ends_a_request_for_good(sandbox: Sandbox) -> None:
    replies = sandbox.ask({"do": "trickle"})
    next(replies)
    killer = threading.Thread(target=sandbox.kill, daemon=True)
    killer.start()
    with pytest.raises(DecoderDied, match="SIGKILL"):
        list(replies)
    killer.join()
    with pytest.raises(DecoderDied, match="stopped"):
        ask(sandbox, "echo")


PARENT = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
sandbox = Sandbox("tests.support.hostile_handler", Limits())
list(sandbox.ask({"do": "echo"}))
print(sandbox.pid, flush=True)
list(sandbox.ask({"do": "hang"}))
"""


def test_no_child_survives_a_killed_parent() -> None:
    import_path = json.dumps([str(CHECKOUT), *sys.path])
    parent = start([sys.executable, "-c", PARENT, import_path], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    until(lambda: not is_running(child))
