"""The tables as the code names them: those that the revisions make."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.media import MediaInfo
from mediaindex.store.catalog.database import HEAD, make_engine, migrate, revision
from mediaindex.store.catalog.schema import METADATA, JsonType, PathType, video
from mediaindex.store.maintenance.reachability import ALL_TABLES


def test_the_first_revision_makes_the_tables_that_the_code_names(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "library.sqlite")
    migrate(engine)
    assert revision(engine) == HEAD
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), ALL_TABLES[0].metadata)
        assert [change for change in found if "word_index" not in str(change)] == []
    migrate(engine)
    engine.dispose()


def test_every_field_of_a_file_but_its_stream_has_a_column() -> None:
    assert {field.name for field in fields(MediaInfo)} - set(METADATA) == {"video_stream"}
    assert set(METADATA) <= set(video.c.keys())
    assert not video.c.duration_seconds.nullable
    assert (video.c.width.nullable, video.c.fps.nullable, video.c.title.nullable) == (False, True, True)
    assert isinstance(video.c.tags.type, JsonType)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def values() -> sa.Table:
    return sa.Table("value", sa.MetaData(), sa.Column("json", JsonType), sa.Column("path", PathType))


@given(value=json_values)
def test_json_comes_back_as_it_was_and_none_is_null(value: object, values: sa.Table) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        values.create(connection)
        connection.execute(sa.insert(values).values(json=value))
        assert connection.execute(sa.select(values.c.json)).scalar_one() == value
        stored = connection.exec_driver_sql("SELECT json FROM value").scalar_one()
        assert stored == (None if value is None else json.dumps(value))
    engine.dispose()


@given(name=st.binary(min_size=1).filter(lambda name: not {0, 47} & set(name) and name not in (b".", b"..")))
def test_a_path_of_any_bytes_comes_back(name: bytes, values: sa.Table) -> None:
    engine = sa.create_engine("sqlite://")
    path = Path("/videos", os.fsdecode(name))
    with engine.begin() as connection:
        values.create(connection)
        connection.execute(sa.insert(values).values(path=path))
        assert connection.execute(sa.select(values.c.path)).scalar_one() == path
    engine.dispose()
