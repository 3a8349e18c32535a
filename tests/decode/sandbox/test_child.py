"""The child's side: what it has given up, and what it answers."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from mediaindex.decode.sandbox import child as child_module
from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import DecodeError
from tests.support import hostile_handler
from tests.support.paths import CHECKOUT


def test_the_child_has_no_network_no_files_and_a_clean_path(sandbox: Sandbox) -> None:
    ((limits, _),) = sandbox.ask({"do": "limits"})
    assert (limits["RLIMIT_FSIZE"], limits["RLIMIT_CORE"], limits["RLIMIT_NOFILE"]) == (0, 0, 32)
    assert limits["RLIMIT_CPU"] != -1
    assert limits["network"] in ("Network is unreachable", "timed out")
    path = limits["path"]
    assert isinstance(path, list)
    assert "" not in path
    assert str(CHECKOUT) in path


def test_serving_in_one_process() -> None:
    requests = io.BytesIO(b"".join(wire.frame({"do": what}) for what in ("echo", "probe-error", "fault")))
    replies = io.BytesIO()
    child_module.serve(hostile_handler.handle, requests, replies, cpu_seconds=3600)
    replies.seek(0)
    kinds = []
    while replies.tell() < len(replies.getvalue()):
        kinds.append(wire.receive(replies.read)[0]["kind"])
    assert kinds == ["started", "echo", "done", "started", "error", "started", "fault"]


def answers(*requests: dict[str, object]) -> list[dict[str, object]]:
    """The headers with which the hostile handler answers in this process."""
    replies = io.BytesIO()
    data = io.BytesIO(b"".join(map(wire.frame, requests)))
    child_module.serve(hostile_handler.handle, data, replies, cpu_seconds=3600)
    replies.seek(0)
    headers = []
    while replies.tell() < len(replies.getvalue()):
        headers.append(wire.receive(replies.read)[0])
    return headers


def test_an_error_is_answered_with_its_kind_and_whether_it_may_pass() -> None:
    assert answers({"do": "probe-error"})[1:] == [
        {"kind": "error", "error": "ProbeError", "reason": "no", "transient": True}
    ]
    assert answers({"do": "decode-error"})[1:] == [
        {"kind": "error", "error": "DecodeError", "reason": "never", "transient": False}
    ]


def test_a_request_that_ends_in_the_middle_ends_the_child() -> None:
    whole = wire.frame({"do": "echo"})
    replies = io.BytesIO()
    child_module.serve(hostile_handler.handle, io.BytesIO(whole + whole[:-3]), replies, cpu_seconds=3600)
    assert replies.getvalue().count(b"started") == 1


def test_a_long_reason_keeps_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_request: dict[str, object]) -> Iterator[wire.Message]:
        yield {"kind": "part"}, b""
        raise DecodeError("x" * 10_000 + "the end")

    monkeypatch.setattr(hostile_handler, "handle", fails)
    *_, error = answers({"do": "anything"})
    assert len(str(error["reason"])) == 4000
    assert str(error["reason"]).endswith("the end")
