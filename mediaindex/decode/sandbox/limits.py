"""What a child process may use: its resources, and the time and bytes of one request."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mediaindex.errors import DecoderDied

MEMORY_MIB = 512
CPU_SECONDS = 120
REPLY_SECONDS = 180.0
REQUEST_SECONDS = 3600.0
REPLIES_BYTES = 4 << 30
PATIENCE_SECONDS = 15.0


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

    @property
    def patience_seconds(self) -> float:
        """How long the child may look for the next packet of a file: so that it still says what it found."""
        return min(PATIENCE_SECONDS, self.reply_seconds / 4)


class Allowance:
    """The time and the bytes that are left to one request.

    Args:
        seconds: from now on.
        size_bytes: of all its replies.
    """

    def __init__(self, seconds: float, size_bytes: int) -> None:
        self._seconds = seconds
        self._size_bytes = size_bytes
        self._deadline = time.monotonic() + seconds
        self._left_bytes = size_bytes

    def use(self, received_bytes: int) -> None:
        """Count the bytes of a reply.

        Raises:
            DecoderDied: they are too many, or the time is over.
        """
        self._left_bytes -= received_bytes
        if self._left_bytes < 0:
            raise DecoderDied(f"the decoder gave more than {self._size_bytes >> 20} MiB and was stopped")
        if time.monotonic() > self._deadline:
            raise DecoderDied(f"the decoder was not done after {self._seconds:.0f} s and was stopped")
