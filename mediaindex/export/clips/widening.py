"""By how much the keyframes widen a cut that is copied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from mediaindex.export.cuts.cut import Cut

LENIENCE = Fraction(1, 500)
"""Seconds by which a container may round a time."""
_TICK = re.compile(r"#tb 0: (\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Widening:
    """Seconds that a copied clip begins before the cut, and ends behind it."""

    before: Fraction
    behind: Fraction

    def __str__(self) -> str:
        before, behind = (f"{float(seconds):.3f}" for seconds in (self.before, self.behind))
        return f"begins {before} s before the cut and ends {behind} s behind it, at the packets' bounds"

    @property
    def is_whole(self) -> bool:
        """Whether the clip holds the first frame of the cut."""
        return self.before > -LENIENCE


def widening_of(cut: Cut, packets: str) -> Widening | None:
    """The widening by ffmpeg's list of the packets that are copied (framecrc); None of an empty list."""
    tick = Fraction(1)
    spans: list[tuple[int, int]] = []
    for line in packets.splitlines():
        if (found := _TICK.match(line)) is not None:
            tick = Fraction(int(found[1]), int(found[2]))
        elif not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            spans.append((int(fields[2]), int(fields[2]) + int(fields[3])))
    if not spans:
        return None
    zero = cut.source.container_start
    start = min(span[0] for span in spans) * tick - zero
    end = max(span[1] for span in spans) * tick - zero
    return Widening(cut.start_seconds - start, end - cut.end_seconds)
