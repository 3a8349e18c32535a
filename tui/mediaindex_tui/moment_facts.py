"""What is said of the moment under the cursor, beside its picture. Pure."""

from __future__ import annotations

from mediaindex_tui.messages import Moment, Strip
from mediaindex_tui.shown_text import clock, cut, folded, shown, span
from mediaindex_tui.text_lines import TextLine

FACT_LINES = 3


def facts_of(moment: Moment, strip: Strip | None, at: float, cells: int) -> list[TextLine]:
    """The time, facts of the video, what was found in words, the name last.

    Args:
        strip: what the finder told of the video, None before. at: the second that is shown.
    """
    is_best = abs(at - moment.best) < 0.05
    where = f" {clock(at)} best of " if is_best else f" {clock(at)} in "
    lines: list[TextLine] = [[(where + span(moment.start, moment.end), "text")]]
    facts = " · ".join(shown(fact) for fact in (strip.facts if strip else ()))
    lines += [[(" " + line, "dim")] for line in folded(facts, cells)[:FACT_LINES]]
    captions = [
        caption.text
        for caption in (strip.captions if strip else ())
        if caption.start < moment.end and caption.end > moment.start
    ]
    words = ", ".join(f"{word.word} in {word.field}" for word in moment.words[:2])
    said = " · ".join(filter(None, [words, f"caption: {captions[-1]}" if captions else ""]))
    name = cut(shown(moment.name), max(3, cells))
    return [*lines, *([(" " + text, "dim")] for text in (shown(said), name) if text)]
