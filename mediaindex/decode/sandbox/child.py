"""The child side of a sandbox: confine itself, then answer requests until the pipe closes.

It is started as `python -I -c BOOT` with the parent's import path as an argument, so that it imports the
package that the parent runs and nothing from the current folder or the environment.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mediaindex.decode.sandbox import confinement, wire
from mediaindex.errors import MediaError

Handler = Callable[[dict[str, object]], Iterator[wire.Message]]


@dataclass(frozen=True, slots=True)
class ChildOptions:
    """The options that the parent passes once, at the start.

    Attributes:
        handler: module whose `handle(request)` gives the replies of one request.
        reply_fd: file descriptor to write replies to.
        cpu_seconds: CPU time that may pass without a reply.
    """

    handler: str
    reply_fd: int
    parent: int
    memory_mib: int
    cpu_seconds: int


def main(options_json: str) -> None:
    """Serve requests from stdin; returns when stdin ends."""
    options = ChildOptions(**json.loads(options_json))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    network_left = confinement.leave_network()
    confinement.die_with_parent(options.parent)
    confinement.allocate_from_one_arena()
    handler: Handler = importlib.import_module(options.handler).handle
    confinement.limit_resources(memory_mib=options.memory_mib)
    with os.fdopen(options.reply_fd, "wb") as replies:
        _send(replies, {"kind": "ready", "network_left": network_left})
        serve(handler, sys.stdin.buffer, replies, cpu_seconds=options.cpu_seconds)


def serve(handler: Handler, requests: BinaryIO, replies: BinaryIO, *, cpu_seconds: int) -> None:
    """Answer each request of `requests` with the handler's messages and one `done` or `error`."""

    def read_exactly(size: int) -> bytes:
        data = requests.read(size)
        if len(data) < size:
            raise EOFError
        return data

    while True:
        try:
            request, _ = wire.receive(read_exactly)
        except EOFError:
            return
        for header, body in _answers(handler, request):
            confinement.renew_cpu_budget(cpu_seconds)
            _send(replies, header, body)


def _answers(handler: Handler, request: dict[str, object]) -> Iterator[wire.Message]:
    try:
        yield {"kind": "started"}, b""
        yield from handler(request)
    except MediaError as error:
        yield {"kind": "error", "error": type(error).__name__, **_reason(error.reason, error.transient)}, b""
    except MemoryError:
        yield {"kind": "error", "error": "DecodeError", **_reason(OUT_OF_MEMORY, transient=True)}, b""
    except Exception:  # noqa: BLE001
        # The outermost loop of a worker: an unexpected error is our own fault and must be seen.
        yield {"kind": "fault", **_reason(traceback.format_exc(), transient=False)}, b""
    else:
        yield {"kind": "done"}, b""


OUT_OF_MEMORY = "decoding needs more memory than decode_memory_mib allows: raise it, or index a smaller copy"


def _reason(reason: str, transient: bool) -> dict[str, object]:
    return {"reason": reason[-4000:], "transient": transient}


def _send(replies: BinaryIO, header: dict[str, object], body: bytes = b"") -> None:
    replies.write(wire.frame(header, body))
    replies.flush()
