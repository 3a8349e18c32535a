"""A finder without a library: real messages, canned answers, as late as a test wants them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from mediaindex_tui import messages
from mediaindex_tui.messages import (
    Answer,
    Ask,
    Completions,
    Moment,
    Past,
    PastTold,
    Picture,
    Ready,
    Reply,
    Request,
    Status,
    WantPast,
    WantPictures,
    WantStatus,
    WantStrip,
    line_of,
    read_reply,
    read_request,
)

Asked = TypeVar("Asked")


def moment(rank: int, video: int, start: float, **fields: object) -> Moment:
    """A moment of four seconds."""
    names = {1: "Holiday 2024/beach_walk.mp4", 2: "animals/playing_dog.mp4", 3: "archive/sea_2019.mov"}
    values: dict[str, object] = {
        "key": f"{video}:{start:g}",
        "rank": rank,
        "video_id": video,
        "segment_id": rank,
        "path": f"/videos/{names.get(video, f'clip {video}.mp4')}".encode(),
        "name": names.get(video, f"clip {video}.mp4"),
        "start": start,
        "end": start + 4.0,
        "best": start + 2.0,
        "channel": "pictures",
        "duration": 21.0,
        "similarity": 0.4 - rank / 100,
        "confidence": max(0.05, 0.9 - rank / 8),
    }
    return Moment(**{**values, **fields})  # type: ignore[arg-type]


MOMENTS = (
    moment(
        1, 1, 4.0, channel="both", words=(messages.WordFound("dog", "name"),), generated=0.71, instant_rank=2
    ),
    moment(2, 2, 0.0, generated=0.6),
    moment(3, 1, 15.0),
    moment(4, 1, 0.0, mark="right"),
    moment(5, 3, 41.0, duration=3730.0, absence="Backup-2 is not plugged in"),
    moment(6, 2, 11.0),
)


class FakeFinder:
    """Answers each question with `moments`; what it was asked is in `requests`.

    Attributes:
        is_slow: whether answers wait for `answer`, so that they come late or out of order.
    """

    def __init__(self, moments: Sequence[Moment] = MOMENTS) -> None:
        self.moments = tuple(moments)
        self.requests: list[Request] = []
        self.videos = 104
        self.is_slow = False
        self.is_closed = False
        self.has_ended = False
        self.past = PastTold()
        self.library = library_told()
        self.ghosts: dict[str, str] = {}
        self.status = Status(videos=104, seconds=1380.0, watcher="ready", is_watching=True, generation=1)
        self._told: Callable[[Reply], None] = lambda _reply: None

    def start(self, told: Callable[[Reply], None]) -> None:
        self._told, self.has_ended = told, False
        self.tell(Ready("words", self.videos, 1380.0))
        self.tell(Ready("pictures", self.videos, 1380.0, "builtin"))

    def send(self, request: Request) -> None:
        request = read_request(line_of(request))  # as it would cross the pipe
        self.requests.append(request)
        match request:
            case Ask() if not self.is_slow:
                self.answer(request)
            case WantPictures():
                for wanted in request.pictures:
                    self.tell(Picture(wanted, picture_cells(wanted)))
            case WantStrip():
                self.tell(strip(request))
            case WantStatus():
                self.tell(self.status)
            case WantPast():
                self.tell(self.past)
            case messages.WantLibrary():
                self.tell(self.library)
            case messages.AddCaption():
                self.tell(messages.CaptionKept(7, request.video_id))
        if isinstance(request, messages.Note):
            self.tell(messages.Noted(request))

    def close(self) -> None:
        self.is_closed = True

    def answer(self, ask: Ask, *stages: messages.Stage, **fields: object) -> None:
        """Answer a question at these stages; at all three where none is named."""
        for stage in stages or ("words", "full", "reranked"):
            kept = self.moments[: ask.limit]
            values: dict[str, object] = {
                "moments": kept,
                "milliseconds": 34.0,
                "videos": self.videos,
                "more": len(self.moments) > ask.limit,
            }
            self.tell(Answer(ask.number, stage, **{**values, **fields}))  # type: ignore[arg-type]
        if ghost := self.ghosts.get(ask.text):
            self.tell(Completions(ask.number, ghost=ghost))

    def tell(self, reply: Reply) -> None:
        """Tell the interface something."""
        self._told(read_reply(line_of(reply)))

    def asked(self, kind: type[Asked]) -> list[Asked]:
        """The requests of a kind, the newest last."""
        return [request for request in self.requests if isinstance(request, kind)]


def strip(wanted: WantStrip) -> messages.Strip:
    """A strip with two peaks in a video of 21 seconds."""
    seconds = tuple(step * 0.7 for step in range(31))
    scores = tuple(max(0.0, 1 - abs(second - 6) / 4, 0.7 - abs(second - 17) / 3) for second in seconds)
    return messages.Strip(
        wanted.number,
        wanted.video_id,
        duration=21.0,
        seconds=seconds,
        scores=scores,
        bounds=((0.0, 10.0), (10.0, 21.0)),
        cuts=(0.0, 10.0),
        peaks=(seconds[9], seconds[24]),
        facts=("3 May 2024, 15:02 · Canon EOS R6 · 1920×1080 · 25/s",),
    )


def picture_cells(wanted: messages.Wanted) -> bytes:
    """A picture of two colours that turn into each other, another for each video and second."""
    cells = bytearray()
    for row in range(wanted.rows):
        for column in range(wanted.columns):
            red, green = 255 * column // wanted.columns, 255 * row // wanted.rows
            blue = int(wanted.video_id * 70 + wanted.seconds * 9) % 256
            cells += bytes((1 + (row + column) % 14, red, green, blue, green, blue, red))
    return bytes(cells)


def past(text: str, at: float = 1_700_000_000.0, opened: int = 1, name: str | None = None) -> Past:
    """A search of before."""
    return Past(text, at, opened, name)


def library_told(watch: dict[str, object] | None = None, writer: object = None) -> messages.LibraryTold:
    """A library that is being indexed, with a held folder, one that is away, and two unreadable files."""
    status: dict[str, object] = {
        "library": "/home/ann/.local/share/mediaindex",
        "videos": 1214,
        "media_seconds": 412 * 3600.0,
        "queue": {"to_embed": 452, "requests": 0},
        "bytes": {"library.sqlite": 4e8, "frames": 9.1e9, "vectors": 1.2e9, "matrix": 3e8, "thumbnails": 0},
        "sources": [
            {"path": "/videos", "online": True, "files": 1214, "missing": 7, "thumbnails": "library"},
            {"path": "/videos/cam", "online": True, "files": 802, "missing": 790, "held_since": 1.7e9},
            {"path": "/media/Backup-2/archive", "online": False, "files": 311, "missing": 0},
        ],
        "failures": [
            {"path": "/videos/cam/0113.MTS", "stage": "decode", "state": "dead", "attempts": 2,
             "reason": "no frame could be decoded"},
            {"path": "/videos/cam/0207.MP4", "stage": "probe", "state": "waiting", "attempts": 1,
             "reason": "permission denied"},
        ],
        "writer": writer,
        "rerank": [{"generator": "residual", "on": False, "by": "", "reason": "not enough proof of a gain"}],
        "hubs": {"on": True, "by": "", "reason": "it gains"},
        "last_evaluation": None,
        "encoder": "builtin",
    }  # fmt: skip
    watching: dict[str, object] = {
        "running": True, "pid": 4711, "state": "working", "reason": None, "since": 1.7e9, "paused": False,
        "progress": {"stage": "indexing", "done": 3, "total": 12, "path": "/videos/GX010233.MP4",
                     "outlook": {"searchable": 0.61, "ready_at": 1.7e9, "disk_bytes": None}},
    }  # fmt: skip
    models: list[dict[str, object]] = [
        {"name": "builtin", "licence": "Apache-2.0", "size_bytes": 34e6, "present": True, "used": True},
        {"name": "quality", "licence": "Apache-2.0", "size_bytes": 27e8, "present": False, "used": False},
    ]
    rows = [*status["sources"], *status["failures"]]  # type: ignore[misc]
    for row in rows:
        row["path_bytes"] = os.fsencode(row["path"]).hex()
    counts = {"marks": 12, "captions": 60, "saved": 4, "history": 212}
    return messages.LibraryTold(status, watching if watch is None else watch, models, counts)
