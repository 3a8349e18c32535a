"""LosslessCut's CSV of segments: start, end, name; one file for each source."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document
from mediaindex.export.playlists.decimals import nearest
from mediaindex.export.playlists.rows import cell


class LosslessCut(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".csv"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        of_source: dict[str, list[Cut]] = {}
        for cut in cuts:
            of_source.setdefault(cut.source.target, []).append(cut)
        return [
            Document(same[0].source.name, _segments(same), same[0].source.rate, len(same))
            for same in of_source.values()
        ]


def _segments(cuts: Sequence[Cut]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for cut in cuts:
        writer.writerow([nearest(cut.start_seconds), nearest(cut.end_seconds), cell(cut.label)])
    return text.getvalue().encode()
