"""The values of a page are values: they compare, and cannot be changed."""

from __future__ import annotations

import dataclasses

import pytest

from mediaindex.learn.report_page import page_data
from tests.support.made_pages import made_page


def test_pages_of_the_same_values_are_equal_and_frozen() -> None:
    page = made_page()
    assert page == made_page()
    assert page != made_page(text="another")
    with pytest.raises(dataclasses.FrozenInstanceError):
        page.changed = "else"  # type: ignore[misc]


def test_every_value_is_frozen() -> None:
    classes = [value for value in vars(page_data).values() if dataclasses.is_dataclass(value)]
    assert len(classes) > 10
    for one in classes:
        assert vars(one)["__dataclass_params__"].frozen, one
