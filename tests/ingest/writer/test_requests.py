"""Requests as rows: what one process writes, another reads as the same value."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.ingest.writer.requests import (
    KINDS,
    CheckRequest,
    CompactRequest,
    ConfirmRequest,
    ForgetRequest,
    IndexRequest,
    Request,
    RetryRequest,
    TidyRequest,
    UseRequest,
    arguments_of,
    request_of,
)

NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1) | st.binary(
    min_size=1
).filter(lambda name: b"\0" not in name and b"/" not in name).map(os.fsdecode)
PATHS = st.lists(NAMES.map(lambda name: Path("/", name)), max_size=3).map(tuple)
SECONDS = st.floats(0.0, 1e10)
MIB = st.none() | st.integers(0, 2**40)
REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.builds(
        IndexRequest,
        PATHS,
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.none() | st.text(),
        MIB,
    ),
    st.builds(ConfirmRequest, PATHS),
    st.builds(TidyRequest, SECONDS),
    st.builds(UseRequest, st.text(), MIB),
    st.builds(ForgetRequest, PATHS, SECONDS, st.booleans(), st.booleans(), st.booleans()),
    st.builds(RetryRequest, PATHS),
    st.builds(CheckRequest, st.booleans()),
    st.builds(CompactRequest, MIB),
)


@given(request=REQUESTS)
def test_a_request_comes_out_of_its_row_as_it_went_in(request: Request) -> None:
    stored = json.loads(json.dumps(arguments_of(request)))
    assert request_of(request.kind, stored) == request


def test_every_kind_has_a_row_of_its_own_name() -> None:
    assert {kind: known.kind for kind, known in KINDS.items()} == {kind: kind for kind in KINDS}
    assert set(KINDS) == {"index", "confirm", "tidy", "use", "forget", "retry", "check", "compact"}


def test_a_kind_of_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="knows no request 'dream'; update it"):
        request_of("dream", {})


@pytest.mark.parametrize(
    ("kind", "arguments"), [("index", {}), ("use", {}), ("tidy", {}), ("index", {"paths": None})]
)
def test_a_row_that_lacks_a_value_is_refused(kind: str, arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"the request '{kind}' cannot be read"):
        request_of(kind, arguments)


def test_a_value_of_a_newer_version_is_left_out() -> None:
    assert request_of("check", {"repair": True, "colour": "red"}) == CheckRequest(repair=True)


def test_a_row_of_an_older_version_gets_the_defaults() -> None:
    assert request_of("index", {"paths": ["/videos"]}) == IndexRequest((Path("/videos"),))
