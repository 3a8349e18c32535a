from __future__ import annotations

from rich.text import Text

from mediaindex_tui.messages import Span
from mediaindex_tui.query_line import QueryHighlighter, completion_hint


def test_what_is_more_than_a_word_is_marked() -> None:
    highlighter = QueryHighlighter()
    text = Text('dog "beach walk" -cat longer:2x then sea')
    highlighter.highlight(text)
    marked = {text.plain[span.start : span.end] for span in text.spans}
    assert marked == {'"beach walk"', "-cat", "longer:2x", "then"}
    highlighter.problems = (Span(22, 31, "no length"),)
    text = Text(text.plain)
    highlighter.highlight(text)
    underlined = [text.plain[span.start : span.end] for span in text.spans if "underline" in str(span.style)]
    assert underlined == ["longer:2x"]


def test_an_empty_query_has_nothing_to_mark() -> None:
    text = Text("")
    QueryHighlighter().highlight(text)
    assert text.spans == []


def test_hints() -> None:
    assert completion_hint("ch", ()) == '→ takes "ch"'
    assert completion_hint("", (Span(0, 0, " a "), Span(0, 0, "b"))) == "→ a · b"
    assert completion_hint("", ()) == ""
