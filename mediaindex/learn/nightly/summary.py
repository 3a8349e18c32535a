"""What happened this night, in one sentence for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mediaindex.learn.nightly.regression import Fallen, Judgement, Row
from mediaindex.store.evaluations.series import SeriesName

Tone = Literal["first", "same", "better", "worse"]
_DIRECTIONS = {"t2v": "text to video", "v2t": "video to text"}


def tone_of(judgement: Judgement) -> Tone:
    """How the night is to be taken."""
    if not judgement.compared:
        return "first"
    if judgement.regressed:
        return "worse"
    return "better" if judgement.risen else "same"


def described(row: Row) -> str:
    """A row in words, such as "R@1 of library, text to video, instant"."""
    return f"{row.metric} of {title_of(row.name)}"


def title_of(name: SeriesName) -> str:
    """A series in words."""
    parts = [name.benchmark, f"with {name.encoder}" * bool(name.encoder), _DIRECTIONS[name.direction]]
    parts += [name.ranking, f"by {name.queries_from}" * (name.queries_from != "captions")]
    return ", ".join(filter(None, parts))


def sentence_of(judgement: Judgement, since: str, *, trouble: Sequence[str] = ()) -> str:
    """What changed since the night before.

    Args:
        since: of the row that fell most, as a person reads it. trouble: parts that could not be measured.
    """
    match tone_of(judgement):
        case "first":
            text = "Nothing to compare with yet"
        case "worse":
            worst = most_fallen(judgement.fallen)
            more = len(judgement.fallen) - 1
            fell = f"{described(worst.row)} fell by {-worst.difference.value:.1f} points since {since}"
            text = fell + (f", and {more} more figures fell" if more > 1 else ", and one more fell" * more)
        case "better":
            text = f"{described(judgement.risen[0])} rose"
        case _:
            text = "No figure fell for certain" if judgement.tested else "Every answer is as the night before"
    return "; ".join([text, *(f"not measured: {one}" for one in trouble)])


def most_fallen(fallen: Sequence[Fallen]) -> Fallen:
    """The row that lost most."""
    return min(fallen, key=lambda one: one.difference.value)
