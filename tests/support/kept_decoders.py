"""Decoders that outlive their pass, for a start costs more than all that most tests decode.

They are real children of the real sandbox. Closing one that has answered all it was asked puts it by for
the next pass with the same limits and surroundings; any other is ended as ever.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from mediaindex.decode.sandbox import process, wire
from mediaindex.decode.sandbox.connection import Connection
from mediaindex.decode.sandbox.limits import Limits

IDLE = 4
LAST_REPLIES = {"done", "error", "fault"}
OF_ONE_TEST = {"HOME", "PYTEST_CURRENT_TEST"}  # variables that differ in each, and mean nothing to a decoder


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Let the decoders of a block be used again; those that are idle at its end are ended."""
    decoders = _KeptDecoders()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(process, "Connection", decoders.connection)
        try:
            yield
        finally:
            decoders.end()


class _KeptDecoders:
    """The idle decoders, the longest idle first."""

    def __init__(self) -> None:
        self._idle: list[_KeptDecoder] = []
        self._lock = threading.Lock()
        # A decoder ends with the thread that started it, and the threads of a pass end with the pass.
        self._starter = ThreadPoolExecutor(1)

    def connection(self, handler: str, limits: Limits) -> Connection:
        """An idle decoder, or one that is started."""
        started_with = (handler, limits, os.getcwd(), _surroundings())
        with self._lock:
            for decoder in self._idle:
                if decoder.started_with == started_with and decoder.alive:
                    self._idle.remove(decoder)
                    return decoder
        decoder = self._starter.submit(_KeptDecoder, handler, limits, self).result()
        decoder.started_with = started_with
        return decoder

    def put_by(self, decoder: _KeptDecoder) -> None:
        """Keep a decoder for the next that asks."""
        with self._lock:
            self._idle.append(decoder)
            if len(self._idle) > IDLE:
                self._idle.pop(0).end()

    def end(self) -> None:
        """End all that are idle."""
        for decoder in self._idle:
            decoder.end()
        self._starter.shutdown()


class _KeptDecoder(Connection):
    """A connection that is put by instead of closed, unless its child is in the middle of something."""

    def __init__(self, handler: str, limits: Limits, kept: _KeptDecoders) -> None:
        super().__init__(handler, limits)
        self.started_with: object = None
        self._kept = kept
        self._reusable = self._unwanted = False

    def send(self, request: Mapping[str, object]) -> None:
        self._reusable = False
        if self._unwanted:
            super().kill()
        super().send(request)

    def receive(self, seconds: float) -> wire.Message:
        header, body = super().receive(seconds)
        self._reusable = header.get("kind") in LAST_REPLIES
        return header, body

    def close(self) -> None:
        if self._reusable and self.alive:
            self._unwanted = False
            self._kept.put_by(self)
        else:
            self.end()

    def kill(self) -> None:
        self._unwanted = True
        if not self._reusable:
            super().kill()

    def end(self) -> None:
        """End the child, as a connection's `close` does."""
        super().close()


def _surroundings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OF_ONE_TEST}
