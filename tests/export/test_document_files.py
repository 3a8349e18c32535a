"""Documents become files under the names that were typed, or in a folder."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.export.cuts.document import Document
from mediaindex.export.document_files import Exported, only_document, write_documents

ONE, OTHER = Document("cuts-24", b"1", Fraction(24), 3), Document("cuts-25", b"2", Fraction(25), 4)


def test_one_document_has_the_name_that_was_typed(tmp_path: Path) -> None:
    written = write_documents([ONE], ".edl", str(tmp_path / "a"), force=False)
    assert written == [Exported(str(tmp_path / "a"), Fraction(24), 3)]
    assert (tmp_path / "a").read_bytes() == b"1"
    assert only_document([ONE]) is ONE


def test_several_documents_go_into_a_folder(tmp_path: Path) -> None:
    written = write_documents([ONE, OTHER], ".edl", str(tmp_path / "new"), force=False)
    assert [Path(one.path).name for one in written] == ["cuts-24.edl", "cuts-25.edl"]
    with pytest.raises(
        UsageError, match=r"2 files are due, one for each frame rate: --out must name a folder"
    ):
        write_documents([ONE, OTHER], ".edl", str(tmp_path / "a.edl"), force=False)
    with pytest.raises(UsageError, match="must name a folder"):
        only_document([ONE, OTHER])


def test_nothing_is_written_where_one_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "cuts-25.edl").write_text("of the user")
    with pytest.raises(UsageError, match="exists"):
        write_documents([ONE, OTHER], ".edl", str(tmp_path), force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["cuts-25.edl"]
