"""The finder's one thread: it takes what waits and does one step of the most urgent work after the other.

A request becomes an iterator of replies. A newer request of its kind takes the iterator's place, so that
work which nobody waits for any more ends at its next step.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from mediaindex.assembly.serving import example_of, serving_space
from mediaindex.config import Config
from mediaindex.errors import MediaIndexError
from mediaindex.safe_text import printable
from mediaindex.store.library import Library
from mediaindex_tui.finder import notes
from mediaindex_tui.finder.answers import Understood, by_pictures, told, understood, words_found
from mediaindex_tui.finder.commands import start_command
from mediaindex_tui.finder.describing import described
from mediaindex_tui.finder.estimate import estimate
from mediaindex_tui.finder.inbox import Arrived, Inbox
from mediaindex_tui.finder.library import CurrentLibrary, OpenLibrary
from mediaindex_tui.finder.pictures import Pictures
from mediaindex_tui.finder.searching import Loaded, Searching, SpaceSwitched
from mediaindex_tui.finder.speeds import Speeds, speeds
from mediaindex_tui.finder.status import library_told, status
from mediaindex_tui.finder.strip import strip
from mediaindex_tui.finder.words import completed, offers, spans
from mediaindex_tui.finder_log import finder_log
from mediaindex_tui.messages import (
    AddCaption,
    Answer,
    Ask,
    CommandTold,
    Completions,
    Described,
    Estimated,
    LibraryTold,
    Mark,
    Note,
    Noted,
    Notice,
    Opened,
    PastTold,
    Ready,
    RemoveCaption,
    Reply,
    SaveSearch,
    Status,
    SubmitRequest,
    WantDescription,
    WantEstimate,
    WantLibrary,
    WantPast,
    WantPictures,
    WantStatus,
    WantStrip,
)

if TYPE_CHECKING:
    from mediaindex.search.by_example import Example
    from mediaindex.search.searcher import Searcher

logger = logging.getLogger(__name__)

ORDER = (Ask, WantPictures, WantStrip, WantPast, WantStatus)
"""Kinds of work, the most urgent first."""
IDLE_SECONDS = 4.0
"""So often it is looked after the library while nothing is asked."""
TOLD_AGAIN_SECONDS = 60.0
EXAMPLES_KEPT = 64


class Desk:
    """Answers requests on one library.

    Args:
        send: takes each reply. words_only: whether no encoder is to be loaded.
    """

    def __init__(
        self, config: Config, inbox: Inbox, send: Callable[[Reply], None], *, words_only: bool = False
    ) -> None:
        self._config = config
        self._inbox = inbox
        self._send = send
        self._library = CurrentLibrary(config.library)
        self._searching = Searching(config, inbox.put, words_only=words_only)
        self._work: dict[type, Iterator[Reply]] = {}
        self._asked: Ask | None = None
        self._meaning: Understood | None = None
        self._pictures: Pictures | None = None
        self._examples: dict[str, Example] = {}
        self._ready: Ready | None = None
        self._told: Status | None = None
        self._speeds = Speeds({})
        self._is_measuring = False
        self._failed = ("", 0.0)

    @property
    def is_busy(self) -> bool:
        """Whether there is work to do."""
        return bool(self._work)

    @property
    def is_warm(self) -> bool:
        """Whether everything is loaded that can be."""
        return self._searching.tells_languages or self._searching.note is not None

    @property
    def searcher(self) -> Searcher | None:
        """What answers with pictures, None while nothing does."""
        return self._searching.searcher

    def run(self) -> None:
        """Answer until the interface has closed its end."""
        self._guarded(self._look)
        while not self._inbox.has_ended:
            self.turn(IDLE_SECONDS)
        self.turn(0.0)  # what is to be kept, of what came before the end
        self.close()

    def turn(self, seconds: float) -> None:
        """Accept what waits and do one step.

        Args:
            seconds: to wait where there is nothing to do.
        """
        arrived = self._inbox.take(0.0 if self._work else seconds)
        for one in arrived:
            self._guarded(partial(self._accept, one))
        if self._work:
            self._guarded(self._step)
        elif not arrived:
            self._guarded(self._idle)

    def close(self) -> None:
        """Close the library."""
        self._library.close()

    def _guarded(self, work: Callable[[], object]) -> None:
        """Do something of which no fault may end the finder."""
        try:
            work()
        except MediaIndexError as error:
            self._fail(printable(str(error)))
        except BrokenPipeError:
            self._inbox.end()
        except Exception as error:
            log = printable(str(finder_log(self._config.library)))
            if self._fail(f"{type(error).__name__}: {printable(str(error))}; see {log}"):
                logger.exception("a fault of the finder")

    def _fail(self, text: str) -> bool:
        """Tell of an error, unless that was done a moment ago: what is tried again may fail again."""
        now = time.monotonic()
        if text == self._failed[0] and now - self._failed[1] < TOLD_AGAIN_SECONDS:
            return False
        self._failed = text, now
        self._send(Notice(text, is_error=True))
        return True

    def _accept(self, arrived: Arrived) -> None:
        """Begin some work in place of the older work of its kind, or do at once what is short."""
        work = self._work_of(arrived)
        if work is not None:
            self._work[type(arrived.what)] = work
            return
        match arrived.what:
            case Loaded() as loaded:
                self._take(loaded)
            case Speeds() as measured:
                self._speeds = measured
            case WantLibrary() as want:
                self._tell_library(want)
            case WantEstimate() as want:
                self._aside(lambda: estimate(want), "estimate")
            case WantDescription() as moment:
                self._aside(lambda: described(moment, self._config.library), "describe")
            case SubmitRequest() as asked:
                start_command(asked, self._config.library, self._inbox.put)
            case Notice() | LibraryTold() | CommandTold() | Described() | Estimated() as reply:
                self._send(reply)
            case note:
                self._keep(note)

    def _work_of(self, arrived: Arrived) -> Iterator[Reply] | None:
        """The steps of a request that has several, None of any other."""
        match arrived.what:
            case Ask() as ask:
                self._asked = ask
                return self._answers(ask, arrived.at)
            case WantPictures() as want:
                return self._pictures_shown(want)
            case WantStrip() as want:
                return self._strip(want)
            case WantStatus():
                return self._status()
            case WantPast():
                return self._past()
        return None

    def _keep(self, note: Note) -> None:
        """Write down at once what the user wants to keep, and tell that it need not be repeated."""
        is_kept = False
        try:
            here = self._look()
            if here is None:
                root = printable(str(self._config.library))
                self._send(Notice(f"there is no library at {root}: nothing was kept", is_error=True))
            else:
                self._write(here, note)
                is_kept = True
        except MediaIndexError as error:
            self._send(Notice(printable(str(error)), is_error=True))
        finally:
            self._send(Noted(note, is_kept=is_kept))

    def _write(self, here: OpenLibrary, note: Note) -> None:
        """Write a note down, and tell what came of it."""
        match note:
            case Mark():
                self._send(notes.mark(here.library, note))
            case AddCaption():
                self._send(notes.add_caption(here.library, note))
            case RemoveCaption():
                notes.remove_caption(here.library, note)
            case Opened() if self._config.ui_history:
                notes.opened(here.library, note)
            case SaveSearch():
                notes.save_search(here.library, note)

    def _tell_library(self, want: WantLibrary) -> None:
        """Tell from a thread what the library holds: its folders are measured, which takes its time."""
        here = self._look()
        if here is None:
            self._send(LibraryTold({}, {}, [], {}))
            return
        known, root = self._speeds, here.library.root
        self._aside(lambda: library_told(here.library, known), "library")
        if want.measures and not self._is_measuring:
            self._is_measuring = True  # once: the machine stays the same
            self._aside(lambda: speeds(root), "speeds")

    def _aside(self, work: Callable[[], Reply | Speeds], name: str) -> None:
        """Put from a thread what comes of some work that takes its time."""

        def run() -> None:
            try:
                self._inbox.put(work())
            except MediaIndexError as error:
                self._inbox.put(Notice(printable(str(error)), is_error=True))
            except Exception:
                logger.exception("a fault in the thread %s", name)  # the library may have been swapped

        threading.Thread(target=run, name=name, daemon=True).start()

    def _step(self) -> None:
        """One step of the most urgent work."""
        kind = next(kind for kind in ORDER if kind in self._work)
        try:
            reply = next(self._work[kind], None)
        except SpaceSwitched:
            del self._work[kind]
            self._look()  # loads its encoder, and then the query is answered again
        except BaseException:
            del self._work[kind]
            raise
        else:
            if reply is None:
                del self._work[kind]
            else:
                self._send(reply)

    def _look(self) -> OpenLibrary | None:
        """The library as it is now; what it can answer with is told where that changed."""
        here = self._library.now()
        library = None if here is None else here.library
        space = None if library is None else serving_space(library)
        if self._searching.follow(library, space):
            self._meaning = None
            self._examples.clear()
            self._pictures = None if library is None else Pictures(library, space)
        contents = None if here is None else here.contents
        ready = Ready("words") if contents is None else Ready("words", contents.videos, contents.seconds)
        if self._ready is None or (self._ready.videos == 0) != (ready.videos == 0):
            self._send(ready)
        self._ready = ready
        return here

    def _idle(self) -> None:
        """Tell what changed in the library since it was told last."""
        here = self._look()
        if here is not None and self._told is not None:
            self._send_status(here)

    def _send_status(self, here: OpenLibrary) -> None:
        now = status(here)
        if now != self._told:
            self._send(now)
        self._told = now

    def _take(self, loaded: Loaded) -> None:
        """Tell that pictures answer now, or why they do not, and answer the last query again."""
        here = self._library.now()
        if here is None or not self._searching.take(loaded):
            return
        encoder = None if loaded.encoder is None else loaded.space.encoder
        note = None if loaded.note is None else printable(loaded.note)
        contents = here.contents
        self._send(Ready("pictures", contents.videos, contents.seconds, encoder, note))
        if encoder is not None and self._asked is not None:
            self._work[Ask] = self._answers(self._asked, time.perf_counter())

    def _answers(self, ask: Ask, asked_at: float) -> Iterator[Reply]:
        """Words, completions, pictures, the better order."""
        here = self._look()
        if here is None:
            yield Answer(ask.number, "full", ())
            return
        self._searching.follow_gates(here)
        searcher = self.searcher
        meaning = self._meaning = understood(
            ask,
            here,
            self._searching.space,
            self._config.rerank_candidates,
            partial(self._example, here.library),
        )
        words = words_found(meaning, here)
        if words is not None:
            yield told(meaning, here, asked_at, words.answer)
        found = () if ask.caret is None else offers(here.library, ask.text, ask.caret)
        ghost = ""
        if searcher is not None and meaning.ends_in_half_a_word:
            ghost = completed(searcher, meaning.question.text or "", [one.text for one in found])
            meaning = self._meaning = meaning.with_ghost(ghost)
        if ask.caret is not None:
            yield Completions(ask.number, spans(found), printable(ghost))
        yield from by_pictures(meaning, here, asked_at, self._searching, words)

    def _example(self, library: Library, what: str) -> Example:
        """What is seen at PATH or PATH@SECONDS; of a file that is not indexed it takes seconds, once."""
        if what not in self._examples:
            if len(self._examples) >= EXAMPLES_KEPT:
                self._examples.clear()
            self._examples[what] = example_of(library, self._searching.space, self._config, what)
        return self._examples[what]

    def _pictures_shown(self, want: WantPictures) -> Iterator[Reply]:
        if self._look() is not None and self._pictures is not None:
            yield from self._pictures.shown(want)

    def _strip(self, want: WantStrip) -> Iterator[Reply]:
        here, meaning = self._look(), self._meaning
        if here is not None:
            asked = None if meaning is None or meaning.ask.number != want.number else meaning.question
            yield strip(want, here.library, asked, self.searcher)

    def _status(self) -> Iterator[Reply]:
        here = self._look()
        self._told = Status(0, 0.0) if here is None else status(here)
        yield self._told

    def _past(self) -> Iterator[Reply]:
        here = self._look()
        yield PastTold() if here is None else notes.past(here.library)
