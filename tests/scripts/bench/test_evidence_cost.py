"""What evidence of regions costs: the benchmark runs, and what it adds up is what it names."""

from __future__ import annotations

from functools import partial

import pytest
from bench.evidence_cost import FRAMES, index_rows, milliseconds, query_rows

from mediaindex_models.region_records import RECORD_BYTES


def test_a_time_is_the_median_of_turns() -> None:
    called: list[str] = []
    found = milliseconds({name: partial(called.append, name) for name in ("a", "b")}, turns=3)
    assert called == ["a", "b"] * 4
    assert all(0 <= value < 1000 for value in found.values())


@pytest.mark.slow
def test_every_part_has_a_row() -> None:
    rows = {row.what: row for row in [*index_rows(1), *query_rows(1)]}
    more = next(row for what, row in rows.items() if what.startswith("index: a frame of evidence"))
    whole = next(row for what, row in rows.items() if what.endswith("with evidence (without)"))
    assert whole.baseline is not None
    assert more.value == pytest.approx(whole.value - whole.baseline)
    for frames in FRAMES:
        parts = [
            rows[f"query: 64 candidates of {frames} frames, {part}"] for part in ("read", "scored", "mixed")
        ]
        together = rows[f"query: {frames} frames, together (the embedding of the text)"]
        assert together.value == pytest.approx(
            sum(row.value for row in parts) + rows["query: the text side of the scorer"].value
        )
    assert RECORD_BYTES == 2340
