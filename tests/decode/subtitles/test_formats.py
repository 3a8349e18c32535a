"""The words of a subtitle, free of markup, whatever their format."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediaindex.decode.subtitles import formats
from mediaindex.decode.subtitles.formats import ass_words, parse_subtitles, plain
from mediaindex.errors import MediaError

SRT = "1\n00:00:02,000 --> 00:00:04,000\n"
ASS = "[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,"

PAIRS = [
    ("one red ball", "two blue balls"),
    ("two blue balls", "three green balls"),
    ("three green balls", "no more balls"),
]


def words(text: str, *, fps: float | None = None) -> list[str]:
    return [line.text for line in parse_subtitles(text, fps=fps)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it was <about 1960>, 3 < 5", "it was <about 1960>, 3 < 5"),
        ("<i>Hello</i> <b>big</b> <font color='red'>world</font>", "Hello big world"),
        ("<I>a< b >c</I>", "a< b >c"),
        ("one<br/>two<br>three", "one two three"),
        (r"{\an8}above{\i1} and{\i0} below", "above and below"),
        ("- {laughs} Yes", "- {laughs} Yes"),
        ("5 &lt; 6 &amp;amp; R&D &#9834; &nope; &#xD800;", "5 < 6 &amp; R&D ♪ &nope; \ufffd"),
        ("a\x00b\x1b[31mc\x9bd\u0085e\x7f", "ab[31mcd e"),
        ("two\nlines\n\nand a gap", "two lines and a gap"),
        ("He said 1984\n\n7", "He said 1984 7"),
        ("\ufeff \u00a0 x \t y ", "x y"),
    ],
)
def test_srt_text_is_free_of_markup(text: str, expected: str) -> None:
    assert words(SRT + text) == [expected]


def test_srt_numbers_gaps_and_loose_forms_are_read() -> None:
    text = (
        "\ufeff1\n00:00:01,5 --> 00:00:02,250 X1:100\nfirst\n\nstill first\n\n"
        "2\n0:01:00.000-->0:01:01.000\n1984\n3\n00:02:00,000 --> 00:01:00,000\n4\n\n"
        "4\n1:00:00,000 --> 1:00:01,000\n1984\n"
    )
    lines = parse_subtitles(text)
    assert [(line.start_seconds, line.end_seconds, line.text) for line in lines] == [
        (1.5, 2.25, "first still first"),
        (60.0, 61.0, "1984"),
        (120.0, 120.0, "4"),
        (3600.0, 3601.0, "1984"),
    ]


def test_webvtt_blocks_identifiers_and_settings_are_not_words() -> None:
    text = (
        "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE a remark\nmarmalade\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start position:10%\n"
        "<v Anna>Good <c.loud.red>morning</c>\n<00:00:01.500>1984</v>\n\n"
        "7\n100:00:00.000 --> 100:00:01.000\n<lang de>Guten&nbsp;Tag</lang>"
    )
    lines = parse_subtitles(text)
    assert [(line.start_seconds, line.end_seconds, line.text) for line in lines] == [
        (1.0, 2.5, "Good morning 1984"),
        (360_000.0, 360_001.0, "Guten Tag"),
    ]


def test_a_webvtt_text_ends_at_an_empty_row_and_not_at_one_of_blanks() -> None:
    """YouTube pads its rolling captions with rows of one blank; words have times of their own."""
    text = (
        "WEBVTT\nKind: captions\n\n"
        "00:00:00.160 --> 00:00:02.000 align:start position:0%\n \n"
        "the<00:00:00.620><c> lantern</c><00:00:01.080><c> shines</c>\n\n"
        "00:00:02.000 --> 00:00:02.010\nthe lantern shines\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nthe lantern shines\nevery<00:00:02.408><c> night</c>\n\nno words\n\n"
        "00:00:05.000 --> 00:00:06.000\n1984\n \n7\n00:00:07.000 --> 00:00:08.000\nthe end"
    )
    lines = parse_subtitles(text)
    assert [(line.start_seconds, line.text) for line in lines] == [
        (0.16, "the lantern shines"),
        (2.01, "every night"),
        (5.0, "1984"),
        (7.0, "the end"),
    ]
    assert [line.text for line in parse_subtitles(text.replace("\n", "\r\r\n"))] == [
        line.text for line in lines
    ]


def test_words_beside_the_times_of_a_row_count_and_settings_do_not() -> None:
    assert words("[00:01.000 --> 00:02.000]  once upon\n[00:02.000 --> 00:03.000]  a time") == [
        "once upon",
        "a time",
    ]
    assert words("00:00:01,000 --> 00:00:02,000 X1:10 align:left\nHello") == ["Hello"]


@pytest.mark.parametrize("form", ["SRT", "WebVTT"])
@pytest.mark.parametrize("row", ["00:00:0x,000 --> 00:00:04,000", "00:00:03,000 --> ??", "3 --> 4"])
def test_times_that_cannot_be_read_lose_their_own_words_alone(row: str, form: str) -> None:
    text = (
        f"1\n00:00:01.000 --> 00:00:02.000\nfirst\n2\n{row}\nsecond\n\n"
        "3\n00:00:05.000 --> 00:00:06.000\nthird\n"
    )
    lines = parse_subtitles(text if form == "SRT" else f"WEBVTT\n\n{text}")
    assert [(line.start_seconds, line.text) for line in lines] == [(1.0, "first"), (5.0, "third")]


def test_times_that_were_broken_behind_their_arrow_are_read() -> None:
    (line,) = parse_subtitles("1\n00:00:02,000 -->\n00:00:04,000\nfirst\n")
    assert (line.start_seconds, line.end_seconds, line.text) == (2.0, 4.0, "first")


def test_times_in_an_unusual_form_are_no_words_of_the_line_before() -> None:
    text = SRT + "first\n\n2 00:00:O5,00O -- 00:00:06,000\n\u202b00:00 is midnight\n"
    assert [(line.start_seconds, line.end_seconds) for line in parse_subtitles(text)] == [(2, 4), (5, 6)]
    assert words(text)[0] == "first"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"00:00:0{n},000 --> 00:00:0{n + 1},000\n{a}\n{b}\n\n" for n, (a, b) in enumerate(PAIRS)),
        "WEBVTT\n\n" + "".join(f"0:0{n}.0 --> 0:0{n + 1}.0\n{a}\n{b}\n\n" for n, (a, b) in enumerate(PAIRS)),
        "[Events]\n"
        + "".join(
            f"Dialogue: 0,0:00:0{n}.00,0:00:0{n + 1}.00,,,0,0,0,,{a}\\N{b}\n"
            for n, (a, b) in enumerate(PAIRS)
        ),
        "{1}{1}10\n" + "".join(f"{{{n}0}}{{{n + 1}0}}{a}|{b}\n" for n, (a, b) in enumerate(PAIRS)),
    ],
    ids=["srt", "webvtt", "ass", "microdvd"],
)
def test_captions_roll_in_every_format(text: str) -> None:
    lines = parse_subtitles(text)
    assert [(line.start_seconds, line.text) for line in lines] == [
        (0.0, "one red ball two blue balls"),
        (1.0, "three green balls"),
        (2.0, "no more balls"),
    ]


def test_signs_of_many_frames_and_layers_are_one_line() -> None:
    frames = "".join(
        f"Dialogue: {n % 2},0:00:02.{4 * n:02},0:00:02.{4 * n + 4:02},Sign,,0,0,0,,{{\\pos({n},50)}}BAKERY\n"
        for n in range(20)
    )
    (line,) = parse_subtitles(f"[Events]\n{frames}")
    assert (line.start_seconds, line.text) == (2.0, "BAKERY")
    assert line.end_seconds == pytest.approx(2.8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"{\an8\fs28}Open the {\i1}gate{\i0}\Nand\hwait{remark}", "Open the gate and wait"),
        (r"{\p1}m 0 0 l 1 1{\p0}", ""),
        (r"before{\p4\c&H0&}m 0 0{\p0}after", "beforeafter"),
        (r"{\pos(1,2)\pbo3}words", "words"),
        (r"{\p0}words{\p00}", "words"),
        ("open { brace", "open { brace"),
        ("a { b {c} d", "a d"),
        ("3 < 5 <i> &lt;", "3 < 5 <i> &lt;"),
    ],
)
def test_ass_text_is_free_of_overrides_comments_and_drawings(text: str, expected: str) -> None:
    assert ass_words(text) == expected
    assert words(ASS + text) == ([expected] if expected else [])


def test_ass_fields_stand_where_the_format_says() -> None:
    text = (
        "[V4 Styles]\nFormat: Name, Start, End, Text\nDialogue: no,event\n[Events]\n"
        "Format: Start, End, Text\nDialogue: 0:00:02.50,0:00:03.00,late, with comma\n"
        "Dialogue: 0:00:01.00,0:00:02.00,early\nComment: 0:00:01.00,0:00:02.00,marmalade\n"
        "Dialogue: never,0:00:02.00,broken\nDialogue: 0:00:05.00\nFormat: Text, Start, End\n"
        "Dialogue: 0:00:01.00,0:00:02.00,early\n[Fonts]\nDialogue: 0:00:01.00,0:00:02.00,font\n"
    )
    assert words(text) == ["early", "late, with comma"]


def test_microdvd_counts_frames() -> None:
    named = "{1}{1}25\n{50}{100}{y:i}Hello|/world\n{200}{}{c:$0000ff}bye\nnonsense\n"
    lines = parse_subtitles(named, fps=10)
    assert [(line.start_seconds, line.end_seconds, line.text) for line in lines] == [
        (2.0, 4.0, "Hello world"),
        (8.0, 8.0, "bye"),
    ]
    assert words("{1}{1}nan\n{5}{6}x", fps=1) == ["nan", "x"]
    with pytest.raises(MediaError, match="does not name their rate"):
        parse_subtitles("{1}{1}once upon a time\n{5}{6}x")
    with pytest.raises(MediaError, match="does not name their rate"):
        parse_subtitles("{1}{1}1e9\n{5}{6}x")


@pytest.mark.parametrize("text", ["", " \n\ufeff\n", "WEBVTT\n", "[Script Info]\n"])
def test_a_file_without_words_has_no_lines(text: str) -> None:
    assert parse_subtitles(text.replace("\ufeff", "")) == ()


@pytest.mark.parametrize(
    "text", ["once upon a time", "<html></html>", "\0\1\2", "00:00:01,000 then 00:00:02,000"]
)
def test_another_kind_of_text_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="known form"):
        parse_subtitles(text)


def test_repeated_lines_are_kept_once_and_too_many_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words((SRT + "again\n") * 3) == ["again"]
    monkeypatch.setattr(formats, "MOST_LINES", 10)
    ten = "".join(f"00:00:{n:02},000 --> 00:00:{n:02},500\nword {n}\n" for n in range(10))
    assert len(words(ten)) == 10
    with pytest.raises(MediaError, match="more than 10 lines"):
        parse_subtitles(ten + SRT + "one more")


def test_a_long_line_is_cut() -> None:
    assert len(plain("word " * 10_000)) < 4001


@pytest.mark.parametrize(
    "text",
    [
        SRT + piece * (1_000_000 // len(piece))
        for piece in ("<a", "<i ", "<font ", "{", "{\\", "&", "&#x", "1", " ")
    ]
    + [SRT + "x" + "\n" * 1_000_000 + "y", "00:00:01,000 --> " * 60_000, " " * 1_000_000 + "x"]
    + [ASS + piece * (1_000_000 // len(piece)) for piece in ("{a}", "{", "{\\p1}", "\\p")],
    ids=lambda text: f"{text[-8:]!r}",
)
def test_hostile_text_costs_time_in_proportion_to_its_length(text: str) -> None:
    before = time.process_time()
    with contextlib.suppress(MediaError):
        parse_subtitles(text)
    assert time.process_time() - before < 30  # quadratic would be hours


@given(st.text())
@example("WEBVTT\n00:00.000 --> 00:00.000")
@example(ASS)
@example("{1}{2}")
def test_any_text_gives_lines_or_a_reason(text: str) -> None:
    for prefix in ("", SRT, "WEBVTT\n\n00:00.000 --> 00:01.000\n", ASS, "{1}{1}25\n{1}{2}"):
        try:
            lines = parse_subtitles(prefix + text)
        except MediaError:
            continue
        for line in lines:
            assert 0 <= line.start_seconds <= line.end_seconds
            assert line.text == " ".join(line.text.split())
            assert line.text.encode()
