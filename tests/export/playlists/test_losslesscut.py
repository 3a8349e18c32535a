"""LosslessCut: start, end, name, one file for each source."""

from __future__ import annotations

from mediaindex.export.playlists.losslesscut import LosslessCut
from tests.support.plain_cuts import plain_cut, plain_source


def test_segments_are_gathered_by_their_source() -> None:
    one, other = plain_source("/a.mov"), plain_source("/b.mov", 50)
    cuts = [plain_cut(one, 25, 50, "x, y"), plain_cut(other, 25, 50), plain_cut(one, 75, 76, "=z")]
    documents = LosslessCut().documents(cuts, "cuts")
    assert [(one.stem, str(one.rate), one.cuts) for one in documents] == [
        ("a.mov", "25", 2),
        ("b.mov", "50", 1),
    ]
    assert documents[0].content == b'1,2,"x, y"\n3,3.04,\'=z\n'
