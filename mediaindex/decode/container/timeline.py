"""One timeline for packets whose container clock starts again in the middle.

Joined recordings and cut broadcasts repeat their time stamps; as a player does, this goes on counting.
"""

from __future__ import annotations

from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

BACKWARD_SECONDS = 0.5
FORWARD_SECONDS = 10.0


class PlayingClock:
    """Restamps packets so that time continues where the container's clock jumps.

    Args:
        tick: seconds of one tick of the film's stamps.
        start_seconds: the container's clock at its start, which becomes 0.
        may_restart: whether the format allows jumps; elsewhere stamps stay as they are.

    Attributes:
        end_seconds: where the last film packet so far stops being shown.
    """

    def __init__(self, tick: Fraction, start_seconds: float, *, may_restart: bool) -> None:
        self._tick_seconds = float(tick)
        self._start_seconds = start_seconds
        self._may_restart = may_restart
        self._shift = 0
        self._expected: int | None = None
        self.end_seconds = 0.0

    def follow(self, packet: Packet[Stream]) -> None:
        """Restamp the film's next packet; only the film's packets tell where the clock jumps."""
        length = packet.duration or 0
        stamp = packet.dts if packet.dts is not None else packet.pts
        if self._may_restart and stamp is not None:
            if self._expected is not None and not self._is_continuous(stamp):
                self._shift += self._expected - stamp
            self._expected = stamp + length
        if self._shift:
            if packet.pts is not None:
                packet.pts += self._shift
            if packet.dts is not None:
                packet.dts += self._shift
        if packet.pts is not None:
            self.end_seconds = max(self.end_seconds, self.seconds(packet.pts + length))

    def seconds(self, stamp: int) -> float:
        """Playing time of a restamped packet or frame of the film."""
        return stamp * self._tick_seconds - self._start_seconds

    def seconds_beside(self, packet: Packet[Stream]) -> float | None:
        """Playing time of a packet of another stream, read just after the film's last one; None unstamped."""
        if packet.pts is None or packet.time_base is None:
            return None
        return float(packet.pts * packet.time_base) - self._start_seconds + self._shift * self._tick_seconds

    def _is_continuous(self, stamp: int) -> bool:
        assert self._expected is not None
        return -BACKWARD_SECONDS <= (stamp - self._expected) * self._tick_seconds <= FORWARD_SECONDS
