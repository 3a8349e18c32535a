"""The packets since the last picture, kept within bounds: what a decoder needs to go back without seeking.

A GOP (group of pictures) is a keyframe with the pictures that depend on it. Its packets are kept until the
next keyframe, so that a stretch which turns out to matter is decoded from memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from av.packet import Packet
from av.stream import Stream

# The most that is kept: 10 s of 25 Mbit/s, or of 400 pictures a second.
MAX_BYTES = 32 << 20
MAX_PACKETS = 4096
# So many intervals between keyframes that are equal are the encoder's own.
EQUAL_INTERVALS = 3
# The longest intervals between keyframes unless told otherwise, in packets: those of libvpx, and of x264 and
# x265, in whose open GOPs up to four pictures are stored on the other side of the keyframe.
USUAL_INTERVALS = frozenset({128, *range(246, 255)})


@dataclass(frozen=True, slots=True)
class Gap:
    """Packets between two pictures.

    Attributes:
        continues: the codec has decoded what comes before them, so that they need no keyframe.
    """

    packets: list[Packet[Stream]]
    continues: bool


class GopBuffer:
    """Packets of the film from the last keyframe on, in the order in which they were read.

    Attributes:
        undecoded: how many of the last packets have not been given as pictures.
    """

    def __init__(self) -> None:
        self._packets: list[Packet[Stream]] = []
        self._bytes = 0
        self.undecoded = 0

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def is_full(self) -> bool:
        """Whether more is kept than the bounds allow."""
        return len(self._packets) > MAX_PACKETS or self._bytes > MAX_BYTES

    def append(self, packet: Packet[Stream]) -> None:
        """Keep a packet that has not been given as a picture."""
        self._packets.append(packet)
        self._bytes += packet.size
        self.undecoded += 1

    def restart(self, keyframe: Packet[Stream]) -> list[Packet[Stream]]:
        """Begin with a keyframe whose picture has been given; gives the packets before it."""
        before = self.take()
        self.append(keyframe)
        self.undecoded = 0
        return before

    def take(self) -> list[Packet[Stream]]:
        """All that was kept; nothing is kept afterwards."""
        packets = self._packets
        self._packets, self._bytes, self.undecoded = [], 0, 0
        return packets

    def drop_every_second(self) -> None:
        """Halve what is kept, where every packet is a keyframe."""
        self._packets = self._packets[::2]
        self._bytes = sum(packet.size for packet in self._packets)
        self.undecoded = min(self.undecoded, len(self._packets))

    def pop(self) -> Packet[Stream]:
        """Take the newest packet out. The caller reads nothing after it."""
        return self._packets.pop()

    def pop_last_keyframe(self) -> Packet[Stream] | None:
        """Take out the newest undecoded keyframe and drop what follows it; None where there is none."""
        oldest = len(self._packets) - self.undecoded
        for index in range(len(self._packets) - 1, oldest - 1, -1):
            packet = self._packets[index]
            if packet.is_keyframe:
                self.undecoded = index - oldest
                del self._packets[index:]
                return packet
        return None


class KeyframeIntervals:
    """Tells keyframes that were due from those that an encoder puts where the scene changes."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=EQUAL_INTERVALS)
        self._longest = 0
        self._packets = 0

    def follow(self, *, is_keyframe: bool) -> None:
        """Take the next packet."""
        if is_keyframe and self._packets:
            self._recent.append(self._packets)
            self._longest = max(self._longest, self._packets)
            self._packets = 0
        self._packets += 1

    @property
    def is_regular(self) -> bool:
        """Whether the newest keyframe came where the encoder would have put it in any case."""
        if not self._recent:
            return False
        if self._recent[-1] in USUAL_INTERVALS:
            return True
        return len(self._recent) == EQUAL_INTERVALS and max(self._recent) - min(self._recent) <= 1

    @property
    def is_early(self) -> bool:
        """Whether the newest keyframe came sooner than another one of the film: the scene changed."""
        return bool(self._recent) and not self.is_regular and self._recent[-1] < self._longest - 1
