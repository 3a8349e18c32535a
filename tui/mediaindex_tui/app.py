"""The application: its screens, themes, keys and palette, and what the whole session shares. No work here."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import SuspendNotSupported, SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from mediaindex.errors import MediaIndexError
from mediaindex_tui import keys
from mediaindex_tui.fault_log import log_fault
from mediaindex_tui.key_order import KeysInOrder
from mediaindex_tui.kitty import KittyPictures
from mediaindex_tui.list_layout import View
from mediaindex_tui.memory import Memory
from mediaindex_tui.messages import (
    FinderLink,
    Mark,
    Noted,
    Notice,
    Picture,
    Reply,
    Request,
    SubmitRequest,
    WantPast,
    WantStatus,
)
from mediaindex_tui.pictures import PictureCache
from mediaindex_tui.playing import Playing
from mediaindex_tui.search_screen import SearchScreen
from mediaindex_tui.shown_text import shown
from mediaindex_tui.status_line import NOTICE_SECONDS, Standing
from mediaindex_tui.terminal_pictures import Terminal, drawing
from mediaindex_tui.themes import THEMES

if TYPE_CHECKING:
    from textual.command import Provider

    from mediaindex_tui.library_screen import LibraryScreen

STATUS_SECONDS = 5.0
TRUE_COLOUR = Terminal({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "utf-8")


@dataclass(frozen=True, slots=True)
class Setup:
    """What the interface is started with.

    Attributes:
        library: its folder. terminal: what is known of it.
        images: how the user wishes pictures to be drawn, None for the way chosen last.
        is_ascii: whether the terminal has no more.
        player: command of the user's settings. keys: of `[ui.keys]`. memory: file of what is remembered.
        is_far: whether the terminal is at the end of a line, so that little may be sent.
        theme: by name, None for the one chosen last. view: None for one that fits the size.
        encoder: of the settings, for a library that is not there yet.
    """

    library: Path
    terminal: Terminal = TRUE_COLOUR
    images: str | None = None
    is_ascii: bool = False
    player: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    memory: Path | None = None
    is_far: bool = False
    theme: str | None = None
    view: View | None = None
    encoder: str = "builtin"


class Told(Message):
    """The finder told something."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Gone(Message):
    """A film was not there when it was to be played."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class WatchEnded(Message):
    """The indexing that this session started has ended; a reason where it failed."""

    def __init__(self, reason: str | None) -> None:
        super().__init__()
        self.reason = reason


def _actions() -> type[Provider]:
    from mediaindex_tui.palette import Actions

    return Actions


class InterfaceApp(KeysInOrder, inherit_bindings=False):
    """The interface of one session.

    Attributes:
        keys: of the table and the settings. picture_cache: pictures that are here.
        playing: the user's player. memory: what is remembered. standing: of the status line.
        ready: what of the finder can answer.
        lacks_videos: whether nothing is indexed and nobody was asked for a folder yet.
        had_videos: whether there were any in this session. is_away: whether there are none any more.
        process: of an indexing that this session started and that goes on without it.
        turns_plain: whether the user wants numbered lines once the screen has gone.
    """

    CSS_PATH = "ui.tcss"
    TITLE = "mediaindex"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("everywhere")
    COMMANDS = {_actions}  # noqa: RUF012  Textual's own form
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ESCAPE_TO_MINIMIZE = False

    def __init__(self, setup: Setup, link: FinderLink) -> None:
        super().__init__()
        self.setup = setup
        self.link = link
        self.is_ascii = setup.is_ascii
        self.keys = keys.keymap(setup.keys)
        self.kitty = KittyPictures(self._write_to_terminal)
        self.picture_cache = PictureCache(dropped=self.kitty.forget)
        self.playing = Playing(
            setup.player, self.tell, self._gone, copies=" (y copies it)", lend=self._lend_terminal
        )
        self.memory = Memory(setup.memory)
        self.drawing = drawing(setup.images or self.memory.images or "auto", setup.terminal)
        self.standing = Standing()
        self.ready: tuple[str, ...] = ()
        self.lacks_videos = self.had_videos = self.is_away = False
        self._first_start: Screen[None] | None = None
        self.process: int | None = None
        self.turns_plain = False
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        wanted = setup.theme or self.memory.theme or "dark"
        self.theme = wanted if wanted in {theme.name for theme in THEMES} else "dark"
        self.search = SearchScreen()

    def get_default_screen(self) -> Screen[None]:
        """The search, and no other below it."""
        return self.search

    def on_mount(self) -> None:
        """Start the finder, and be told by it."""
        self.set_keymap(self.keys.by_binding)
        self._heed_signals()
        self.app_resume_signal.subscribe(self, lambda _app: self._show_again(), immediate=True)
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        """Leave no picture in the terminal."""
        self.kitty.forget_all()

    def send(self, request: Request) -> None:
        """Ask the finder."""
        self.link.send(request)

    def tell(self, reply: Reply) -> None:
        """Take what the finder, or the player, told; from any thread."""
        self.post_message(Told(reply))

    def on_told(self, told: Told) -> None:
        """Show what was told, where it belongs; nothing more where the end has begun."""
        if not self.screen_stack or not self.search.is_whole:
            return
        if isinstance(told.reply, Notice):
            if told.reply.is_error and not self.ready:
                self.search.not_opened()
            self.say(told.reply.text, is_error=told.reply.is_error)
            self.search.draw_words()  # it may be that the search stopped
            return
        if isinstance(told.reply, Noted):
            if isinstance(told.reply.note, Mark) and not told.reply.is_kept:
                self.search.mark_lost(told.reply.note)
            return
        self.search.told(told.reply)
        tell = getattr(self.screen, "told", None)
        if self.screen is not self.search and tell is not None:
            tell(told.reply)

    def follow(self, folder: Path) -> str:
        """Index a folder and follow it, by a process that goes on without this one.

        Returns:
            Why it cannot be started; empty where it is.
        """
        from mediaindex_tui.jobs import start_watching

        try:
            self.process = start_watching(folder, self.setup.library, self.watch_ended)
        except OSError as error:
            return f"it cannot be started: {error.strerror or error}"
        return ""

    def watch_ended(self, reason: str | None) -> None:
        """The indexing that this session started has ended, for a reason where it failed; from any thread."""
        self.post_message(WatchEnded(reason))

    def on_watch_ended(self, ended: WatchEnded) -> None:
        """Say that nothing is indexed any more where it failed."""
        self.process = None
        if ended.reason is not None and self.screen_stack:
            self.say(f"indexing stopped: {ended.reason}", is_error=True)

    def on_gone(self, gone: Gone) -> None:
        """Mark the moments of a film that is not there."""
        self.search.moments.set_absence(os.fsencode(gone.path), "not there now")
        self.search.results.renew()

    def say(self, text: str, *, is_error: bool = False) -> None:
        """Say one line at the foot; it goes after a while, an error when the next is said."""
        notice = Notice(text, is_error)
        self.standing.say(notice)
        self._draw_status()
        if not is_error:
            self.set_timer(NOTICE_SECONDS, lambda: self.unsay(notice))

    def copy(self, text: str) -> None:
        """Put a text into the terminal's clipboard."""
        self.copy_to_clipboard(text.encode("utf-8", "replace").decode())
        self.say(f"copied {shown(text)}")

    def show_pictures(self, images: str) -> None:
        """Draw pictures so, or none, from now on and in the next session."""
        self.memory.keep_images(images)
        self.drawing = self.search.results.drawing = self.search.sheet.drawing = drawing(
            images, self.setup.terminal
        )
        if self.drawing.lacks:
            self.say(self.drawing.lacks)
        self.search.preview.clear()
        self.search.lay_out()
        self.search.results.renew()
        self.search.look_soon()

    def heed_videos(self, videos: int) -> None:
        """Heed how many there are: without any at first a folder is asked for; later the library is away."""
        if videos:
            if self.is_away:
                self.say("the library is back")
            if self.screen is self._first_start:
                self.screen.dismiss()
            self.had_videos, self.lacks_videos, self.is_away = True, False, False
        elif not self.had_videos:
            self.lacks_videos = True
        elif not self.is_away:
            self.is_away = True
            is_there = self.setup.library.is_dir()
            where = f"the library at {shown(str(self.setup.library))}"
            self.say(f"no video is left in {where}" if is_there else f"{where} is gone", is_error=True)

    def offer_first_start(self) -> None:
        """Ask for a folder where nothing is indexed, unless something is being indexed."""
        status = self.standing.status
        is_needed = self.lacks_videos and status is not None and not status.is_watching
        if is_needed and self.screen is self.search:
            from mediaindex_tui.first_screen import FirstScreen

            self.lacks_videos = False  # asked once
            self._first_start = FirstScreen()
            self.push_screen(self._first_start)

    def keep_picture(self, picture: Picture) -> bytes:
        """Keep a picture for those who draw it; what they draw it from."""
        cells = picture.cells
        if cells and picture.wanted.style == "kitty":
            cells = self.kitty.send(picture.wanted, cells)
        self.picture_cache.put(picture.wanted, cells)
        return cells

    # Actions

    def action_help(self) -> None:
        """The keys."""
        from mediaindex_tui.help_screen import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.keys))

    def action_command_palette(self) -> None:
        """All commands."""
        from mediaindex_tui.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_library(self) -> None:
        """The library, or back from it."""
        from mediaindex_tui.library_screen import LibraryScreen  # late, as all that no first frame shows

        if isinstance(self.screen, LibraryScreen):
            self.screen.dismiss()
        elif self.screen is self.search:
            self.push_screen(LibraryScreen())

    async def action_add_folder(self) -> None:
        """Ask for a folder, on the screen of the library."""
        screen = await self._on_library()
        if screen is not None:
            screen.add_folder()

    def action_pause(self) -> None:
        """Let the watcher wait, or go on."""
        status = self.standing.status
        if status is None or not status.is_watching:
            self.say("no watcher runs: F2, then a adds a folder and begins")
        else:
            is_paused = status.watcher.startswith("paused")
            self.send(SubmitRequest(("watch", "--resume" if is_paused else "--pause")))

    async def action_backup(self) -> None:
        """Ask for a folder, and copy the library there."""
        screen = await self._on_library()
        if screen is not None:
            screen.ask_path("backup to", "~/", lambda path: self._submit_on("backup", path))

    async def action_import_weights(self) -> None:
        """Ask for the weights of an encoder, and for its name."""
        screen = await self._on_library()
        if screen is not None:
            screen.import_weights()

    def _submit_on(self, command: str, path: Path) -> None:
        self.send(SubmitRequest((command,), (os.fsencode(path),)))

    def action_log(self) -> None:
        """The last lines of the library's log."""
        from mediaindex.background.log_file import FILE, FOLDER
        from mediaindex_tui.log_tail import last_lines
        from mediaindex_tui.text_screen import TextScreen

        lines = last_lines(self.setup.library / FOLDER / FILE)
        self.push_screen(TextScreen("Log, the newest first", lines))

    def action_doctor(self) -> None:
        """Check this machine, and show on a page what comes of it."""
        self._show_command("doctor")

    def action_evaluation(self) -> None:
        """Measure how well the user's captions are found, and show the figures."""
        self._show_command("eval", "library")

    async def action_encoders(self) -> None:
        """The encoders, on the screen of the library."""
        screen = await self._on_library()
        if screen is not None:
            screen.turn_to("encoders")

    def action_plain(self) -> None:
        """Numbered lines in place of the screen, until the user leaves."""
        self.turns_plain = True
        self.exit(0)

    def action_retry_all(self) -> None:
        """Try all files again that could not be read."""
        self.send(SubmitRequest(("retry",)))

    def action_clear_marks(self) -> None:
        """Take the marks of this query off."""
        text = self.search.session.text.strip()
        if text:
            self.send(SubmitRequest(("mark", "clear", f"--query={text}")))
            self.search.moments.clear_marks()
            self.search.results.renew()

    def action_service_install(self) -> None:
        """Keep the watcher running from every login on."""
        self.send(SubmitRequest(("service", "install")))

    def action_check(self) -> None:
        """Check the library."""
        self.send(SubmitRequest(("check",)))

    def action_compact(self) -> None:
        """Compact the library."""
        self.send(SubmitRequest(("compact",)))

    def action_start_search(self) -> None:
        """Start the finder again where it died too often, and ask it what is asked now."""
        if not self.link.has_ended:
            self.say("the search runs")
            return
        self.ready = ()
        self.standing.notice = None
        self.link.start(self.tell)
        self.send(WantStatus())
        self.send(WantPast())
        self.search.ask(self.search.session.again())

    def action_suspend(self) -> None:
        """Back to the shell for a while."""
        self.action_suspend_process()

    def action_leave(self) -> None:
        """Leave; a selection is copied first."""
        selected = getattr(self.focused, "selected_text", "") or self.screen.get_selected_text()
        if selected:
            self.copy(selected)
            self.screen.clear_selection()
            if isinstance(self.focused, Input):
                self.focused.cursor_position = self.focused.cursor_position
            return
        self.exit(0)

    def action_dark(self) -> None:
        """The dark theme."""
        self._turn_to("dark")

    def action_light(self) -> None:
        """The light theme."""
        self._turn_to("light")

    def action_high_contrast(self) -> None:
        """The theme of high contrast."""
        self._turn_to("high-contrast")

    def action_notices(self) -> None:
        """What was said in this session."""
        from mediaindex_tui.text_screen import TextScreen

        said = [shown(notice.text) for notice in reversed(self.standing.said)]
        self.push_screen(TextScreen("Notices", said or ["nothing was said yet"]))

    def action_settings(self) -> None:
        """Where the settings lie."""
        from mediaindex.config import config_path

        self.say(f"settings: {config_path()}; keys in [ui.keys], `mediaindex config show` lists all")

    def action_report(self) -> None:
        """Versions, terminal and sizes; no names of files."""
        from mediaindex_tui.report import report_lines
        from mediaindex_tui.text_screen import TextScreen

        self.push_screen(TextScreen("Report", report_lines(self)))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None of Textual's own: the palette has the table of keys."""
        return ()

    # Helpers

    def _write_to_terminal(self, text: str) -> None:
        """Send text as it is: between two frames, since the driver writes one after the other."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def _show_command(self, *words: str) -> None:
        """Carry a command out, and show what it prints on a page."""
        from mediaindex_tui.text_screen import TextScreen

        command = " ".join(words)
        self.push_screen(TextScreen(command, ["this takes some seconds"], awaits=command))
        self.send(SubmitRequest(words, shows=True))

    async def _on_library(self) -> LibraryScreen | None:
        """The screen of the library, opened from the search; None while another one is open."""
        from mediaindex_tui.library_screen import LibraryScreen

        if self.screen is self.search:
            await self.push_screen(LibraryScreen())
        return self.screen if isinstance(self.screen, LibraryScreen) else None

    def _gone(self, path: Path) -> None:
        self.post_message(Gone(path))

    def _begin(self) -> None:
        """After the first frame."""
        if not self.is_headless:
            gc.freeze()  # what is loaded stays
            gc.enable()
        self.take_keys()
        self.link.start(self.tell)
        self.send(WantStatus())
        self.send(WantPast())
        self.set_interval(STATUS_SECONDS, lambda: self.send(WantStatus()))
        for problem in (*self.keys.problems, *filter(None, [self.drawing.lacks])):
            self.say(problem, is_error=True)

    def _lend_terminal(self, command: Sequence[str]) -> None:
        """Let a program draw in the terminal until it ends; from another thread.

        Raises:
            OSError: it cannot be started. MediaIndexError: this terminal cannot be lent.
        """

        def lend() -> None:
            with self.suspend():
                subprocess.run(command, check=False)

        try:
            self.call_from_thread(lend)
        except SuspendNotSupported as error:
            raise MediaIndexError(
                f"{command[0]} draws in the terminal, which cannot be lent to it"
            ) from error

    def _show_again(self) -> None:
        """The shell had the terminal for a while, which holds no picture any more."""
        self.picture_cache.clear()
        self.search.look_soon()

    def _turn_to(self, theme: str) -> None:
        self.theme = theme
        self.memory.keep_theme(theme)

    def unsay(self, notice: Notice | None = None) -> None:
        """Take back what is said, where it is this notice, or any but an error."""
        said = self.standing.notice
        if said is not None and (said is notice or (notice is None and not said.is_error)):
            self.standing.notice = None
            self._draw_status()

    def _draw_status(self) -> None:
        self.search.draw_status()
        draw = getattr(self.screen, "draw_status", None)
        if self.screen is not self.search and draw is not None:
            draw()

    def _heed_signals(self) -> None:
        """Leave the terminal as it was when someone ends this process."""
        if sys.platform == "win32" or self.is_headless:
            return
        import asyncio

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, 128 + number)

    def _fatal_error(self) -> None:
        """Leave after a fault of ours: one line, and the traceback, in which names stand, in the log."""
        error = self._exception
        where = log_fault(self.setup.library, error)
        line = f"the interface stopped: {type(error).__name__}: {error}; {where}"
        self.panic(Text(shown(line)))

    def _end(self, code: int) -> None:
        self.exit(code, return_code=code)
