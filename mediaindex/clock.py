"""One playing order for packets whose container clock starts again in the middle.

Joined recordings and cut broadcasts repeat their time stamps; a player goes on counting, and so does this.
"""

from __future__ import annotations

from fractions import Fraction

from av.packet import Packet

BACKWARD_SECONDS = 0.5
FORWARD_SECONDS = 10.0


class PlayingClock:
    """Gives packets stamps that go on where the container's clock jumps.

    Args:
        start_seconds: the container's clock at its start, which becomes 0.
        may_restart: whether the format expects jumps; elsewhere stamps are believed.
    """

    def __init__(self, start_seconds: float, *, may_restart: bool) -> None:
        self._start = start_seconds
        self._may_restart = may_restart
        self._shift = Fraction(0)
        self._expected: Fraction | None = None
        self.end_seconds = 0.0

    def follow(self, packet: Packet) -> None:
        """Restamp a packet of the film; these decide where the clock jumps."""
        if packet.time_base is None:
            return
        length = (packet.duration or 0) * packet.time_base
        stamp = packet.dts if packet.dts is not None else packet.pts
        if self._may_restart and stamp is not None:
            decoded_at = stamp * packet.time_base
            if self._expected is not None and not self._goes_on(decoded_at):
                self._shift += self._expected - decoded_at
            self._expected = decoded_at + length
        self.restamp(packet)
        if packet.pts is not None:
            self.end_seconds = max(self.end_seconds, self.seconds((packet.pts * packet.time_base) + length))

    def restamp(self, packet: Packet) -> None:
        """Restamp a packet of another stream by the film's clock."""
        if self._shift and packet.time_base is not None:
            ticks = round(self._shift / packet.time_base)
            if packet.pts is not None:
                packet.pts += ticks
            if packet.dts is not None:
                packet.dts += ticks

    def seconds(self, stamp: float | Fraction) -> float:
        """Playing time of a restamped stamp, in seconds of the container's clock."""
        return float(stamp) - self._start

    def _goes_on(self, decoded_at: Fraction) -> bool:
        assert self._expected is not None
        return -BACKWARD_SECONDS <= decoded_at - self._expected <= FORWARD_SECONDS
