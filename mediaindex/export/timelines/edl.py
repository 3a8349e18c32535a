"""CMX 3600 edit decision lists: one for each rate, of at most 999 cuts.

An edit is a line of fixed columns: number, reel, channels, C for a cut, and four timecodes, those of the
source before those of the record. `FCM:` says before the edits whether these drop numbers, and again where
that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from mediaindex.export.cuts.cut import Cut, rates_of
from mediaindex.export.cuts.document import Document, rate_name
from mediaindex.export.cuts.reel_names import reel_names
from mediaindex.export.cuts.timecode import is_countable
from mediaindex.safe_text import printable

HIGHEST_RATE = 60
EDITS = 999
RECORD_START_SECONDS = 3600
"""Where programmes start on tape: 01:00:00:00."""
LONGEST_TITLE = 70
CHANNELS = {0: "V", 1: "B"}
"""Pictures alone, and with one channel; with two or more AA/V, and a note on the third and the fourth."""


class Edl:
    """See `cuts.document.Format`."""

    suffix = ".edl"

    def refusal(self, cut: Cut) -> str | None:
        """Why an EDL cannot hold a cut; None where it can."""
        if cut.source.rate <= HIGHEST_RATE and is_countable(cut.source.rate):
            return None
        rate = rate_name(cut.source.rate)
        return f"an EDL counts at most {HIGHEST_RATE} frames a second, and this film has {rate}"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        reels = reel_names(cut.source for cut in cuts)
        found: list[Document] = []
        for rate in rates_of(cuts):
            same = [cut for cut in cuts if cut.source.rate == rate]
            parts = [same[start : start + EDITS] for start in range(0, len(same), EDITS)]
            for number, part in enumerate(parts, 1):
                stem = f"{title}-{rate_name(rate)}" + (f"-{number}" if len(parts) > 1 else "")
                found.append(Document(stem, _list(part, rate, title, reels), rate, len(part)))
        return found


def _list(cuts: Sequence[Cut], rate: Fraction, title: str, reels: Mapping[str, str]) -> bytes:
    lines = [f"TITLE: {_line(title)[:LONGEST_TITLE]}", *_edits(cuts, rate, reels)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _edits(cuts: Sequence[Cut], rate: Fraction, reels: Mapping[str, str]) -> Iterator[str]:
    drop: bool | None = None
    recorded = 0
    for number, cut in enumerate(cuts, 1):
        base = cut.source.base
        if base.drop != drop:
            drop = base.drop
            yield f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}"
        start = base.count(f"{RECORD_START_SECONDS // 3600:02}:00:00:00") + recorded
        recorded += cut.length
        times = (cut.timecode_in, cut.timecode_out, base.text(start), base.text(start + cut.length))
        reel, channels = reels[cut.source.target], cut.source.channels
        yield f"{number:03}  {reel:<8} {CHANNELS.get(channels, 'AA/V'):<5} C        {' '.join(times)}"
        if channels > 2:
            yield f"AUD   {'3    4' if channels > 3 else '3'}"
        yield from _comments(cut)


def _comments(cut: Cut) -> Iterator[str]:
    yield f"* FROM CLIP NAME: {_line(cut.source.name)}"
    yield f"* SOURCE FILE: {_line(cut.source.target)}"
    if cut.label and cut.label != cut.source.name:
        yield f"* COMMENT: {_line(cut.label)}"
    if cut.note:
        yield f"* COMMENT: {_line(cut.note)}"


def _line(text: str) -> str:
    """Text that stays on its line."""
    return printable(text).strip()
