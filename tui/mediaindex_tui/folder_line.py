"""A line that asks for a folder, with those that its letters may mean."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from textual.binding import Binding
from textual.message import Message
from textual.suggester import SuggestionReady

from mediaindex_tui.orderly_input import OrderlyInput
from mediaindex_tui.shown_text import shown

OFFERED = 6
LONGEST = 4096
NOTHING_WRITTEN = "write a folder"


class FolderLine(OrderlyInput):
    """An input for the path of a folder; Tab completes it.

    Attributes:
        is_path: whether it asks for one, and not for a name.
    """

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("tab", "complete", show=False),
        Binding("ctrl+c", "app.leave", show=False),
    ]

    class Offered(Message):
        """Which folders the letters may mean."""

        def __init__(self, offers: Sequence[str]) -> None:
            super().__init__()
            self.offers = tuple(offers)

    def __init__(self, text: str = "") -> None:
        super().__init__(text, id="folder", compact=True, max_length=LONGEST, select_on_focus=False)
        self.cursor_blink = False
        self.is_path = True
        self.offers: tuple[str, ...] = ()

    @property
    def folder(self) -> Path | None:
        """The folder that is written; None where nothing is, which is not the folder one happens to be in."""
        written = self.value.strip()
        return Path(os.path.abspath(os.path.expanduser(written))) if written else None

    def on_input_changed(self) -> None:
        """Look for folders whose names begin so, away from the event loop."""
        text = self.value
        self.run_worker(
            lambda: self._look(text), thread=True, exclusive=True, exit_on_error=False, group="folders"
        )

    def _look(self, text: str) -> None:
        offers = tuple(folders_like(text)) if self.is_path else ()
        self.app.call_from_thread(self._offer, text, offers)

    def _offer(self, text: str, offers: tuple[str, ...]) -> None:
        if text != self.value:
            return
        self.offers = offers
        if offers and self.cursor_at_end:
            self.post_message(SuggestionReady(text, offers[0]))
        self.post_message(self.Offered(offers))

    def action_complete(self) -> None:
        """Take what all offers have in common, or the first."""
        if not self.offers:
            return
        least, most = min(self.offers), max(self.offers)
        same = next(
            (n for n, pair in enumerate(zip(least, most, strict=False)) if len(set(pair)) > 1), len(least)
        )
        common = least[:same]
        self.value = common if len(common) > len(self.value) else self.offers[0]
        self.cursor_position = len(self.value)


def folders_like(text: str) -> Iterator[str]:
    """Folders whose names begin as a path that is being typed, written as it is, such as with `~`."""
    head, slash, begin = text.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(head + slash) or ".") as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.startswith(begin) and (begin or entry.name[0] != ".") and _is_folder(entry)
            )
    except OSError:
        return
    yield from (f"{head}{slash}{name}/" for name in names[:OFFERED] if shown(name) == name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def likely_folder() -> str:
    """Where this user's videos may lie: the usual names, else home."""
    for name in ("Videos", "Movies"):
        if os.path.isdir(os.path.expanduser(f"~/{name}")):
            return f"~/{name}/"
    return "~/"
