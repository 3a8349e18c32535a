"""What the interface and its finder say to each other: one message a line, as JSON.

The interface draws; the finder, a process of its own, thinks. A request asks, a reply answers; nothing is
ever waited for. Every text in a message can be shown as it stands, except for what the user typed. Paths
travel as bytes beside their text, since a file name need not be Unicode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

Stage = Literal["words", "full", "reranked"]
Channel = Literal["pictures", "words", "both"]
Style = Literal["quadrant", "half", "kitty", "sixel", "jpeg"]


class Message(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A message; its JSON names its class in `type`."""


# Values


class Span(Message, frozen=True):
    """A part of the query, in code points, `end` exclusive, and what is wrong with it or stands for it."""

    start: int
    end: int
    text: str


class WordFound(Message, frozen=True):
    """A word of the query and the field in which it stands."""

    word: str
    field: str


class Moment(Message, frozen=True):
    """One hit.

    Attributes:
        key: of the moment, the same whenever the same moment answers: its video and its first segment.
        path: as `open` needs it. name: what is shown, below its source where it has one.
        start, end, best: seconds. absence: why the file cannot be found now, None where it can.
        similarity, generated, confidence: None where the moment has none.
        instant_rank: among the moments of the pictures before reranking, from 1.
        mark: whether the user marked it right or wrong for this query.
    """

    key: str
    rank: int
    video_id: int
    segment_id: int | None
    path: bytes
    name: str
    start: float
    end: float
    best: float
    channel: Channel
    absence: str | None = None
    duration: float | None = None
    words: tuple[WordFound, ...] = ()
    similarity: float | None = None
    generated: float | None = None
    confidence: float | None = None
    instant_rank: int | None = None
    mark: Literal["right", "wrong"] | None = None


class Wanted(Message, frozen=True):
    """A picture of a video at a time, so large and in such a form.

    Attributes:
        columns, rows: of cells. style: `jpeg` is the picture itself.
        cell: pixels of a cell, across and down, where the picture is one of pixels.
    """

    video_id: int
    seconds: float
    columns: int
    rows: int
    style: Style = "quadrant"
    cell: tuple[int, int] = (0, 0)


class Past(Message, frozen=True):
    """A search of before: saved, or asked and answered by opening moments."""

    text: str
    at: float
    opened: int = 0
    name: str | None = None
    id: int | None = None


class Caption(Message, frozen=True):
    """A caption of the user."""

    id: int
    start: float
    end: float
    text: str


# Requests: from the interface to the finder


class Ask(Message, frozen=True):
    """Answer a query; an older one is dropped.

    Attributes:
        number: of the question, rising; every reply to it carries it.
        caret: where it is being typed, in code points; None where it is complete.
        with_marks: whether the user's marks for this query move it.
        instant: whether the order before reranking is wanted.
        limit: how many moments.
    """

    number: int
    text: str
    caret: int | None = None
    with_marks: bool = False
    instant: bool = False
    limit: int = 60


class WantPictures(Message, frozen=True):
    """Pictures that are on the screen now, the most important first; those asked before are dropped."""

    pictures: tuple[Wanted, ...]


class WantStrip(Message, frozen=True):
    """How well a video answers question `number` along its time, and what is known of it."""

    number: int
    video_id: int


class WantStatus(Message, frozen=True):
    """What the status line shows."""


class WantLibrary(Message, frozen=True):
    """What the library screen shows.

    Attributes:
        measures: whether it is to be measured how fast encoders embed here; it is told when it is known.
    """

    measures: bool = False


class WantPast(Message, frozen=True):
    """Saved searches and history, and what is new."""


class Mark(Message, frozen=True):
    """Mark a moment as right or wrong for a query; None takes the mark off."""

    query: str
    moment: Moment
    right: bool | None


class AddCaption(Message, frozen=True):
    """Keep a caption of the user on a moment; `at`, when it was written, tells it from another one."""

    video_id: int
    path: bytes
    start: float
    end: float
    text: str
    at: float


