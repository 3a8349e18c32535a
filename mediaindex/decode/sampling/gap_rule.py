"""Which gaps between two keyframes are worth decoding, judged before anything in them is decoded.

Known are the pictures on both sides and the sizes of the packets between them. A cut makes the sides unlike,
and so do a pan and a busy subject; but after a cut nothing can be predicted, so its packet is nearly as large
as a keyframe's, or the encoder puts a keyframe there, ahead of its usual interval. Where neither is seen,
the sides must be very unlike: a cut may also fall on a keyframe that was due. Between sides that are alike,
with no such packet, seconds may pass in which little happens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mediaindex.decode.backends.decoder import LeftOut

# Sides that differ more than this may have a shot boundary between them.
SUSPECT_DIFFERENCE = 0.25
# A packet is decoded past by so much: pictures are stored in another order than they are shown in.
AFTER_PACKET_SECONDS = 0.5
# Of packets that are large by chance the largest tenth is little smaller.
USUAL_SHARE = 0.9
# Some encoders store a large packet every half a second (VP8, VP9 and AV1, for pictures that are not shown).
# Of such packets the fourth largest in a gap of a hundred is little smaller than the largest.
HABITUAL_SHARE = 0.97


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a gap is decoded.

    Attributes:
        fills: whether pictures that divide it evenly are wanted.
        search_until: where the search for a cut ends, seconds; -inf where no cut is expected.
    """

    fills: bool
    search_until: float = -math.inf

    @property
    def decodes(self) -> bool:
        """Whether anything is decoded."""
        return self.fills or self.search_until > -math.inf


@dataclass(frozen=True, slots=True)
class GapRule:
    """See above.

    Attributes:
        suspect_difference: sides that differ more (0..1) are unlike.
        alike_seconds: the longest gap between sides that are alike in which nothing is decoded ...
        calm_seconds: ... and the longest one if no packet in it tells of a cut.
        unlike_seconds: the longest gap between sides that are unlike which is not filled.
        key_share: a packet tells of a cut from this share of its keyframe's size on ...
        usual_ratio: ... if it is so many times larger than nine of ten others,
        lone_ratio: and at any size from so many times on.
        certain_difference: sides that differ more have a cut between them, whatever the packets tell.
        trusts_packets: False searches wherever the sides are unlike.
    """

    suspect_difference: float = SUSPECT_DIFFERENCE
    alike_seconds: float = 3.4
    calm_seconds: float = 6.0
    unlike_seconds: float = 3.4
    key_share: float = 0.4
    usual_ratio: float = 1.3
    lone_ratio: float = 5.0
    certain_difference: float = 0.6
    trusts_packets: bool = True

    def plan(self, left_out: LeftOut | None, gap_seconds: float, unlikeness: float) -> Plan:
        """What is decoded of a gap whose sides are so unlike (0..1)."""
        if unlikeness <= self.suspect_difference:
            longest = self.calm_seconds if self._tells_of_no_cut(left_out) else self.alike_seconds
            return Plan(gap_seconds > max(longest, self.alike_seconds))
        fills = gap_seconds > self.unlike_seconds
        trusts = self.trusts_packets and left_out is not None and left_out.is_regular
        searches = not trusts or unlikeness > self.certain_difference
        return Plan(fills, math.inf if searches else self._last_sign(left_out))

    def _tells_of_no_cut(self, left_out: LeftOut | None) -> bool:
        """Whether there are packets, and all of them such as they are without a cut."""
        return left_out is not None and bool(left_out.sizes) and not self._signs(left_out, HABITUAL_SHARE)

    def _last_sign(self, left_out: LeftOut | None) -> float:
        """The time after the last packet that tells of a cut; -inf where none does."""
        if left_out is None:
            return -math.inf
        seconds = [left_out.seconds[place] + AFTER_PACKET_SECONDS for place in self._signs(left_out)]
        return max(seconds, default=-math.inf)

    def _signs(self, left_out: LeftOut, usual_share: float = USUAL_SHARE) -> list[int]:
        """The places of the packets that tell of a cut."""
        sizes = sorted(left_out.sizes)
        if not sizes:
            return []
        usual = max(sizes[int(usual_share * (len(sizes) - 1))], 1)
        least = min(
            max(self.key_share * left_out.keyframe_bytes, self.usual_ratio * usual), self.lone_ratio * usual
        )
        return [place for place, size in enumerate(left_out.sizes) if size >= least]
