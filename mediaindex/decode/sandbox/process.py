"""Run a decode or probe in one bounded child process that is reused, and replaced when it dies.

The child is started with subprocess, not multiprocessing: nothing is unpickled on either side. Its
stderr is kept, bounded, for the reason of a death; stdout goes nowhere.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mediaindex.decode.sandbox import wire
from mediaindex.errors import (
    DecodeError,
    DecoderDied,
    MediaError,
    ProbeError,
)

logger = logging.getLogger(__name__)

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mediaindex.decode.sandbox.child import main; main(sys.argv[2])"
)
MEMORY_MIB = 512
CPU_SECONDS = 120
REPLY_SECONDS = 180.0
REQUEST_SECONDS = 3600.0
REPLIES_BYTES = 4 << 30
KEPT_STDERR_BYTES = 2048
READ_BYTES = 1 << 16

ERRORS: dict[str, type[ProbeError] | type[DecodeError]] = {
    "ProbeError": ProbeError,
    "DecodeError": DecodeError,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use.

    Attributes:
        memory_mib: address space above what the imported libraries map.
        cpu_seconds: CPU time between two replies.
        reply_seconds: wall-clock time between two replies, after which the child is killed.
        request_seconds: wall-clock time of one request, which a child that keeps talking cannot stretch.
        replies_bytes: what the replies to one request may add up to.
    """

    memory_mib: int = MEMORY_MIB
    cpu_seconds: int = CPU_SECONDS
    reply_seconds: float = REPLY_SECONDS
    request_seconds: float = REQUEST_SECONDS
    replies_bytes: int = REPLIES_BYTES


