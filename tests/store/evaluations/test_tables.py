"""The tables of evaluations are those that the revision made, with what holds them together."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from mediaindex.store.evaluations.tables import evaluation, evaluation_figure, evaluation_series
from mediaindex.store.library import Library

VALUES = {"started_at": 1.0, "versions": {}, "settings": {}, "tested": False, "line": ""}


@pytest.mark.parametrize("table", [evaluation, evaluation_series, evaluation_figure], ids=str)
def test_the_revision_made_these_columns(table: sa.Table, opened: Library) -> None:
    with opened.read() as connection:
        found = sa.inspect(connection).get_columns(table.name)
    assert [(one["name"], one["nullable"]) for one in found] == [
        (one.name, one.nullable) for one in table.columns
    ]


def test_a_state_that_is_none_is_refused(opened: Library) -> None:
    with opened.write() as connection:
        connection.execute(sa.insert(evaluation).values(**VALUES, state="open"))
    with pytest.raises(IntegrityError, match="evaluation_state"), opened.write() as connection:
        connection.execute(sa.insert(evaluation).values(**VALUES, state="over"))
