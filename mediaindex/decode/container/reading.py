"""Reading on in a file that may hold nothing more: a tail of zeros, a hole, what another program left there.

A demuxer looks for the next packet until it finds one, which takes minutes in gigabytes of zeros. It is
stopped after some seconds: what was read until then counts. A disk that gives nothing is another matter.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from mediaindex.decode.sandbox.limits import PATIENCE_SECONDS
from mediaindex.errors import ProbeError

patience_seconds: ContextVar[float] = ContextVar("patience_seconds", default=PATIENCE_SECONDS)
"""How long a reader looks for the next packet, or for what it seeks."""
# Whoever looks through bytes has the processor for such a share of the time, on a busy machine too; whoever
# waits for a disk has not.
SEARCHING_SHARE = 0.01


class Search:
    """What is looked for in a file, from now on.

    Args:
        used_seconds: the processor time so far of whoever looks.
    """

    def __init__(self, used_seconds: Callable[[], float] = time.thread_time) -> None:
        self._used_seconds = used_seconds
        self._began, self._used = time.monotonic(), used_seconds()

    @property
    def is_vain(self) -> bool:
        """Whether the reader's patience was spent on looking through bytes."""
        is_over = time.monotonic() - self._began >= patience_seconds.get()
        return is_over and not self._is_silent

    @property
    def _is_silent(self) -> bool:
        return self._used_seconds() - self._used < SEARCHING_SHARE * patience_seconds.get()

    def refuse_silent_disk(self) -> None:
        """Return if there was something to look through.

        Raises:
            ProbeError: the disk gave nothing all the time.
        """
        if self._is_silent:
            raise ProbeError(
                f"the disk gave no data for {patience_seconds.get():.0f} s: check the drive or the network",
                transient=True,
            )


def packets(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Stream]]:
    """The packets of some streams, until the file's end or until no more are found.

    Raises:
        av.error.FFmpegError: what follows is damaged. ProbeError: the disk gives nothing.
    """
    demuxed = container.demux(*streams)
    while True:
        search = Search()
        try:
            packet = next(demuxed, None)
        except av.error.ExitError:
            search.refuse_silent_disk()
            return
        is_last = search.is_vain  # some demuxers, when stopped, first give what they still hold
        if packet is not None:
            yield packet
        if packet is None or is_last:
            return


def packets_from(container: InputContainer, stream: Stream, seconds: float) -> Iterator[Packet[Stream]]:
    """The packets of a stream from the keyframe before a time; from its start where it cannot be found.

    Args:
        seconds: from the container's start.

    Raises:
        av.error.FFmpegError, ProbeError: as `packets`.
    """
    # A demuxer's patience lasts while it is read from, and PyAV has none for a seek alone.
    demuxed = packets(container, [stream])
    first = list(itertools.islice(demuxed, 1))
    try:
        if seconds > 0:
            container.seek(int(seconds * av.time_base) + (container.start_time or 0))
            first = []
    except av.error.FFmpegError:
        pass  # a container that cannot seek: reading goes on where it is
    yield from first
    yield from demuxed
