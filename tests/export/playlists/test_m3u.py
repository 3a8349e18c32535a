"""M3U: a path is a line, or a URL where it could not be one."""

from __future__ import annotations

from fractions import Fraction

from mediaindex.export.playlists.m3u import M3u
from tests.support.cut_readers import read_m3u
from tests.support.plain_cuts import plain_cut, plain_source


def test_an_entry_starts_and_stops() -> None:
    cut = plain_cut(plain_source("/a.mov", Fraction(30000, 1001)), 1, 31, "one\ntwo")
    (document,) = M3u().documents([cut], "cuts")
    assert document.content.decode().splitlines() == [
        "#EXTM3U",
        "#EXTINF:1.001,one\\ntwo",
        "#EXTVLCOPT:start-time=0.033367",
        "#EXTVLCOPT:stop-time=1.034367",
        "/a.mov",
    ]


def test_odd_names_are_read_back() -> None:
    names = ["/a\nb.mov", "/caf\udce9.mov", "/a .mov ", "D:\\a.mov"]
    cuts = [plain_cut(plain_source(name), 1, 2) for name in names]
    (document,) = M3u().documents(cuts, "cuts")
    assert [read.path for read in read_m3u(document.content)] == names
    hidden = plain_source("/a", target="#a.mov")
    assert b"\nfile://%23a.mov" in M3u().documents([plain_cut(hidden, 1, 2)], "cuts")[0].content