class RemoveCaption(Message, frozen=True):
    """Remove a caption of the user; undo of AddCaption."""

    id: int


class Opened(Message, frozen=True):
    """The user opened a moment that answered a query: a line of the history; `at` in Unix time."""

    query: str
    moment: Moment
    seconds: float
    at: float


class SaveSearch(Message, frozen=True):
    """Save a search, or forget it."""

    text: str
    saved: bool = True


class SubmitRequest(Message, frozen=True):
    """A command on the library, as the words behind `mediaindex`.

    Attributes:
        rest: further words, as bytes: a path need not be text.
        shows: whether what it prints is what the user wants.
    """

    words: tuple[str, ...]
    rest: tuple[bytes, ...] = ()
    shows: bool = False


class WantEstimate(Message, frozen=True):
    """About how long so many videos of so many bytes play; some of them are the sample."""

    videos: int
    size: int
    sample: tuple[bytes, ...]


class WantDescription(Message, frozen=True):
    """What may be said of a moment."""

    path: bytes
    seconds: float


Note = Mark | AddCaption | RemoveCaption | Opened | SaveSearch
"""What the user wants to keep. Each can be given again, and is kept once: a finder may die after it wrote."""


# Replies: from the finder to the interface


class Ready(Message, frozen=True):
    """What can answer from now on.

    Attributes:
        videos, seconds: in the library. encoder: None while, or where, the pictures cannot answer.
        note: why the pictures cannot answer, and the command that helps.
    """

    what: Literal["words", "pictures"]
    videos: int = 0
    seconds: float = 0.0
    encoder: str | None = None
    note: str | None = None


class Answer(Message, frozen=True):
    """The moments of a question at a stage.

    Attributes:
        understood: canonical text of what was asked.
        problems: parts of the query that were left out, and why.
        notes: what else the second line says: corrections, the encoder's language, which filter left nothing.
        confident: whether anything here is what was asked for; None without a calibration.
        milliseconds: from the question to this answer.
        videos: in the library, or those that pass the filters. more: whether a larger limit gives more.
    """

    number: int
    stage: Stage
    moments: tuple[Moment, ...]
    understood: str = ""
    problems: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()
    confident: bool | None = None
    milliseconds: float = 0.0
    videos: int = 0
    more: bool = False


class Completions(Message, frozen=True):
    """What may follow at the caret of a question, the likeliest first; each text replaces its span.

    Attributes:
        ghost: what the last word of the query was completed with to be asked, behind the caret.
    """

    number: int
    offers: tuple[Span, ...] = ()
    ghost: str = ""


class Picture(Message, frozen=True):
    """A picture that was wanted.

    Attributes:
        cells: 7 bytes a cell, by rows: the index of its glyph in `GLYPHS`, red, green and blue of the
            foreground, then of the background. A PNG for the style `kitty`, sixels for `sixel`, the JPEG
            for `jpeg`. Empty where there is none.
    """

    wanted: Wanted
    cells: bytes


class Strip(Message, frozen=True):
    """A question along one video, and the facts of the video.

    Attributes:
        seconds, scores: of each sampled frame; no scores where no picture can answer.
        bounds: start and end of each segment. cuts: where a shot begins.
        peaks: seconds of the frames that stand out, best first.
        facts: lines about the video, such as its day, camera and size.
    """

    number: int
    video_id: int
    duration: float = 0.0
    seconds: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    bounds: tuple[tuple[float, float], ...] = ()
    cuts: tuple[float, ...] = ()
    peaks: tuple[float, ...] = ()
    facts: tuple[str, ...] = ()
    captions: tuple[Caption, ...] = ()


class Status(Message, frozen=True):
    """What the status line shows.

    Attributes:
        watcher: in words, such as "ready" or "indexing 3 of 12". is_watching: whether one runs.
        offline: names of volumes that are not there.
        generation: rises whenever the library changed, so that asking again may find more.
    """

    videos: int
    seconds: float
    marks: int = 0
    watcher: str = ""
    is_watching: bool = False
    offline: tuple[str, ...] = ()
    failures: int = 0
    generation: int = 0


