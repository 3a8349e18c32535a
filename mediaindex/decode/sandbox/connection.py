"""The parent's connection to one child process: started, written to, read from, ended.

The child is started with subprocess, not multiprocessing: nothing is unpickled on either side. Its
stderr is kept, bounded, for the reason of a death; its stdout is discarded.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.errors import DecoderDied

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mediaindex.decode.sandbox.child import main; main(sys.argv[2])"
)
KEPT_STDERR_BYTES = 2048
READ_BYTES = 1 << 16
READ_REPLY_BYTES = 1 << 20


class Connection:
    """One process and its three pipes.

    Args:
        handler: importable module with `handle(request) -> Iterator[wire.Message]`.
    """

    def __init__(self, handler: str, limits: Limits) -> None:
        reply_read, reply_write = os.pipe()
        options = {
            "handler": handler,
            "reply_fd": reply_write,
            "parent": os.getpid(),
            "memory_mib": limits.memory_mib,
            "cpu_seconds": limits.cpu_seconds,
        }
        try:
            self._process = subprocess.Popen(
                [*_interpreter(), BOOT, json.dumps(_import_path()), json.dumps(options)],
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
        self._received_bytes = 0
        self._stderr = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(reply_read, selectors.EVENT_READ)
        assert self._process.stderr is not None
        self._selector.register(self._process.stderr, selectors.EVENT_READ)
        self._ready = False

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return self._process.poll() is None

    def send(self, request: Mapping[str, object]) -> None:
        """Write a request.

        Raises:
            DecoderDied: nobody reads it.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(wire.frame(request))
            self._process.stdin.flush()
        except OSError as error:
            raise DecoderDied(self._cause_of_death()) from error

    def receive(self, seconds: float) -> wire.Message:
        """The next reply; the first one of a child follows its greeting.

        Raises:
            DecoderDied: the child ended, or no reply came within `seconds`, after which it is killed.
            wire.WireError: the reply is no message.
        """
        if not self._ready:
            self._receive(seconds)
            self._ready = True
        return self._receive(seconds)

    def take_received_bytes(self) -> int:
        """Bytes of replies since the last call."""
        received_bytes, self._received_bytes = self._received_bytes, 0
        return received_bytes

    def kill(self) -> None:
        """End the child at once, from any thread; `close` is still to be called."""
        self._process.kill()

    def close(self) -> None:
        """End the child and close its pipes."""
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
                chunk = os.read(self._replies, min(size - len(data), READ_REPLY_BYTES))
                if not chunk:
                    raise DecoderDied(self._cause_of_death())
                data += chunk
        self._received_bytes += size
        return bytes(data)

    def _keep_stderr(self, fd: int) -> bool:
        chunk = os.read(fd, READ_BYTES)
        self._stderr = (self._stderr + chunk)[-KEPT_STDERR_BYTES:]
        if not chunk:
            self._selector.unregister(fd)
        return bool(chunk)

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        assert self._process.stderr is not None
        fd = self._process.stderr.fileno()
        with contextlib.suppress(OSError, KeyError, ValueError):
            self._selector.get_key(fd)
            while self._keep_stderr(fd):
                pass
        last_lines = self._stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        words = f": {last_lines[0][:200]}" if last_lines else ""
        return f"decoder died: {_exit_name(code)}{words}"


def _exit_name(code: int) -> str:
    """An exit status in words: "exit 7", "SIGSEGV"."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


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
