"""A page: what it says, what it never does, whoever wrote the names on it."""

from __future__ import annotations

import datetime
import functools
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.learn.report_page.page_data import MARK, ReportPage
from mediaindex.learn.report_page.page_html import BOUNDS, LARGEST, SECTIONS, page_html
from mediaindex.safe_text import UNSAFE, printable
from tests.support.made_pages import NOW, made_page, made_section, noise
from tests.support.parsed_pages import ParsedPage

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</title></style></svg><a href=javascript:alert(1)>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "]]><!-- --> &lt;b&gt; &#60;",
    "\u202egnp.exe\u2066 \x00\x1b[31m\x9f\u2028\ud800 \udcff",
    "$x^2$ \\frac",
    "https://example.org/pixel.gif url(https://example.org)",
)


def test_it_tells_everything_that_it_was_given() -> None:
    page = ParsedPage(
        page_html(made_page(made_section("harbour", queries_from="known items"), text="It fell."))
    )
    for said in (
        "It fell.",
        "2026-05-04 03:30 +0200",
        "fell It fell.: -7.0 -11.0 to -3.0 points, since It fell.",
        "failed It fell.: It fell.",
        "passed the store agrees: with itself",
        "These queries are known items:",
        "They cannot tell how well a search finds",
        "Recall over time",
        "2026-05-04 03:30 62.5 50.0 to 73.2 100104",
        "Is the confidence true?",
        "off by 25 points on average",
        "harbour, known items, out of domain",
        "frames as the index takes them",
        "text → video",
        "harbour less harbour, known items",
        "DiffusionRet+QB-Norm",
        "61.9",
        "By folder",
        "By category",
        "the right video at place 9 of 104 (known items, harbour)",
        "the right one itself, but others are exactly as similar",
        "harbour at 0:03.5, confidence 40 %",
        "harbour off: harbour",
        "a search without encoding its sentence (harbour): 12 ms, at most 34 ms for 95 of 100, over 100",
        "all of this evaluation: 61.0 s",
        "1 video was not evaluated",
        "Of fewer than 10 videos there is no interval: such figures are hints.",
    ):
        assert said in page.text, said
    assert "unknown" in page.text


def test_parts_that_are_empty_leave_no_heading() -> None:
    section = made_section()
    bare = replace(
        section,
        history=(),
        differences=(),
        published=(),
        reliability=(),
        parts=(),
        worst=(),
        gates=(),
        timings=(),
        left_out=(),
        elapsed_seconds=None,
    )
    page = ParsedPage(page_html(ReportPage(NOW, "mediaindex", "The first.", "first", (bare,))))
    headings = [tag for tag, _attributes in page.tags if tag == "h3"]
    assert len(headings) == 2, "the figures, and what they tell"
    assert "None" not in page.text
    assert not any(tag == "svg" for tag, _attributes in page.tags)


def test_it_loads_nothing_and_runs_nothing() -> None:
    html = page_html(made_page(made_section(jpeg=noise(1))))
    page = ParsedPage(html)
    assert page.loads() == []
    assert html.startswith(f"<!doctype html>\n{MARK}\n")
    tags = {tag for tag, _attributes in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base", "foreignObject"}
    assert not [name for _tag, attributes in page.tags for name in attributes if name.startswith("on")]
    policies = [attributes["content"] for _tag, attributes in page.tags if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert sum(tag == "img" for tag, _attributes in page.tags) == 3


def test_what_is_watched_for_would_be_seen() -> None:
    page = ParsedPage('<a href="https://x.org">a</a><img src="y.png"><style>p { background: url(z) }</style>')
    assert page.loads() == ["https://x.org", "y.png", "z"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_text(text: str) -> None:
    assert_text_alone(text)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(
        st.one_of(
            st.sampled_from("<>\"'&/={}%#;\\`$-! \n\t\x00\x1b\u202e\u2066\ud800\udcff"), st.characters()
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_text_leaves_its_place(text: str) -> None:
    assert_text_alone(text)


@functools.cache
def plain_page() -> ParsedPage:
    return ParsedPage(page_html(made_page(text="plain")))


def assert_text_alone(text: str) -> None:
    """The page has the same tags and attributes as with a plain name, and says the text harmlessly."""
    plain, hostile = plain_page(), ParsedPage(page_html(made_page(text=text)))
    assert hostile.shape == plain.shape
    assert hostile.loads() == []
    shown = "".join(hostile.texts)
    assert UNSAFE.sub("", shown) == shown.replace("\n", "")
    assert printable(text) in shown
    without = [
        (tag, name, value)
        for page in (hostile, plain)
        for tag, attributes in page.tags
        for name, value in attributes.items()
    ]
    half = len(without) // 2
    assert without[:half] == without[half:], "no text stands in an attribute"


def large_page(text: str, *, sections: int, rows: int) -> ReportPage:
    made = [
        made_section(text, nights=200, worst=40, rows=rows, jpeg=noise(number)) for number in range(sections)
    ]
    return made_page(*made, text=text)


def test_a_large_page_is_small_enough_and_says_what_is_not_on_it() -> None:
    html = page_html(large_page("x" * 5000, sections=2, rows=400))
    assert len(html.encode()) < LARGEST
    page = ParsedPage(html)
    assert f"and {400 - BOUNDS[0].rows} more" in page.text
    assert "x" * BOUNDS[0].characters + "…" in page.text
    assert "x" * (BOUNDS[0].characters + 1) not in page.text
    pictures = [attributes["src"] or "" for tag, attributes in page.tags if tag == "img"]
    assert 0 < sum(map(len, pictures)) <= BOUNDS[0].pictures


def test_the_largest_page_of_all_is_small_enough() -> None:
    html = page_html(large_page("&'\x00" * 500, sections=SECTIONS + 3, rows=60))
    assert len(html.encode()) < LARGEST
    assert "3 more evaluations are not on this page" in ParsedPage(html).text


def test_the_same_values_make_the_same_page_in_another_process() -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import hashlib\n"
        "from mediaindex.learn.report_page.page_html import page_html\n"
        "from tests.support.made_pages import made_page, made_section, noise\n"
        "page = made_page(made_section(nights=40, jpeg=noise(3)), made_section('other'))\n"
        "print(hashlib.sha256(page_html(page).encode()).hexdigest())"
    )
    paths = [path for path in sys.path if path]
    digests = {
        subprocess.run([sys.executable, "-c", program, *paths], check=True, capture_output=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_pages_of_different_nights_differ() -> None:
    page = made_page()
    other = replace(page, made_at=page.made_at + datetime.timedelta(days=1))
    assert page_html(page) != page_html(other)
