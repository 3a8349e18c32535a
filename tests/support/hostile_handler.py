"""A handler for the sandbox that does what a crafted file might make a decoder do."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterator

from mediaindex.decode.sandbox.wire import Message
from mediaindex.errors import DecodeError, ProbeError
from tests.support.jpegs import encoded, with_size

FRAME = encoded(16, 16)


def handle(request: dict[str, object]) -> Iterator[Message]:  # noqa: C901
    what = request.get("do", "read image")
    if what == "echo":
        yield {"kind": "echo", "request": request}, bytes(3)
    elif what == "many":
        for index in range(5):
            yield {"kind": "part", "index": index}, b"x" * 1000
    elif what == "segfault":
        ctypes.string_at(0)
    elif what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "hang":
        time.sleep(600)
    elif what == "spin":
        while True:
            pass
    elif what == "eat":
        yield {"kind": "ate", "bytes": len(bytearray(8 << 30))}, b""
    elif what == "exit":
        print("the last words", file=sys.stderr, flush=True)
        os._exit(7)
    elif what == "chatter":
        os.write(2, b"noise\n" * 50_000)
        os.write(1, b"noise\n" * 50_000)
        yield {"kind": "chattered"}, b""
    elif what == "probe-error":
        raise ProbeError("no", transient=True)
    elif what == "decode-error":
        raise DecodeError("never")
    elif what == "fault":
        raise ZeroDivisionError("ours")
    elif what == "trickle":
        while True:
            time.sleep(0.01)
            yield {"kind": "alive"}, b""
    elif what == "flood":
        while True:
            yield {"kind": "flood"}, bytes(1 << 20)
    elif what == "extract":
        path = str(request["path"])
        yield from _too_much(path)
        if path.startswith("/dies"):
            yield from _dies_behind_the_film(path, request.get("stop_seconds"))
    elif what == "read image":
        yield {"kind": "picture"}, b"rotten"
    elif what == "limits":
        yield {"kind": "limits", **_limits()}, b""


def _too_much(path: str) -> Iterator[Message]:
    """What `path` ends in: more than any film has, or what does not fit together."""
    cue = {"kind": "Cue", "start_seconds": 0, "end_seconds": 1, "source": "stream 1", "language": None}
    outline = {"kind": "Segmentation", "duration_seconds": 1, "cuts": [], "damaged_packets": 0}
    if path.endswith("long cue"):
        yield {**cue, "forced": False, "text": "x" * 5000}, b""
    if path.endswith("loose segments"):
        yield {"kind": "SampledFrame", "seconds": 0}, FRAME
        part = {"start_seconds": 0, "end_seconds": 1, "first_frame": 5, "frame_count": 1}
        yield {**outline, "segments": [part]}, b""
    if path.endswith("no segments"):
        yield {"kind": "SampledFrame", "seconds": 0}, FRAME
        yield {**outline, "segments": []}, b""
    if path.endswith("no utf-8"):
        raise DecodeError(f"{path}\udcff")
    if path.endswith("rotten frame"):
        yield {"kind": "SampledFrame", "seconds": 0}, b"rotten" + FRAME[6:]
    if path.endswith("large frame"):
        yield {"kind": "SampledFrame", "seconds": 0}, with_size(FRAME, 12_000, 12_000)
    if path.endswith("larger frame than asked for"):
        yield {"kind": "SampledFrame", "seconds": 0}, with_size(FRAME, 400, 400)
    while path.endswith("many cues"):
        yield {**cue, "forced": False, "text": "words"}, b""
    while path.endswith("many frames"):
        yield {"kind": "SampledFrame", "seconds": 0}, FRAME


def _dies_behind_the_film(path: str, stop_seconds: object) -> Iterator[Message]:
    """A film of 100 s with a tail that kills its decoder, and one whose middle does."""
    end = 50 if path.endswith("in the middle") else 100
    for second in range(0, end, 10):
        yield {"kind": "SampledFrame", "seconds": second}, FRAME
    yield {"kind": "Position", "bytes": 5, "seconds": end - 10}, b""
    if stop_seconds is None or end < 100:
        os.kill(os.getpid(), signal.SIGKILL)
    part = {"start_seconds": 0, "end_seconds": 100, "first_frame": 0, "frame_count": 10}
    yield (
        {
            "kind": "Segmentation",
            "duration_seconds": 100,
            "cuts": [],
            "damaged_packets": 0,
            "segments": [part],
        },
        b"",
    )


def _limits() -> dict[str, object]:
    names = ("RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_AS")
    limits: dict[str, object] = {name: resource.getrlimit(getattr(resource, name))[0] for name in names}
    try:
        with socket.create_connection(("192.0.2.1", 9), timeout=0.5):
            limits["network"] = "open"
    except OSError as error:
        limits["network"] = error.strerror or "timed out"
    limits["modules"] = sorted(name for name in sys.modules if "." not in name)
    limits["path"] = sys.path
    return limits
