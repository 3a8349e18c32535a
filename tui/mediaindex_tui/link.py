"""The interface's end of the pipes to the finder: it starts it, asks it, starts it again where it dies."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from mediaindex.safe_text import printable
from mediaindex_tui.finder_log import finder_log
from mediaindex_tui.messages import REPLACED, Ask, Note, Noted, Notice, Reply, Request, line_of, read_reply

DEATHS = 3
"""After so many deaths"""
DEATHS_SECONDS = 60.0
"""within so many seconds it is started for the words alone; when it dies once more, not again."""
WORDS_ONLY = "--words-only"
CLOSE_SECONDS = 2.0
"""So long the finder may take to end once its input is closed."""
KILLED_WITHOUT_MEMORY = 137

Told = Callable[[Reply], None]


class Link:
    """A finder process and the threads that write to it and read from it.

    Args:
        library: whose finder it is; options, environment and settings say the rest.
        command: that starts the finder; the library is added to it.
    """

    def __init__(self, library: Path, *, command: Sequence[str] = ()) -> None:
        words = command or (sys.executable, "-m", "mediaindex_tui.finder")
        self._command = (*words, "--library", str(library))
        self._library = library
        self._told: Told = lambda _reply: None
        self._lock = threading.RLock()  # whoever is told may ask at once
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: SimpleQueue[Request | None] = SimpleQueue()
        self._newest: dict[type, Request] = {}
        self._notes: list[Note] = []  # that no finder said it dealt with, the oldest first
        self._end: str | None = None  # why no finder runs, and none will
        self._deaths: list[float] = []
        self._is_closed = False

    @property
    def has_ended(self) -> bool:
        """Whether no finder runs, and none will until `start` is called again."""
        return len(self._deaths) > DEATHS

    def start(self, told: Told) -> None:
        """Start the finder, anew where it died too often.

        Args:
            told: called with each reply, on a thread of the link.
        """
        self._told = told
        with self._lock:
            self._deaths = []
            self._start()

    def send(self, request: Request) -> None:
        """Ask; never waits, and never raises where the finder is dead.

        What is to be kept is repeated to the next finder until one has said that it dealt with it; where
        none will be started, the user is told.
        """
        with self._lock:
            if isinstance(request, Note):
                if self._end is None and _is_text(request):
                    self._notes.append(request)
            elif isinstance(request, REPLACED):
                self._newest[type(request)] = request
            self._requests.put(request)
            end = self._end
        if end is not None and not isinstance(request, REPLACED):
            self._told(Notice(end, is_error=True))
            if isinstance(request, Note):
                self._told(Noted(request, is_kept=False))

    def close(self) -> None:
        """End the finder: it is killed where it does not end by itself."""
        with self._lock:
            self._is_closed = True
            process = self._process
            self._requests.put(None)
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(CLOSE_SECONDS)
            return
        process.kill()
        process.wait()

    def _start(self, *options: str) -> None:
        """Start a finder with threads of its own."""
        try:
            process = subprocess.Popen(
                (*self._command, *options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C of the terminal is the interface's alone
            )
        except OSError as error:
            self._end = f"the search cannot be started: {error.strerror or error}"
            self._told(Notice(self._end, is_error=True))
            return
        self._process, self._end = process, None
        self._requests = SimpleQueue()
        for work, arguments in ((_write, (process, self._requests)), (self._read, (process,))):
            threading.Thread(target=work, args=arguments, name="finder", daemon=True).start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Tell each reply of a finder; start another one when it ends."""
        assert process.stdout is not None
        with process.stdout as replies:
            for line in replies:
                with contextlib.suppress(msgspec.MsgspecError):  # cut off by the finder's death
                    reply = read_reply(line)
                    if isinstance(reply, Noted):
                        self._forget(reply.note)
                    self._told(reply)
        self._ended(process.wait())

    def _ended(self, code: int) -> None:
        """Start a finder in place of one that ended; after too many say that none is, and what is lost."""
        with self._lock:
            if self._is_closed:
                return
            unread = _taken(self._requests)
            self._requests.put(None)
            now = time.monotonic()
            self._deaths = [*(death for death in self._deaths if now - death < DEATHS_SECONDS), now]
            deaths = len(self._deaths)
            told = self._what_is_told(code, deaths)
            if deaths <= DEATHS:
                self._start_again(unread, words_only=deaths == DEATHS)
            else:
                self._end = told
            lost, self._notes = (self._notes, []) if self._end is not None else ([], self._notes)
        unkept = f"; not kept of what you did: {len(lost)}" if lost else ""
        self._told(Notice(told + unkept, is_error=True))
        for note in lost:
            self._told(Noted(note, is_kept=False))

    def _forget(self, note: Note) -> None:
        """A note need not be repeated."""
        with self._lock, contextlib.suppress(ValueError):
            self._notes.remove(note)

    def _start_again(self, unread: Sequence[Request], *, words_only: bool) -> None:
        """Start a finder that is asked what nobody answered; what may be replaced, as it was asked last.

        Args:
            words_only: load no encoder and show no picture, of which it may have died.
        """
        self._start(*([WORDS_ONLY] if words_only else []))
        asked = [request for kind, request in self._newest.items() if kind is Ask or not words_only]
        submitted = [one for one in unread if not isinstance(one, REPLACED | Note)]
        for request in [*self._notes, *submitted, *asked]:
            self._requests.put(request)

    def _what_is_told(self, code: int, deaths: int) -> str:
        """What is said of a finder that ended, the one of so many of late."""
        code = 128 - code if code < 0 else code  # as a shell counts signals
        stopped = (
            f"the search stopped (code {code}{': out of memory?' if code == KILLED_WITHOUT_MEMORY else ''})"
        )
        if deaths < DEATHS:
            return f"{stopped}, started again"
        log = printable(str(finder_log(self._library)))
        if deaths == DEATHS:
            return f"{stopped} for the third time in a minute: words alone answer now; see {log}"
        return f"{stopped} and is not started again; see {log}"


def _is_text(request: Request) -> bool:
    """Whether it can be written: half a character cannot."""
    try:
        line_of(request)
    except UnicodeError:
        return False
    return True


def _taken(requests: SimpleQueue[Request | None]) -> list[Request]:
    """What of a queue nobody has taken yet."""
    taken = []
    with contextlib.suppress(Empty):
        while (request := requests.get_nowait()) is not None:
            taken.append(request)
    return taken


def _write(process: subprocess.Popen[bytes], requests: SimpleQueue[Request | None]) -> None:
    """Write what is asked until there is no more, and close the pipe."""
    assert process.stdin is not None
    with contextlib.suppress(OSError), process.stdin as pipe:  # a dead finder reads nothing
        while (request := requests.get()) is not None:
            with contextlib.suppress(UnicodeError):  # half a character is no text, and asks for nothing
                pipe.write(line_of(request))
                pipe.flush()
