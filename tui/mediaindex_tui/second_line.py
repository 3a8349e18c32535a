"""What the line below the query says: what could not be read, what was found out, what → would take. Pure."""

from __future__ import annotations

from mediaindex_tui.messages import Span
from mediaindex_tui.query_line import completion_hint
from mediaindex_tui.session import Session
from mediaindex_tui.shown_text import shown
from mediaindex_tui.text_lines import Part

NOTHING = "Nothing here looks like that; the nearest, all weak. by:words asks names only"


def second_line(session: Session, ghost: str, offers: tuple[Span, ...]) -> list[Part]:
    """The most important thing to say, indented to the query."""
    said = _said(session) if not session.is_empty else None
    hint = completion_hint(shown(ghost), [Span(o.start, o.end, shown(o.text)) for o in offers])
    parts: list[Part] = [] if said is None else [said]
    if hint:
        parts.append((hint, "dim"))
    return [("  ", "text"), *(part for one in parts for part in (one, ("   ", "text")))]


def _said(session: Session) -> Part | None:
    answer = session.answer
    if answer is None:
        return None
    if answer.problems:
        return shown(answer.problems[0].text), "wrong"
    if answer.confident is False:
        return NOTHING, "accent"
    if answer.notes:
        return shown(" · ".join(answer.notes)), "accent"
    if session.with_marks:
        return "moved by your marks; - asks without them", "accent"
    if answer.understood and answer.understood.casefold() != session.text.strip().casefold():
        return shown(answer.understood), "dim"
    return None


def state_text(session: Session, ready: tuple[str, ...], *, has_failed: bool = False) -> str:
    """What stands at the right of the query: which order is shown, and how long it took.

    Args:
        has_failed: whether the library could not be opened.
    """
    answer = session.answer
    if has_failed and not ready:
        return "not open"
    if session.is_empty or answer is None:
        return "ready" if "pictures" in ready else "words ready" if ready else "opening"
    if not answer.moments:
        return f"{answer.videos} videos" if answer.videos == 0 else "no moment"
    order = {"words": "words", "full": "instant", "reranked": "reranked"}[answer.stage]
    return f"{order} · {answer.milliseconds:.0f} ms"
