"""What is asked now, how, and what can be undone. Pure: methods give the requests that the finder gets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mediaindex_tui.messages import (
    AddCaption,
    Answer,
    Ask,
    Mark,
    Moment,
    Opened,
    RemoveCaption,
    Request,
    SaveSearch,
)
from mediaindex_tui.moments import FIRST_PAGE, PAGE

NEAR_THE_END = 100
"""So far from the last moment, or in the second half of a short page, more are asked for."""
_ORDER = {"words": 0, "full": 1, "reranked": 2}


@dataclass(frozen=True, slots=True)
class Undo:
    """How a change is taken back, and what it was."""

    label: str
    request: Request


@dataclass(slots=True)
class Recall:
    """Which query of before stands in place of what was being typed.

    Attributes:
        draft: what was typed. texts: queries of before, the newest first.
        place: in `texts`, -1 for the draft.
    """

    draft: str = ""
    texts: Sequence[str] = ()
    place: int = -1

    def earlier(self, here: str, texts: Sequence[str]) -> str | None:
        """The query before the one that stands `here`; None where there is none."""
        if not self.recalls(here):
            self.draft, self.place = here, -1
            self.texts = [text for text in dict.fromkeys(texts) if text != here]
        if self.place + 1 >= len(self.texts):
            return None
        self.place += 1
        return self.texts[self.place]

    def later(self) -> str:
        """The query after the one that was recalled, at the end what was typed."""
        self.place -= 1
        return self.texts[self.place] if self.place >= 0 else self.draft

    def recalls(self, here: str) -> bool:
        """Whether what stands `here` was recalled and is as it was."""
        return 0 <= self.place < len(self.texts) and self.texts[self.place] == here


@dataclass(slots=True)
class Session:
    """The question that is on the screen, and the one before.

    Attributes:
        number: of the newest question. answer: what is shown, None for an empty query.
        answered: the text that it answers, None where that is no longer known.
        with_marks, instant, limit: as in `Ask`.
        undos: of what was changed, the newest last.
    """

    number: int = 0
    text: str = ""
    caret: int | None = None
    with_marks: bool = False
    instant: bool = False
    limit: int = FIRST_PAGE
    answer: Answer | None = None
    answered: str | None = None
    undos: list[Undo] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not self.text.strip()

    def edited(self, text: str, caret: int | None) -> Ask | None:
        """The query was edited: what is asked; None where nothing is left of it."""
        self.text, self.caret, self.with_marks, self.limit = text, caret, False, FIRST_PAGE
        return self.again()

    def again(self) -> Ask | None:
        """The same question, as a new one."""
        self.number += 1
        if self.is_empty:
            self.answer = None
            return None
        return Ask(self.number, self.text, self.caret, self.with_marks, self.instant, self.limit)

    def more(self, cursor: int, count: int) -> Ask | None:
        """A larger page, where the cursor comes near the end of one that has more behind it."""
        if self.answer is None or not self.answer.more or self.limit > count + PAGE:
            return None
        if cursor < count - min(NEAR_THE_END, count // 2):
            return None
        if self.limit > count and self.answer.number != self.number:
            return None  # asked for already
        self.limit += PAGE
        return self.again()

    def takes(self, answer: Answer) -> bool:
        """Whether an answer is newer than what is shown; then it is what is shown."""
        shown = self.answer
        if self.is_empty or answer.number > self.number:
            return False
        if shown is not None and (answer.number, _ORDER[answer.stage]) < (shown.number, _ORDER[shown.stage]):
            return False
        if shown is not None and answer.stage == "words" and self.answered == self.text:
            return False  # asked for more of the same: what is shown holds what the words alone found
        self.answer = answer
        self.answered = self.text if answer.number == self.number else None
        return True

    @property
    def is_settled(self) -> bool:
        """Whether what is shown answers the newest question."""
        return self.answer is not None and self.answer.number == self.number

    def marked(self, moment: Moment, before: bool | None, right: bool | None) -> Mark:
        """The mark of a moment, which was `before`."""
        what = {True: "marked right", False: "marked wrong", None: "mark taken off"}[right]
        label = f'{what} for "{self.text.strip()}"'
        self.undos.append(Undo(label, Mark(self.text, moment, before)))
        return Mark(self.text, moment, right)

    def captioned(self, moment: Moment, text: str) -> AddCaption:
        """A caption for a moment; its undo is known when the finder told its number."""
        return AddCaption(moment.video_id, moment.path, moment.start, moment.end, text, time.time())

    def caption_kept(self, number: int) -> None:
        """The finder kept a caption, or says so again."""
        undo = Undo("caption", RemoveCaption(number))
        if undo not in self.undos:
            self.undos.append(undo)

    def opened(self, moment: Moment, seconds: float) -> Opened:
        """A moment is shown from a second on."""
        return Opened(self.text, moment, seconds, time.time())

    def saved(self, text: str, *, saved: bool) -> SaveSearch:
        """Save a search, or forget it."""
        self.undos.append(Undo("search saved" if saved else "search forgotten", SaveSearch(text, not saved)))
        return SaveSearch(text, saved)

    def undo(self) -> Undo | None:
        """The last change, to be taken back."""
        return self.undos.pop() if self.undos else None
