"""The tables of verdicts in code are those that the revisions made."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from mediaindex.store.library import Library
from mediaindex.store.notes.verdict_tables import caption_difference, caption_verdict
from tests.support.made_tables import columns_in


@pytest.mark.parametrize("table", [caption_verdict, caption_difference], ids=lambda table: table.name)
def test_the_revisions_made_this_table(opened: Library, table: Table) -> None:
    assert columns_in(opened, table.name) == {column.name: column.nullable for column in table.columns}
