"""CSV: a row for each cut, with a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from fractions import Fraction

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document, only_rate
from mediaindex.export.playlists.decimals import nearest
from mediaindex.export.playlists.rows import COLUMNS, cell, row_of


class CsvTable(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".csv"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for cut in cuts:
            row = row_of(cut)
            writer.writerow([_written(name, row[name]) for name in COLUMNS])
        return [Document(title, text.getvalue().encode(), only_rate(cuts), len(cuts))]


def _written(column: str, value: object) -> object:
    if isinstance(value, str):
        return cell(value)
    if column.endswith("_seconds") and isinstance(value, float):
        return nearest(Fraction(value))
    return value
