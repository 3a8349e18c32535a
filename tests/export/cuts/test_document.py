"""What every format of the table keeps to."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mediaindex.export.cuts.document import only_rate, rate_name
from mediaindex.export.format_table import FORMATS
from tests.support.plain_cuts import plain_cut, plain_source


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_holds_all_cuts_that_it_does_not_refuse(name: str) -> None:
    form = FORMATS[name]()
    sources = [plain_source(f"/films/{rate}.mov", rate) for rate in (24, 25, Fraction(30000, 1001), 60)]
    cuts = [plain_cut(source, first, first + 10) for first in (5, 50) for source in sources]
    assert [form.refusal(cut) for cut in cuts] == [None] * len(cuts)
    documents = form.documents(cuts, "a title")
    assert sum(document.cuts for document in documents) == len(cuts)
    assert len({document.stem for document in documents}) == len(documents)
    assert all(document.content for document in documents)
    assert form.suffix.startswith(".")
    assert form.documents(cuts, "a title") == documents, "the same cuts make the same bytes"


def test_the_rate_that_all_cuts_have() -> None:
    one, other = plain_source("/a"), plain_source("/b", 50)
    assert only_rate([plain_cut(one, 0, 1), plain_cut(one, 5, 9)]) == 25
    assert only_rate([plain_cut(one, 0, 1), plain_cut(other, 5, 9)]) is None


def test_rates_are_named_as_people_write_them() -> None:
    rates = [Fraction(24000, 1001), Fraction(25), Fraction(60000, 1001), Fraction(100)]
    assert [rate_name(rate) for rate in rates] == ["23.976", "25", "59.94", "100"]
