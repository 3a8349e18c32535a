"""The child process: what kills it, what it may not do, and that nothing of it outlives the parent."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.sandbox import child as child_module
from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import (
    DecodeError,
    DecoderDied,
    ProbeError,
)
from mediaindex.media import (
    Cue,
    MediaInfo,
    NotAVideo,
    Position,
    SampledFrame,
    Segment,
    Segmentation,
    StreamInfo,
)
from tests.support import hostile_handler
from tests.support.paths import CHECKOUT

HANDLER = "tests.support.hostile_handler"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.syspath_prepend(str(CHECKOUT))
    made = Sandbox(HANDLER, Limits(memory_mib=256, cpu_seconds=1, reply_seconds=60.0))
    yield made
    made.close()


def ask(sandbox: Sandbox, what: str) -> list[wire.Message]:
    return list(sandbox.ask({"do": what}))


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


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


def test_the_child_has_no_network_no_files_and_a_clean_path(sandbox: Sandbox) -> None:
    ((limits, _),) = ask(sandbox, "limits")
    assert (limits["RLIMIT_FSIZE"], limits["RLIMIT_CORE"], limits["RLIMIT_NOFILE"]) == (0, 0, 32)
    assert limits["RLIMIT_CPU"] != -1
    assert limits["network"] in ("Network is unreachable", "timed out")
    path = limits["path"]
    assert isinstance(path, list)
    assert "" not in path
    assert str(CHECKOUT) in path


def test_kill_from_another_thread_ends_a_request_for_good(sandbox: Sandbox) -> None:
    ask(sandbox, "echo")
    timer = threading.Timer(0.2, sandbox.kill)
    timer.start()
    with pytest.raises(DecoderDied):
        ask(sandbox, "hang")
    timer.join()
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
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps([str(CHECKOUT), *sys.path])],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)
    assert wait_until_gone(child)


def test_serving_in_one_process() -> None:
    requests = io.BytesIO(b"".join(wire.frame({"do": what}) for what in ("echo", "probe-error", "fault")))
    replies = io.BytesIO()
    child_module.serve(hostile_handler.handle, requests, replies, cpu_seconds=3600)
    replies.seek(0)
    kinds = []
    while replies.tell() < len(replies.getvalue()):
        kinds.append(wire.receive(replies.read)[0]["kind"])
    assert kinds == ["started", "echo", "done", "started", "error", "started", "fault"]


INFO = MediaInfo(
    1.5,
    640,
    480,
    25.0,
    "h264",
    90,
    "mp4",
    0,
    streams=(StreamInfo(0, "video", "h264", "en", "t", True, False, False),),
    tags={"a": "b"},
)
VALUES = [
    INFO,
    NotAVideo("no picture stream"),
    SampledFrame(1.0, b"\xff\xd8"),
    Cue(0.0, 1.0, "héllo", "stream 1", "en", True),
    Position(17),
    Segmentation(3.0, (1.0,), (Segment(0.0, 1.0, 0, 1), Segment(1.0, 3.0, 1, 2)), 4),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_from_the_wire(value: wire.Value) -> None:
    stream = io.BytesIO(wire.frame(*wire.pack(value)))
    assert wire.unpack(*wire.receive(stream.read)) == value


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kind": "Pickle"},
        {"kind": "Position", "bytes": "many"},
        {"kind": "Position", "bytes": True},
        {"kind": "SampledFrame", "seconds": None},
        {"kind": "NotAVideo", "reason": 3},
        {"kind": "Segmentation", "duration_seconds": 1, "cuts": 3, "segments": [], "damaged_packets": 0},
        {"kind": "Segmentation", "duration_seconds": 1, "cuts": [], "segments": 3, "damaged_packets": 0},
        {**wire.pack(INFO)[0], "tags": []},
        {**wire.pack(INFO)[0], "rotation": 45},
    ],
)
def test_fields_of_the_wrong_type_are_refused(header: dict[str, object]) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(header, b"")


@given(st.binary(max_size=64))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    def read_exactly(size: int) -> bytes:
        return (data * 2 + bytes(1 << 16))[: min(size, 1 << 16)]

    try:
        wire.receive(read_exactly)
    except wire.WireError as error:
        assert str(error)


def test_a_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(wire.WireError, match="limit"):
        wire.frame({}, bytes(wire.MAX_BODY_BYTES + 1))


def test_nonsense_from_the_child_is_a_death() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "wb") as writer:
        writer.write(b"\xff" * 64)
        writer.flush()
        with pytest.raises(wire.WireError, match="announces"):
            wire.receive(reader.read)