class Sandbox:
    """A child process that answers requests; thread-confined but for `kill`.

    Args:
        handler: importable module with `handle(request) -> Iterator[wire.Message]`.
    """

    def __init__(self, handler: str, limits: Limits) -> None:
        self._handler = handler
        self._limits = limits
        self._child: _Child | None = None
        self._stopped = False

    def ask(self, request: Mapping[str, object], *, extra_seconds: float = 0.0) -> Iterator[wire.Message]:
        """The replies to one request, as they come.

        A consumer that stops early costs the child its life: its other replies are not wanted.

        Args:
            extra_seconds: granted on top of `Limits.request_seconds`, for a file that is large.

        Raises:
            ProbeError, DecodeError: the handler says so. DecoderDied: the child crashed, hung, or went
                over a limit.
        """
        if self._stopped:
            raise DecoderDied("the decoder was stopped")
        child = self._living_child()
        finished = False
        allowed = _Allowance(self._limits.request_seconds + extra_seconds, self._limits.replies_bytes)
        try:
            child.send(request)
            while True:
                header, body = child.receive(self._limits.reply_seconds)
                allowed.check(child.take_received())
                match header.get("kind"):
                    case "started":
                        continue
                    case "done":
                        finished = True
                        return
                    case "error" | "fault":
                        finished = True
                        raise _error(header)
                    case _:
                        yield header, body
        except wire.WireError as error:
            raise DecoderDied(f"the decoder sent nonsense: {error}") from error
        finally:
            if not finished:
                self._discard()

    def close(self) -> None:
        """End the child; the sandbox may be asked again."""
        self._discard()

    def kill(self) -> None:
        """End the child at once and for good; may be called from another thread."""
        self._stopped = True
        child = self._child
        if child is not None:
            child.kill()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None where none runs."""
        return None if self._child is None else self._child.pid

    def _living_child(self) -> _Child:
        if self._child is not None and not self._child.alive:
            self._discard()
        if self._child is None:
            self._child = _Child(self._handler, self._limits)
        if self._stopped:
            self._child.kill()
        return self._child

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


class _Allowance:
    """What is left to one request of time and bytes."""

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self._deadline = time.monotonic() + seconds
        self._left = size

    def check(self, received: int) -> None:
        """Count `received` bytes.

        Raises:
            DecoderDied: they are too many, or the time is over.
        """
        self._left -= received
        if self._left < 0:
            raise DecoderDied(f"the decoder gave more than {self._size >> 20} MiB and was stopped")
        if time.monotonic() > self._deadline:
            raise DecoderDied(f"the decoder was not done after {self._seconds:.0f} s and was stopped")


class _Child:
    """One process and its three pipes."""

    def __init__(self, handler: str, limits: Limits) -> None:
        reply_read, reply_write = os.pipe()
        orders = {
            "handler": handler,
            "reply_fd": reply_write,
            "parent": os.getpid(),
            "memory_mib": limits.memory_mib,
            "cpu_seconds": limits.cpu_seconds,
        }
        try:
            self._process = subprocess.Popen(
                [*_interpreter(), BOOT, json.dumps(_import_path()), json.dumps(orders)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(reply_write,),
                env=_environment(),
            )
        except BaseException:
            os.close(reply_read)
            raise
        finally:
            os.close(reply_write)
        self._replies = reply_read
        self._received = 0
        self._stderr = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(reply_read, selectors.EVENT_READ)
        assert self._process.stderr is not None
        self._selector.register(self._process.stderr, selectors.EVENT_READ)
        self._ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, request: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(wire.frame(request))
            self._process.stdin.flush()
        except OSError as error:
            raise DecoderDied(self._obituary()) from error

    def receive(self, seconds: float) -> wire.Message:
        """The next reply; the first one of a child follows its greeting."""
        if not self._ready:
            self._receive(seconds)
            self._ready = True
        return self._receive(seconds)

    def take_received(self) -> int:
        """Bytes of replies since the last call."""
        received, self._received = self._received, 0
        return received

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self._selector.close()
        os.close(self._replies)
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.stderr.close()
        self._process.wait()

    def _receive(self, seconds: float) -> wire.Message:
        deadline = time.monotonic() + seconds
        return wire.receive(lambda size: self._read_exactly(size, deadline, seconds))

    def _read_exactly(self, size: int, deadline: float, seconds: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            remaining = deadline - time.monotonic()
            ready = self._selector.select(remaining) if remaining > 0 else []
            if not ready:
                self._process.kill()
                raise DecoderDied(f"the decoder gave no answer for {seconds:.0f} s and was stopped")
            for key, _ in ready:
                if key.fd != self._replies:
                    self._keep_stderr(key.fd)
                    continue
                chunk = os.read(self._replies, min(size - len(data), 1 << 20))
                if not chunk:
                    raise DecoderDied(self._obituary())
                data += chunk
        self._received += size
        return bytes(data)

    def _keep_stderr(self, fd: int) -> bool:
        chunk = os.read(fd, READ_BYTES)
        self._stderr = (self._stderr + chunk)[-KEPT_STDERR_BYTES:]
        if not chunk:
            self._selector.unregister(fd)
        return bool(chunk)

    def _obituary(self) -> str:
        code = self._process.wait()
        assert self._process.stderr is not None
        fd = self._process.stderr.fileno()
        with contextlib.suppress(OSError, KeyError, ValueError):
            self._selector.get_key(fd)
            while self._keep_stderr(fd):
                pass
        last_lines = self._stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        words = f": {last_lines[0][:200]}" if last_lines else ""
        return f"decoder died: {_how(code)}{words}"


def _how(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _error(header: Mapping[str, object]) -> MediaError:
    # A file name that is no UTF-8 may stand in it, which no database stores as text.
    reason = str(header.get("reason")).encode("utf-8", "backslashreplace").decode()
    if header["kind"] == "fault":
        logger.error("the decoder process failed on a file:\n%s", reason)
        return DecodeError(
            f"a fault of mediaindex itself, please report it: {reason.strip().splitlines()[-1]}"
        )
    kind: type[MediaError] = ERRORS.get(str(header.get("error")), DecodeError)
    return kind(reason, transient=bool(header.get("transient")))


def _interpreter() -> list[str]:
    return [sys.executable, "-I", "-X", "utf8", "-c"]


def _import_path() -> list[str]:
    """The parent's import path without its current folder, and with the package's own root."""
    root = str(Path(__file__).resolve().parents[3])
    entries = [entry for entry in sys.path if os.path.isabs(entry)]
    return entries if root in entries else [root, *entries]


def _environment() -> dict[str, str]:
    """One thread for every numeric library: several children run beside each other already."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
