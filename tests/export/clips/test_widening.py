"""What ffmpeg's list of packets says of a copied clip."""

from __future__ import annotations

from fractions import Fraction

from mediaindex.export.clips.widening import Widening, widening_of
from tests.support.plain_cuts import plain_cut, plain_source

PACKETS = """#software: Lavf62
#tb 0: 1/90000
#media_type 0: video
0,     360000,     367200,     3600,     1234, 0x0123abcd
0,     363600,     378000,     3600,      234, 0x0123abcd, F=0x0
0,     367200,     370800,     3600,      234, 0x0123abcd, F=0x0
"""


def test_packets_before_and_behind_the_cut_are_counted_in_the_order_of_showing() -> None:
    cut = plain_cut(plain_source(container_start=Fraction(3)), 28, 30)
    widening = widening_of(cut, PACKETS)
    assert widening == Widening(Fraction("4.12") - Fraction("4.08"), Fraction("4.24") - Fraction("4.2"))
    assert "begins 0.040 s before the cut and ends 0.040 s behind it" in str(widening)
    assert widening is not None
    assert widening.is_whole


def test_a_copy_that_begins_too_late_is_not_whole() -> None:
    cut = plain_cut(plain_source(container_start=Fraction(3)), 20, 30)
    widening = widening_of(cut, PACKETS)
    assert widening is not None
    assert not widening.is_whole
    assert widening_of(cut, "#tb 0: 1/90000\n") is None
