"""The interface as lines of text: for screen readers and simple terminals, without escapes."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mediaindex_tui import messages
from mediaindex_tui.messages import Answer, FinderLink, Moment, Noted, Notice, Ready, Reply
from mediaindex_tui.moments import MomentList, assurance, seconds_to_open
from mediaindex_tui.playing import Playing
from mediaindex_tui.session import Session
from mediaindex_tui.shown_text import hours, shown, span

PAGE = 10
ANSWER_SECONDS = 60.0
PLAY_SECONDS = 2.0
"""So long it is waited for what a player says."""
SETTLE_SECONDS = 0.4
"""An answer that no further stage follows for so long is the last."""
HELP = """\
Type what you remember of a moment. Then:
  3            open moment 3
  m 3          moments like moment 3
  + 3, - 3     mark moment 3 as right, as wrong
  c 3 TEXT     keep a caption for moment 3
  more         further moments
  again        ask again, moved by the marks
  ?            this help
  q            leave, as Ctrl-D does
A query that is one of these words stands in quotation marks: "more"."""

Read = Callable[[str], str]


class Plain:
    """A prompt, and numbered lines.

    Args:
        link: to the finder. player: command of the user's settings.
        read: asks for a line; raises EOFError at the end.
    """

    def __init__(self, link: FinderLink, *, player: str | None = None, read: Read = input) -> None:
        self.link = link
        self.read = read
        self.replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self.playing = Playing(player, self.replies.put)
        self.session = Session()
        self.moments = MomentList()
        self.shown = 0
        self.ready: set[str] = set()

    def run(self) -> int:
        """Ask and answer until the user leaves; the exit code."""
        import contextlib

        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  edits the line, and remembers those of before
        self.link.start(self.replies.put)
        try:
            self._greet()
            while True:
                self._tell_waiting()
                line = self.read("query, or ? > ").strip()
                if line == "q":
                    return 0
                if line:
                    self._do(line)
        except EOFError:
            self._say("")
            return 0
        except KeyboardInterrupt:
            self._say("")
            return 130
        finally:
            self.link.close()
            self.playing.close()

    def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        number, _, text = rest.strip().partition(" ")
        commands: dict[str, Callable[[Moment], None]] = {
            "m": self._like,
            "+": lambda moment: self._mark(moment, right=True),
            "-": lambda moment: self._mark(moment, right=False),
            "c": lambda moment: self._caption(moment, text.strip()),
        }
        if line == "?":
            self._say(HELP)
        elif line == "more":
            self._more()
        elif line == "again":
            self.session.with_marks = True
            self._ask(self.session.again())
        elif line.isascii() and line.isdigit():
            self._with(line, self._open)
        elif word in commands and number.isascii() and number.isdigit():
            self._with(number, commands[word])
        else:
            self._ask(self.session.edited(line, None))

    def _with(self, number: str, do: Callable[[Moment], None]) -> None:
        place = int(number[:9]) - 1
        if 0 <= place < len(self.moments.moments):
            do(self.moments.moments[place])
        else:
            self._say(f"there is no moment {number[:9]} here")

    def _ask(self, request: messages.Ask | None) -> None:
        answer = self._answer_to(request)
        if answer is None:
            return
        for problem in answer.problems:
            self._say(shown(problem.text))
        for note in answer.notes:
            self._say(shown(note))
        if answer.confident is False:
            self._say("nothing here looks like that; the nearest, all weak")
        self.moments.show(answer.moments)
        self.shown = 0
        self._more()

    def _answer_to(self, request: messages.Ask | None) -> Answer | None:
        """The answer to a question; None, and it is said, where none comes."""
        if request is None:
            return None
        self.link.send(request)
        answer = self._wait_for_answer()
        if answer is None:
            self._say("no answer yet; ask again")
        return answer

    def _wait_for_answer(self) -> Answer | None:
        """The last stage of the answer to the newest question."""
        end = time.monotonic() + ANSWER_SECONDS
        while (reply := self._next(end)) is not None:
            if isinstance(reply, Answer) and self.session.is_settled:
                if reply.stage == "reranked" or "pictures" not in self.ready:
                    break
                end = min(end, time.monotonic() + SETTLE_SECONDS)
        return self.session.answer if self.session.is_settled else None

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Answer):
            self.session.takes(reply)
        elif isinstance(reply, Ready):
            self.ready.add(reply.what)
            if reply.note:
                self._say(shown(reply.note))
        elif isinstance(reply, Notice):
            self._say(shown(reply.text))

    def _tell_waiting(self) -> None:
        while not self.replies.empty():
            self._take(self.replies.get())

    def _greet(self) -> None:
        end = time.monotonic() + ANSWER_SECONDS
        while "words" not in self.ready and (reply := self._next(end)) is not None:
            if isinstance(reply, Ready):
                self._say(f"{reply.videos} videos, {hours(reply.seconds)}; ? explains")

    def _more(self) -> None:
        if not self.moments.moments:
            self._say("no moment")
            return
        if self.shown >= len(self.moments.moments) and not self._further():
            return
        moments = self.moments.moments
        for place in range(self.shown, min(self.shown + PAGE, len(moments))):
            self._say(line_of(place + 1, moments[place]))
        self.shown = min(self.shown + PAGE, len(moments))
        if self.shown < len(moments):
            self._say(f"{len(moments) - self.shown} further moments: more")
        elif self.session.answer is not None and self.session.answer.more:
            self._say("further moments: more")

    def _further(self) -> bool:
        """Whether there are moments behind those that are known: they are asked for."""
        known = len(self.moments.moments)
        request = self.session.more(self.shown, known)
        if request is None:
            self._say("no more moments")
            return False
        answer = self._answer_to(request)
        if answer is None:
            return False
        self.moments.show(answer.moments)
        if len(answer.moments) <= known:
            self._say("no more moments")
        return len(answer.moments) > known

    def _open(self, moment: Moment) -> None:
        if moment.absence:
            self._say(f"{shown(moment.name)} cannot be played now: {shown(moment.absence)}")
            return
        seconds = seconds_to_open(moment)
        self.link.send(self.session.opened(moment, seconds))
        self.playing.open(Path(os.fsdecode(moment.path)), seconds)
        if self._wait_for(lambda reply: isinstance(reply, Notice), PLAY_SECONDS) is None:
            self._say("opened")

    def _like(self, moment: Moment) -> None:
        from mediaindex.search.language.syntax import bare_or_quoted

        try:
            value = bare_or_quoted(f"{moment.path.decode()}@{moment.best:g}")
        except (UnicodeDecodeError, ValueError):
            self._say("the name of this file cannot stand in a query")
            return
        self._ask(self.session.edited(f"like:{value}", None))

    def _mark(self, moment: Moment, *, right: bool) -> None:
        if self._keep(messages.Mark(self.session.text, moment, right)):
            self._say("marked right" if right else "marked wrong")

    def _caption(self, moment: Moment, text: str) -> None:
        if not text:
            self._say("write the caption behind the number: c 3 Rex on sand")
            return
        if self._keep(self.session.captioned(moment, text)):
            self._say("caption kept")

    def _keep(self, note: messages.Note) -> bool:
        """Whether a note stands in the library, once the finder has said so; why not is said."""
        self.link.send(note)
        noted = self._wait_for(lambda reply: isinstance(reply, Noted) and reply.note == note, ANSWER_SECONDS)
        if noted is None:
            self._say("no answer yet: it may not be kept")
        return isinstance(noted, Noted) and noted.is_kept

    def _wait_for(self, is_meant: Callable[[Reply], bool], seconds: float) -> Reply | None:
        """The next reply that is meant, None where it does not come in time; those before it are taken."""
        end = time.monotonic() + seconds
        while (reply := self._next(end)) is not None:
            if is_meant(reply):
                return reply
        return None

    def _next(self, end: float) -> Reply | None:
        """The next reply, which is taken; None where none comes before a time of `time.monotonic`."""
        try:
            reply = self.replies.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            return None
        self._take(reply)
        return reply

    def _say(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def line_of(number: int, moment: Moment) -> str:
    """A moment as one line: what is told first is what tells most."""
    facts = [span(moment.start, moment.end), assurance(moment)]
    facts += [shown(moment.absence)] if moment.absence else []
    facts += {"right": ["marked right"], "wrong": ["marked wrong"], None: []}[moment.mark]
    return f"{number}. {', '.join(facts)}: {shown(moment.name)}"
