"""The first start: one question, which folder holds the videos."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

from mediaindex.embed.presets import PRESETS
from mediaindex.errors import MediaIndexError
from mediaindex.safe_text import printable
from mediaindex.sources.places.volumes import refuse_unfit
from mediaindex_tui.counting import Count, count_videos
from mediaindex_tui.folder_line import NOTHING_WRITTEN, FolderLine, likely_folder
from mediaindex_tui.messages import Estimated, Reply, WantEstimate
from mediaindex_tui.shown_text import hours, shown, size
from mediaindex_tui.text_lines import TextLine, TextLines, keys_line, wrapped

if TYPE_CHECKING:
    from mediaindex_tui.app import InterfaceApp

LANGUAGES = {"en": ", English", "multilingual": ", many languages"}
QUESTION = "Nothing is indexed yet. Which folder holds your videos?"
PROMISES = (
    "Videos are only read; nothing is written beside them, nothing is uploaded.",
    "",
    "Enter begins, and goes on in the background, also when you leave.",
    "Tab completes · Esc asks later",
)


class FirstScreen(Screen[None], inherit_bindings=False):
    """Asks for a folder, tells what lies in it, begins.

    Attributes:
        unfit: why no library can lie where it is to be; empty where one can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", show=False),
        Binding("f1", "app.help", show=False),
    ]
    AUTO_FOCUS = "#folder"

    def __init__(self) -> None:
        super().__init__()
        self.counted_folder: Path | None = None
        self.count = Count()
        self.estimated: Estimated | None = None
        self.unfit = ""

    def compose(self) -> ComposeResult:
        """The question, the line, what was counted."""
        yield TextLines(id="first-question")
        with Horizontal(id="first-row"):
            yield TextLines(id="first-label")
            yield FolderLine(likely_folder())
        yield TextLines(id="first-offers")
        yield TextLines(id="first-facts")
        yield TextLines(id="first-standing")
        yield TextLines(id="first-foot")

    def on_mount(self) -> None:
        """Draw what never changes, and count."""
        self.query_one("#first-question", TextLines).show((), [("  " + QUESTION, "strong")], ())
        self.query_one("#first-label", TextLines).show([("  folder  ", "accent")])
        preset = PRESETS.get(self.interface.setup.encoder)
        language = LANGUAGES[preset.languages] if preset is not None else ""
        standing = f" no library · encoder {shown(self.interface.setup.encoder)}{language}"
        self.query_one("#first-standing", TextLines).show([(standing, "dim")])
        keys = (("Enter", "begin"), ("Tab", "complete"), ("F1", "help"), ("^Q", "leave"))
        self.query_one("#first-foot", TextLines).show(keys_line(*keys))
        self.run_worker(self._look_at_place, thread=True, exit_on_error=False, group="place")
        self._draw()

    @property
    def interface(self) -> InterfaceApp:
        """The application, with what the whole session shares."""
        return cast("InterfaceApp", self.app)

    @on(FolderLine.Offered)
    def _offered(self, event: FolderLine.Offered) -> None:
        lines: list[TextLine] = [[(" " * 10 + offer, "dim")] for offer in event.offers]
        self.query_one("#first-offers", TextLines).show(*lines)
        self._count()

    @on(Input.Submitted)
    def _begin(self) -> None:
        if self.unfit:
            return  # the line below the folder says why
        folder = self.query_one(FolderLine).folder
        problem = "there is no such folder"
        if folder is None:
            problem = NOTHING_WRITTEN
        elif os.path.isdir(folder):
            problem = self.interface.follow(folder)
        if problem:
            self.count = Count(problem=problem, is_complete=True)
            self._draw()
            return
        self.dismiss()
        self.interface.say(
            f"indexing {shown(str(folder))}: names can be searched in a moment; F2 shows how it goes"
        )

    def action_later(self) -> None:
        """Leave the question; the query can be used."""
        self.dismiss()

    def _count(self) -> None:
        folder = self.query_one(FolderLine).folder
        if folder == self.counted_folder:
            return
        self.counted_folder = folder
        self.count = Count() if folder else Count(problem=NOTHING_WRITTEN, is_complete=True)
        self._draw()
        if folder is None:
            return
        self.run_worker(
            lambda: count_videos(
                folder, lambda count: self._tell(folder, count), lambda: self._counts(folder)
            ),
            thread=True,
            exclusive=True,
            exit_on_error=False,
            group="count",
        )

    def _look_at_place(self) -> None:
        """Look, on a thread, whether a library can lie where it is to be."""
        try:
            refuse_unfit(self.interface.setup.library)
        except (MediaIndexError, OSError) as error:
            self.app.call_from_thread(self._refuse, printable(str(error)))

    def _refuse(self, reason: str) -> None:
        if self.is_attached:
            self.unfit = reason
            self._draw()

    def _counts(self, folder: Path) -> bool:
        return self.counted_folder == folder and self.is_attached

    def _tell(self, folder: Path, count: Count) -> None:
        if self._counts(folder):
            self.app.call_from_thread(self._counted, folder, count)

    def _counted(self, folder: Path, count: Count) -> None:
        if folder == self.counted_folder:
            self.count = count
            self._draw()
            if count.is_complete and count.videos:
                sample = tuple(map(os.fsencode, count.sample))
                self.interface.send(WantEstimate(count.videos, count.size, sample))

    def told(self, reply: Reply) -> None:
        """Show what the finder told of what was counted."""
        if isinstance(reply, Estimated) and (reply.videos, reply.size) == (
            self.count.videos,
            self.count.size,
        ):
            self.estimated = reply
            self._draw()

    def _draw(self) -> None:
        said = [*estimate_lines(self._estimate), self._room(), *PROMISES]
        counted: TextLine = [("  " + self._counted_text(), "wrong" if self.count.problem else "text")]
        unfit = wrapped([("  " + self.unfit, "wrong")], self.size.width - 1, 2) if self.unfit else []
        facts = [[("  " + line, "dim")] for line in said]
        self.query_one("#first-facts", TextLines).show([], *unfit, counted, *facts)

    def _counted_text(self) -> str:
        count = self.count
        if count.problem:
            return count.problem
        plays = self._estimate.media_seconds if self._estimate else 0.0
        parts = [f"{count.videos:,} videos".replace(",", " "), f"about {hours(plays)}" if plays else ""]
        said = " · ".join(filter(None, [*parts, size(count.size)]))
        how = f"counted by name in {count.seconds:.0f} s"
        return f"{said}        {how}" + ("" if count.is_complete else ", still counting")

    @property
    def _estimate(self) -> Estimated | None:
        """What is known of the folder that stands here now."""
        told = self.estimated
        is_of_this = told is not None and (told.videos, told.size) == (self.count.videos, self.count.size)
        return told if is_of_this else None

    def _room(self) -> str:
        library = self.interface.setup.library
        there = next((folder for folder in (library, *library.parents) if folder.is_dir()), Path("/"))
        try:
            return f"{size(shutil.disk_usage(there).free)} are free where frames and index will lie."
        except OSError:
            return ""


def estimate_lines(told: Estimated | None) -> list[str]:
    """What indexing takes; without an estimate only in which order things can be searched."""
    if told is None or not told.media_seconds:
        return ["Searchable by name at once, by picture soon after, complete in its own time."]
    first, whole = hours(max(60.0, told.first_seconds)), hours(max(60.0, told.whole_seconds))
    return [
        f"Frames and index will take about {size(told.disk_bytes)}.",
        f"Searchable by name at once, by picture in about {first}, complete in about {whole}.",
    ]
