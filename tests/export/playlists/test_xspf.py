"""XSPF: tracks with VLC's start and stop."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

from mediaindex.export.playlists.xspf import Xspf
from tests.support.cut_readers import VLC, XSPF, read_xspf
from tests.support.plain_cuts import plain_cut, plain_source


def test_a_track_starts_and_stops_and_says_what_it_is() -> None:
    cut = plain_cut(plain_source("/a b.mov", Fraction(30000, 1001)), 1, 31, "<one>\x1b", note="]]>")
    (document,) = Xspf().documents([cut], "cuts")
    root = ElementTree.fromstring(document.content)
    assert root.tag == f"{XSPF}playlist"
    (track,) = root.iter(f"{XSPF}track")
    told = {child.tag.removeprefix(XSPF): child.text for child in track}
    assert (told["location"], told["title"], told["annotation"]) == ("file:///a%20b.mov", "<one>\\x1b", "]]>")
    assert told["duration"] == "1001"
    assert [option.text for option in track.iter(f"{VLC}option")] == [
        "start-time=0.033367",
        "stop-time=1.034367",
    ]


def test_odd_names_are_read_back() -> None:
    names = ["/a\nb.mov", "/caf\udce9.mov", "/a&<.mov"]
    (document,) = Xspf().documents([plain_cut(plain_source(name), 1, 2) for name in names], "cuts")
    assert [read.path for read in read_xspf(document.content)] == names
