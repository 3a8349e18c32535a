"""What a library's tables are like on disk."""

from __future__ import annotations

import sqlalchemy as sa

from mediaindex.store.library import Library


def columns_in(library: Library, table: str) -> dict[str, bool]:
    """The columns of a table by name: whether each may be null."""
    with library.read() as connection:
        return {column["name"]: column["nullable"] for column in sa.inspect(connection).get_columns(table)}
