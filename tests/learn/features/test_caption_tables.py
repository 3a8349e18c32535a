"""A caption table is read line by line, and a bad line is named while the others are read."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.learn.features.caption_tables import SkippedInput, TableLine, read_table
from tests.support.captioned_clips import jsonl


def lines(path: Path) -> list[TableLine]:
    return [line for line in read_table(path) if isinstance(line, TableLine)]


def bad(path: Path) -> list[tuple[str, str]]:
    return [(line.path, line.reason) for line in read_table(path) if isinstance(line, SkippedInput)]


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("csv", ";"), ("tsv", "\t"), ("txt", "|")])
def test_a_table_names_its_columns_in_any_order(tmp_path: Path, suffix: str, delimiter: str) -> None:
    rows = [
        ["Caption", "note", "IMAGE", "start", "end_seconds", "split", "group", "language", "source"],
        ["a red thing", "x", "a.mp4", "1.5", "2", "validation", "g1", "eng", "me"],
        ["", "", "", "", "", "", "", "", ""],
        ['"two\nlines"', "", "b.mp4", "", "", "", "", "", ""],
    ]
    table = tmp_path / f"t.{suffix}"
    table.write_text("\ufeff" + "\r\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    assert lines(table) == [
        TableLine(f"{table.name}:2", "a.mp4", ("a red thing",), 1.5, 2.0, "val", "g1", "en", "me"),
        TableLine(f"{table.name}:4", "b.mp4", ("two lines",), source=table.name),
    ]
    assert bad(table) == [(f"{table.name}:3", "it names no media file")]


def test_json_lines_may_list_several_captions(tmp_path: Path) -> None:
    table = jsonl(
        tmp_path / "t.jsonl",
        {"file": "a.jpg", "captions": ["one", "two", "one"], "width": 3},
        {"image": 17, "text": "seventeen", "start": 0, "group": 4, "language": "elvish"},
    )
    first, second = lines(table)
    assert first.captions == ("one", "two")
    assert (second.media, second.group, second.language, second.start_seconds) == ("17", "4", None, 0.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("[1]", "it is no JSON object"),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ('"' + "x" * (1 << 20) + '"', "longer than"),
        ('{"caption": "a"}', "names no media file"),
        ('{"path": "\\u0000", "caption": "a"}', "names no media file"),
        ('{"path": true, "caption": "a"}', "names no media file"),
        ('{"path": "%s", "caption": "a"}' % ("x" * 5000), "longer than 4096"),
        ('{"path": "a"}', "has no caption"),
        ('{"path": "a", "caption": "\\u0007"}', "has no caption"),
        ('{"path": "a", "captions": ["b", 3]}', "is no text"),
        ('{"path": "a", "captions": [%s"b"]}' % ('"b",' * 1000), "more than 1000"),
        ('{"path": "a", "caption": "b", "split": "holdout"}', "'holdout' is none of train, val, test"),
        ('{"path": "a", "caption": "b", "group": [1]}', "its group is no text"),
        ('{"path": "a", "caption": "b", "start": "soon"}', "'soon' is no time"),
        ('{"path": "a", "caption": "b", "start": NaN}', "is no time"),
        ('{"path": "a", "caption": "b", "end": -1}', "is no time"),
        ('{"path": "a", "caption": "b", "end": true}', "is no time"),
        ('{"path": "a", "caption": "b", "start": 5, "end": 5}', "before it begins"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_goes_on(tmp_path: Path, row: str, reason: str) -> None:
    table = tmp_path / "t.jsonl"
    table.write_text(f'{row}\n\n{{"path": "a", "caption": "b"}}\n')
    ((where, said),) = bad(table)
    assert where == "t.jsonl:1"
    assert reason in said
    assert [line.where for line in lines(table)] == ["t.jsonl:3"]


def test_cells_that_do_not_fit_the_first_line_are_named(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"path,caption\na,b,c\n\na\nc,{'x' * 200_000}\nd,e\n")
    assert [where for where, _reason in bad(table)] == ["t.csv:2", "t.csv:4", "t.csv:5"]
    assert [line.media for line in lines(table)] == ["d"]


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        ('a,"a dog runs\nb,a cat\nc,a car\n', [2]),
        ('a,"a dog runs\nb,a cat\nc,"a car"\n', [2]),
        ('a,"a dog" runs\nb,a cat\nc,"a car"\n', [2]),
        ('b,a cat\nc,a car\na,"a dog runs', [4]),
        ('"a,a dog\nb,a cat\n"x,y\nc,a car\n', [2, 4]),
    ],
)
def test_an_open_quote_costs_its_line_alone(tmp_path: Path, rows: str, lost: list[int]) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"path,caption\n{rows}")
    assert [where for where, _reason in bad(table)] == [f"t.csv:{number}" for number in lost]
    assert [(line.media, line.captions) for line in lines(table)] == [("b", ("a cat",)), ("c", ("a car",))]


def test_a_quoted_caption_may_go_over_lines(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text('path,caption\na,"a dog\nruns"\nb,a cat\nc\n')
    assert [(line.where, line.captions) for line in lines(table)] == [
        ("t.csv:2", ("a dog runs",)), ("t.csv:4", ("a cat",)),
    ]  # fmt: skip
    assert [where for where, _reason in bad(table)] == ["t.csv:5"]


def test_a_caption_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"path,caption\na,caf\xe9\nb\xe9,cafe\n")
    assert bad(table) == [("t.csv:2", "its caption is no UTF-8")]
    assert [os.fsencode(line.media) for line in lines(table)] == [b"b\xe9"], "a name keeps its bytes"


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.csv cannot be read: No such file"):
        lines(tmp_path / "gone.csv")
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=r"odd\.csv:1: the first line must name the columns"):
        lines(tmp_path / "odd.csv")
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(UsageError, match="larger than 1024 MiB"):
        lines(tmp_path / "huge.csv")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]), st.booleans())
def test_no_bytes_break_a_table(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, kind: str, head: bool
) -> None:
    table = tmp_path_factory.getbasetemp() / f"noise.{kind}"
    table.write_bytes((b"path,caption\n" if head else b"") + noise)
    try:
        found = list(read_table(table))
    except UsageError as error:
        assert "noise" in str(error)
        return
    for line in found:
        if isinstance(line, TableLine):
            assert line.media
            assert all(line.captions)
            assert not any(re.search("[\x00-\x1f\x7f\ud800-\udfff]", text) for text in line.captions)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text("ab c,;\"'\n\t|é", min_size=1), st.text('xyz,"\n é', min_size=1)), max_size=5)
)
def test_what_a_csv_writer_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    table = tmp_path_factory.getbasetemp() / "written.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "caption"), *rows])
    wanted = [(n.strip(), (" ".join(c.split()),)) for n, c in rows if n.strip() and c.split()]
    assert [(line.media, line.captions) for line in lines(table)] == wanted
