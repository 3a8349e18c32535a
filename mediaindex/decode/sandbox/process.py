"""A sandbox: one bounded child process that answers requests, is reused, and is replaced when it dies."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.connection import Connection
from mediaindex.decode.sandbox.limits import Allowance, Limits
from mediaindex.errors import DecodeError, DecoderDied, MediaError, ProbeError

logger = logging.getLogger(__name__)

ERRORS: dict[str, type[ProbeError] | type[DecodeError]] = {
    "ProbeError": ProbeError,
    "DecodeError": DecodeError,
}


class Sandbox:
    """A child process that answers requests; thread-confined but for `kill`.

    Args:
        handler: importable module with `handle(request) -> Iterator[wire.Message]`.
    """

    def __init__(self, handler: str, limits: Limits) -> None:
        self._handler = handler
        self.limits = limits
        self._child: Connection | None = None
        self._stopped = False

    def ask(self, request: Mapping[str, object], *, extra_seconds: float = 0.0) -> Iterator[wire.Message]:
        """The replies to one request, as they come.

        A consumer that stops early ends the child, whose other replies nobody wants.

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
        allowance = Allowance(self.limits.request_seconds + extra_seconds, self.limits.replies_bytes)
        try:
            child.send(request)
            while True:
                header, body = child.receive(self.limits.reply_seconds)
                allowance.use(child.take_received_bytes())
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

    def _living_child(self) -> Connection:
        if self._child is not None and not self._child.alive:
            self._discard()
        if self._child is None:
            self._child = Connection(self._handler, self.limits)
        if self._stopped:
            self._child.kill()
        return self._child

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


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