class LibraryTold(Message, frozen=True):
    """What the library screen shows: the JSON of `status`, `watch --status` and `models list`, by command.

    Beside each `path` stands `path_bytes`, its bytes in hexadecimal. Without a library all
    are empty.

    Attributes:
        counts: of what the user wrote. requests: of the last day to the process that writes, the newest
            first: `id`, `kind`, `state`.
    """

    status: dict[str, Any]
    watch: dict[str, Any]
    models: list[dict[str, Any]]
    counts: dict[str, int]
    requests: list[dict[str, Any]] = []


class CommandTold(Message, frozen=True):
    """What a command printed, of which that was wanted."""

    title: str
    lines: tuple[str, ...]


class Described(Message, frozen=True):
    """What may be said of a moment, the best first."""

    path: bytes
    seconds: float
    texts: tuple[str, ...]


class Estimated(Message, frozen=True):
    """About what so many videos of so many bytes are, and cost to index; zeros where nobody knows.

    Attributes:
        media_seconds: how long they play. disk_bytes: of frames and index.
        first_seconds: until each is found by one picture. whole_seconds: until all is indexed.
    """

    videos: int
    size: int
    media_seconds: float = 0.0
    disk_bytes: float = 0.0
    first_seconds: float = 0.0
    whole_seconds: float = 0.0


class PastTold(Message, frozen=True):
    """Saved searches, history and what is new, the newest first.

    Attributes:
        newest: folder of the video that was recorded last, and its day as YYYY-MM-DD.
    """

    saved: tuple[Past, ...] = ()
    recent: tuple[Past, ...] = ()
    new: tuple[Past, ...] = ()
    newest: tuple[str, str] | None = None


class CaptionKept(Message, frozen=True):
    """A caption was kept; `id` undoes it."""

    id: int
    video_id: int


class Noted(Message, frozen=True):
    """What the user wanted to keep was dealt with, so that it need not be repeated to another finder.

    Attributes:
        is_kept: whether it stands in the library now; where it does not, a notice says why.
    """

    note: Note
    is_kept: bool = True


class MarksTold(Message, frozen=True):
    """How many moments are marked for a query, and in all."""

    query: str
    marked: int
    total: int


class Notice(Message, frozen=True):
    """One line for the user; an error stays until the next."""

    text: str
    is_error: bool = False


Request = (
    Ask
    | WantPictures
    | WantStrip
    | WantStatus
    | WantLibrary
    | WantPast
    | WantEstimate
    | WantDescription
    | Note
    | SubmitRequest
)
Reply = (
    Ready
    | Answer
    | Completions
    | Picture
    | Strip
    | Status
    | LibraryTold
    | CommandTold
    | Described
    | Estimated
    | PastTold
    | CaptionKept
    | Noted
    | MarksTold
    | Notice
)


class FinderLink(Protocol):
    """The interface's end of the pipe: it starts the finder, and starts it again where it dies."""

    @property
    def has_ended(self) -> bool:
        """Whether no finder runs, and none will until `start` is called again."""
        ...

    def start(self, told: Callable[[Reply], None]) -> None:
        """Start the finder; `told` is called with each reply, on a thread of the link."""

    def send(self, request: Request) -> None:
        """Ask; never waits, and never raises where the finder is dead."""

    def close(self) -> None:
        """End the finder."""


REPLACED = (
    *(Ask, WantPictures, WantStrip, WantStatus, WantLibrary, WantPast),
    *(WantEstimate, WantDescription),
)
"""Requests of which a newer one makes an older one needless."""

GLYPHS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""The cells of a picture: which quarters have the foreground, bit 0 upper left, bit 1 upper right, bit 2
lower left, bit 3 lower right. A half block is the upper half, 3."""

_encoder = msgspec.json.Encoder()
read_request = msgspec.json.Decoder(Request).decode
read_reply = msgspec.json.Decoder(Reply).decode


def line_of(message: Message) -> bytes:
    """A message as one line."""
    return _encoder.encode(message) + b"\n"
