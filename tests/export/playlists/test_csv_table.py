"""CSV: the header, and one row a cut."""

from __future__ import annotations

from fractions import Fraction

from mediaindex.export.playlists.csv_table import CsvTable
from tests.support.plain_cuts import plain_cut, plain_source


def test_a_table_of_cuts() -> None:
    film = plain_source("/film.mp4", Fraction(24000, 1001), 7200)
    (document,) = CsvTable().documents(
        [plain_cut(film, 6000, 6480, "=red", note='"why"', score=0.25)], "cuts"
    )
    assert document.content.decode().splitlines() == [
        "path,start_seconds,end_seconds,in_frame,out_frame,rate,timecode_in,timecode_out,label,note,score",
        '/film.mp4,250.25,270.27,6000,6480,24000/1001,00:04:10:00,00:04:30:00,\'=red,"""why""",0.25',
    ]
    assert document.rate == Fraction(24000, 1001)


def test_bytes_that_are_no_text_are_shown() -> None:
    (document,) = CsvTable().documents([plain_cut(plain_source("/caf\udce9.mov"), 1, 2)], "cuts")
    assert b"/caf\\xe9.mov," in document.content
