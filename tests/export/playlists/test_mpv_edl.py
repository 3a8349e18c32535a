"""mpv's EDL counts in the file's own clock, and takes names of any bytes."""

from __future__ import annotations

from fractions import Fraction

from mediaindex.export.playlists.mpv_edl import MpvEdl
from tests.support.cut_readers import read_mpv_edl
from tests.support.plain_cuts import plain_cut, plain_source


def test_times_are_those_of_the_container() -> None:
    source = plain_source("/a.ts", 25, container_start=Fraction("5001.4"))
    (document,) = MpvEdl().documents([plain_cut(source, 100, 150, "red")], "cuts")
    assert document.content == b"# mpv EDL v0\n%5%/a.ts,5005.4,2,title=%3%red\n"


def test_a_start_is_not_behind_its_frame() -> None:
    source = plain_source("/a", Fraction(30000, 1001))
    (document,) = MpvEdl().documents([plain_cut(source, 1, 2)], "cuts")
    assert b",0.033366,0.033366," in document.content


def test_names_of_any_bytes_are_read_back() -> None:
    names = ["/a,b;c=d%e\n#!.mov", "/caf\udce9.mov", "/日本.mov"]
    cuts = [plain_cut(plain_source(name), 25, 50, "a, label;\n") for name in names]
    (document,) = MpvEdl().documents(cuts, "cuts")
    assert [read.path for read in read_mpv_edl(document.content, {})] == names
