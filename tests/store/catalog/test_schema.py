"""The tables as the code names them: those that the revisions make."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mediaindex.store.catalog.database import HEAD, make_engine, migrate, revision
from mediaindex.store.catalog.schema import metadata


def test_the_first_revision_makes_the_tables_that_the_code_names(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "library.sqlite")
    migrate(engine)
    assert revision(engine) == HEAD
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [change for change in found if "word_index" not in str(change)] == []
    migrate(engine)
    engine.dispose()
