"""Captions as they are shown → lines as they are said: what stays on the screen is not said again.

Signs are written as hundreds of one-frame lines or in several layers. Automatic and live captions roll: a
new row appears below rows that were there before. Each row counts once, from when it first appears; words
that come back after something else, such as a refrain, count again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

# Two captions with less between them are shown without a break: the gap that subtitlers leave is 2 frames.
BREAK_SECONDS = 0.25
# A caption that is typed letter by letter or word by word shows no state for longer.
TYPING_SECONDS = 1.0
# More words than a rolling caption carries on; keeps the comparison of two long texts short.
MOST_CARRIED_WORDS = 64
MOST_CARRIED_ROWS = 8
# Of the phrases that were shown last, those that may have come between two captions of the same words.
MOST_SHOWN_TOGETHER = 16


@dataclass(frozen=True, slots=True)
class Caption:
    """Rows of words, none of them empty, and when they are shown, in seconds."""

    start_seconds: float
    end_seconds: float
    rows: tuple[str, ...]

    @property
    def text(self) -> str:
        """All rows as one."""
        return " ".join(self.rows)

    @property
    def words(self) -> list[str]:
        """The words of all rows."""
        return self.text.split()


def said(captions: Iterable[Caption]) -> list[Caption]:
    """The captions in the order of their times, each row once."""
    shown = sorted(captions, key=lambda caption: (caption.start_seconds, caption.end_seconds))
    return list(_without_carried(_typed_out(_joined(shown))))


def _joined(captions: Iterable[Caption]) -> list[Caption]:
    """One caption for each stretch in which the same words are shown without a break."""
    joined: list[Caption] = []
    latest: dict[str, tuple[int, Caption]] = {}
    phrases: deque[Caption] = deque(maxlen=MOST_SHOWN_TOGETHER)
    for caption in captions:
        place, before = latest.get(caption.text, (len(joined), None))
        if (
            before is not None
            and _without_break(joined[place], caption)
            and not _comes_back(before, caption, phrases)
        ):
            end = max(joined[place].end_seconds, caption.end_seconds)
            joined[place] = replace(joined[place], end_seconds=end)
        else:
            place = len(joined)
            joined.append(caption)
        latest[caption.text] = place, caption
        if _seconds(caption) >= TYPING_SECONDS:
            phrases.append(caption)
    return joined


def _comes_back(before: Caption, caption: Caption, phrases: Iterable[Caption]) -> bool:
    """Whether something else was said between a caption and the next one of the same words.

    That came later than the first, went later, and was there when the words came back. What comes and goes
    beside words that stay, such as speech beside a sign, is not between them; nor is what comes with them.
    """
    return _seconds(before) >= TYPING_SECONDS and any(
        before.start_seconds + BREAK_SECONDS < other.start_seconds < caption.start_seconds - BREAK_SECONDS
        and other.end_seconds > before.end_seconds
        for other in phrases
    )


def _typed_out(captions: Sequence[Caption]) -> list[Caption]:
    """One caption for one that grows at its end while it is shown."""
    grown: list[Caption] = []
    step_start = 0.0
    for caption in captions:
        if grown and _is_typed_on(grown[-2:], caption, step_start):
            grown[-1] = replace(caption, start_seconds=grown[-1].start_seconds)
        else:
            grown.append(caption)
        step_start = caption.start_seconds
    return grown


def _is_typed_on(before: Sequence[Caption], caption: Caption, step_start: float) -> bool:
    last = before[-1]
    return (
        abs(caption.start_seconds - last.end_seconds) <= BREAK_SECONDS
        and last.end_seconds - step_start < TYPING_SECONDS
        and last.rows[:-1] == caption.rows[:-1]
        and caption.rows[-1].startswith(last.rows[-1])
        # A rolling caption shows its last row alone for an instant before the next one.
        and not before[0].text.endswith(f" {last.text}")
    )


def _without_carried(captions: Sequence[Caption]) -> Iterator[Caption]:
    """Each caption without the words that were carried on from the one before it.

    A caption too short to be read lasts as long as the one that carries its words on.
    """
    overlaps = [_Overlap.of(earlier, later) for earlier, later in pairwise(captions)]
    carried = [0] * (len(captions) + 1)  # words of each caption; none after the last
    for place, overlap in enumerate(overlaps):
        if overlap.is_carried([*overlaps[max(place - 1, 0) : place], *overlaps[place + 1 : place + 2]]):
            carried[place + 1] = overlap.word_count
    for place, caption in enumerate(captions):
        rows = caption.rows
        if carried[place]:
            fresh = caption.words[carried[place] :]
            rows = (" ".join(fresh),) if fresh else ()
        end = caption.end_seconds
        if carried[place + 1] and overlaps[place].without_break and _seconds(caption) < BREAK_SECONDS:
            end = max(end, captions[place + 1].end_seconds)
        if rows:
            yield replace(caption, end_seconds=end, rows=rows)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What a caption has in common with the one before it.

    Attributes:
        word_count: of the words with which the earlier ends and the later begins.
        is_whole_rows: they are rows of both.
        is_all: they are all words of the later.
        without_break: the later follows at once.
    """

    word_count: int
    is_whole_rows: bool
    is_all: bool
    without_break: bool

    @classmethod
    def of(cls, earlier: Caption, later: Caption) -> _Overlap:
        count = _common_words(earlier.words, later.words)
        rows = range(1, min(len(earlier.rows), len(later.rows), MOST_CARRIED_ROWS) + 1)
        return cls(
            word_count=count,
            is_whole_rows=any(
                earlier.rows[-n:] == later.rows[:n] and count == len(" ".join(later.rows[:n]).split())
                for n in rows
            ),
            is_all=count == len(later.words),
            without_break=_without_break(earlier, later),
        )

    def is_carried(self, neighbours: Sequence[_Overlap]) -> bool:
        """Whether the later shows it still, and does not say it again.

        Rows that stay in place are enough. Otherwise the captions must roll before or after as well: rows
        are carried over a silence, and some converters write a caption's rows as one.
        """
        if self.word_count == 0 or (self.is_all and not self.without_break):
            return False
        if self.is_whole_rows and self.without_break:
            return True
        rolling = [
            other for other in neighbours if other.word_count and (other.without_break or not other.is_all)
        ]
        if self.is_whole_rows:
            return bool(rolling)
        return self.word_count > 1 and any(self.without_break or other.without_break for other in rolling)


def _common_words(earlier: Sequence[str], later: Sequence[str]) -> int:
    for count in range(min(len(earlier), len(later), MOST_CARRIED_WORDS), 0, -1):
        if earlier[-count:] == later[:count]:
            return count
    return 0


def _without_break(earlier: Caption, later: Caption) -> bool:
    return later.start_seconds <= earlier.end_seconds + BREAK_SECONDS


def _seconds(caption: Caption) -> float:
    return caption.end_seconds - caption.start_seconds
