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
# Of such packets the third largest in a gap of a hundred is not much smaller than the largest.
HABITUAL_SHARE = 0.98
HABITUAL_RATIO = 2.0
# A film whose packets are on the mean larger moves so much that an encoder may take motion for a new scene.
CALM_SHARE = 0.15
# So much more than is allowed is no reason to decode.
SLACK_SECONDS = 0.15
# Between sides that are alike, with no sign of a cut, so many gaps are left as one.
ALIKE_GAPS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a gap is decoded.

    Attributes:
        fills: whether pictures in it are wanted.
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
        gap_seconds: the longest gap in which nothing is decoded ...
        alike_gaps: ... is so many times longer between sides that are alike, if no packet tells of a cut.
        suspect_difference: sides that differ more (0..1) are unlike.
        key_share: a packet tells of a cut from this share of its keyframe's size on ...
        usual_ratio: ... if it is so many times larger than nine of ten others,
        lone_ratio: and at any size from so many times on.
        certain_difference: sides that differ more have a cut between them, whatever the packets tell.
        trusts_packets: False searches wherever the sides are unlike.
    """

    gap_seconds: float = 3.4
    alike_gaps: float = ALIKE_GAPS
    suspect_difference: float = SUSPECT_DIFFERENCE
    key_share: float = 0.4
    usual_ratio: float = 1.3
    lone_ratio: float = 5.0
    certain_difference: float = 0.6
    trusts_packets: bool = True

    def plan(self, left_out: LeftOut | None, gap_seconds: float, unlikeness: float) -> Plan:
        """What is decoded of a gap whose sides are so unlike (0..1)."""
        fills = gap_seconds > self.longest_gap(left_out, unlikeness) + SLACK_SECONDS
        if unlikeness <= self.suspect_difference:
            return Plan(fills)
        if not self.trusts_packets or left_out is None:
            return Plan(fills, math.inf)
        may_be_scene = left_out.is_early or (not left_out.is_regular and _is_calm(left_out))
        searches = may_be_scene or unlikeness > self.certain_difference
        return Plan(fills, math.inf if searches else self._last_sign(left_out))

    def longest_gap(
        self, left_out: LeftOut | None, unlikeness: float, start_seconds: float = -math.inf
    ) -> float:
        """How long a gap, or the rest of one from a time on, may be in which nothing is decoded, seconds."""
        if unlikeness <= self.suspect_difference and self._tells_of_no_cut(left_out, start_seconds):
            return self.gap_seconds * self.alike_gaps
        return self.gap_seconds

    def next_fill(self, start_seconds: float, end_seconds: float, longest_gap: float) -> float:
        """When a picture is wanted next between two times; inf where what is left is short enough.

        It and those after it divide the rest evenly; what they show may spare some of them.
        """
        rest = end_seconds - start_seconds
        if rest <= longest_gap + SLACK_SECONDS:
            return math.inf
        return start_seconds + rest / max(2, math.ceil((rest - SLACK_SECONDS) / self.gap_seconds))

    def _tells_of_no_cut(self, left_out: LeftOut | None, start_seconds: float) -> bool:
        """Whether there are packets, and all of them from a time on such as they are without a cut."""
        if left_out is None or not left_out.sizes:
            return False
        signs = self._signs(left_out, sides_are_alike=True)
        return all(left_out.seconds[place] <= start_seconds for place in signs)

    def _last_sign(self, left_out: LeftOut) -> float:
        """The time after the last packet that tells of a cut; -inf where none does."""
        seconds = [left_out.seconds[place] + AFTER_PACKET_SECONDS for place in self._signs(left_out)]
        return max(seconds, default=-math.inf)

    def _signs(self, left_out: LeftOut, *, sides_are_alike: bool = False) -> list[int]:
        """The places of the packets that tell of a cut."""
        share, ratio = (
            (HABITUAL_SHARE, HABITUAL_RATIO) if sides_are_alike else (USUAL_SHARE, self.usual_ratio)
        )
        sizes = sorted(left_out.sizes)
        if not sizes:
            return []
        usual = max(sizes[int(share * (len(sizes) - 1))], 1)
        least = min(max(self.key_share * left_out.keyframe_bytes, ratio * usual), self.lone_ratio * usual)
        return [place for place, size in enumerate(left_out.sizes) if size >= least]


def _is_calm(left_out: LeftOut) -> bool:
    """Whether the packets are so small that motion does not explain sides that are unlike."""
    return sum(left_out.sizes) <= CALM_SHARE * left_out.keyframe_bytes * len(left_out.sizes)
