"""The library: what watches, which folders, what could not be read, which encoders, how much room."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input

from mediaindex_tui import keys
from mediaindex_tui.folder_line import NOTHING_WRITTEN, FolderLine, likely_folder
from mediaindex_tui.keys import shown_key
from mediaindex_tui.library_lines import Block, Entry, blocks_of, headline
from mediaindex_tui.messages import LibraryTold, Reply, Status, SubmitRequest, WantLibrary
from mediaindex_tui.shown_text import shown
from mediaindex_tui.status_line import FooterLine, StatusLine
from mediaindex_tui.text_lines import TextLine, TextLines, fitted, spread, wrapped

if TYPE_CHECKING:
    from mediaindex_tui.app import InterfaceApp

ASK_SECONDS = 3.0
TWO_COLUMNS_FROM = 120
ENTRY_ROWS = 10
"""So many entries of a block are seen at once where others stand below it."""
LEFT = ("watching", "sources", "failures")


class BlockLines(TextLines):
    """One block; its entries scroll with the cursor."""

    def __init__(self, name: str) -> None:
        super().__init__(id=f"block-{name}", classes="block")
        self.block = Block(name)
        self.cursor = 0
        self.is_active = False

    @property
    def entry(self) -> Entry | None:
        """The one under the cursor."""
        entries = self.block.entries
        return entries[self.cursor] if self.cursor < len(entries) else None

    @property
    def value(self) -> Mapping[str, Any]:
        """What that stands for; empty where there is none."""
        return {} if self.entry is None else self.entry.value

    def take(self, block: Block) -> None:
        """Show a block as it is now."""
        self.block = block
        self.cursor = max(0, min(self.cursor, len(block.entries) - 1))
        self.draw()

    def move(self, by: int) -> None:
        """Choose another entry."""
        self.cursor = max(0, min(self.cursor + by, len(self.block.entries) - 1))
        self.draw()

    def on_resize(self) -> None:
        """Another number of lines fits."""
        self.draw()

    def draw(self) -> None:
        """Draw what fits: the title, what is told, the entries around the cursor, the keys."""
        block, glyphs = self.block, self.look.glyphs
        mark = glyphs.cursor if self.is_active else " "
        width = (self.size.width or 99) - 1  # nothing stands at the edge
        lines: list[TextLine] = [[("   ", "text"), *line] for line in block.lines]
        if block.is_terse and not self.is_active:
            told = [fitted(line, width) for line in lines]
        else:
            told = [part for line in lines for part in wrapped(line, width, 5)]
        said = "   ".join(filter(None, [self.entry.told if self.entry else "", block.keys]))
        foot = wrapped([("   ", "text"), (said, "dim")], width, 3) if said and self.is_active else []
        is_auto = self.styles.height is None or self.styles.height.is_auto
        rows = ENTRY_ROWS if is_auto else self.size.height - 1 - len(told) - len(foot)
        room = max(1, rows)
        first = max(0, min(self.cursor - room // 2, len(block.entries) - room))
        chosen = [
            [
                (f" {glyphs.cursor} " if self.is_active and place == self.cursor else "   ", "cursor"),
                *fitted(entry.parts, width - 3),
            ]
            for place, entry in list(enumerate(block.entries))[first : first + room]
        ]
        title: TextLine = [(mark, "cursor"), (block.title, "strong")]
        self.show(spread(title, (block.note, "dim"), width), *told, *chosen, *foot)


class LibraryScreen(Screen[None], inherit_bindings=False):
    """Blocks, of which Tab makes one after the other active."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("library")
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.told_library: LibraryTold | None = None
        self.blocks: dict[str, BlockLines] = {}
        self.active = "sources"
        self._keep: Callable[[str], None] = lambda _text: None

    @property
    def interface(self) -> InterfaceApp:
        """The application, with what the whole session shares."""
        return cast("InterfaceApp", self.app)

    def compose(self) -> ComposeResult:
        """A heading, two columns, a line that asks, the foot."""
        names = ("watching", "sources", "failures", "encoders", "ranking", "disk")
        self.blocks = {name: BlockLines(name) for name in names}
        yield TextLines(id="library-title")
        yield TextLines(id="library-rule")
        with Horizontal(id="library-body"):
            with Vertical(id="library-left"):
                yield from (self.blocks[name] for name in LEFT)
            with Vertical(id="library-right"):
                yield from (self.blocks[name] for name in names if name not in LEFT)
        with Horizontal(id="library-ask"):
            yield TextLines(id="library-ask-label")
            yield FolderLine()
        yield TextLines(id="library-offers")
        yield StatusLine(id="library-status")
        yield FooterLine(id="library-footer")

    def on_mount(self) -> None:
        """Ask, and again while this is shown."""
        self.set_class(self.interface.is_ascii, "-ascii")
        self.query_one("#library-ask").display = False
        self.query_one("#library-title", TextLines).show([(" Library", "strong")])
        self._ask_library()
        self.set_interval(ASK_SECONDS, self._ask_library)
        self.draw()

    def on_resize(self) -> None:
        """Two columns, or one block at a time."""
        self.draw()

    def told(self, reply: Reply) -> None:
        """Show what the finder told."""
        if isinstance(reply, LibraryTold):
            self.told_library = reply
            self.draw()
        elif isinstance(reply, Status):
            self.draw_status()

    def draw(self) -> None:
        """Draw all."""
        width = self.size.width
        self.set_class(width < TWO_COLUMNS_FROM, "-narrow")
        look = self.query_one("#library-title", TextLines).look
        self.set_class(self.active in LEFT, "-left")
        for name, block in self.blocks.items():
            block.is_active = name == self.active
            block.set_class(block.is_active, "-active")
        if self.told_library is not None:
            where, holds = headline(self.told_library)
            title: TextLine = [(" Library  ", "strong"), (where, "dim")]
            self.query_one("#library-title", TextLines).show(spread(title, (holds, "dim"), width - 1))
            for name, told in blocks_of(self.told_library, look.glyphs).items():
                self.blocks[name].take(told)
        self.query_one("#library-rule", TextLines).show(self._rule(width, look.glyphs.rule))
        self.draw_status()
        self.query_one(FooterLine).show_keys("library", self.interface.keys, width)

    def draw_status(self) -> None:
        """Draw how things stand."""
        self.query_one(StatusLine).show_standing(self.interface.standing)

    def turn_to(self, name: str) -> None:
        """Make a block the active one; how fast encoders are is measured once theirs is."""
        self.active = name
        if name == "encoders":
            self._ask_library()
        self.draw()

    # Actions

    def action_next_part(self) -> None:
        """The next block."""
        self._turn(1)

    def action_previous_part(self) -> None:
        """The block before."""
        self._turn(-1)

    def action_back(self) -> None:
        """Close the line that asks, else go back to the search."""
        if self.query_one("#library-ask").display:
            self._close_line()
        else:
            self.dismiss()

    def action_query(self) -> None:
        """Back to the query, its text selected."""
        self.dismiss()
        self.interface.search.action_query()

    def action_next(self) -> None:
        """The next entry."""
        self.blocks[self.active].move(1)

    def action_previous(self) -> None:
        """The entry before."""
        self.blocks[self.active].move(-1)

    def add_folder(self) -> None:
        """Ask for a folder to index and to follow."""
        self.ask_path("folder", likely_folder(), self._follow)

    def ask_path(self, label: str, text: str, keep: Callable[[Path], None]) -> None:
        """Ask for a path; `keep` gets it, if it is kept."""

        def whole(_text: str) -> None:
            path = self.query_one(FolderLine).folder
            if path is None:
                self.interface.say(NOTHING_WRITTEN, is_error=True)
            else:
                keep(path)

        self._ask(label, text, whole, is_path=True)

    def import_weights(self) -> None:
        """Ask for weights, and then how the encoder is called."""

        def named(path: Path) -> None:
            def bring(name: str) -> None:
                words = ("models", "import", f"--name={name}")
                self.interface.send(SubmitRequest(words, (os.fsencode(path),)))

            self._ask("its name", path.stem, bring, is_path=False)

        self.ask_path("weights", "~/", named)

    def _ask(self, label: str, text: str, keep: Callable[[str], None], *, is_path: bool) -> None:
        self._keep = keep
        self.query_one("#library-ask").display = True
        shown_label = self.query_one("#library-ask-label", TextLines)
        shown_label.show([(f"  {label}  ", "accent")])
        shown_label.styles.width = len(label) + 4
        line = self.query_one(FolderLine)
        line.is_path = is_path
        line.value = text
        line.cursor_position = len(text)
        line.focus()

    def action_remove_folder(self) -> None:
        """Follow this folder no longer."""
        self._of_path("sources", "sources", "remove")

    def action_confirm_deleted(self) -> None:
        """The files that are gone were deleted on purpose."""
        if self.blocks["sources"].value.get("held_since"):
            self._of_path("sources", "sources", "confirm")
        else:
            self.interface.say("nothing of this folder is held")

    def action_wait_for_files(self) -> None:
        """Leave a folder held whose files are gone."""
        if self.blocks["sources"].value.get("held_since"):
            self.interface.say("nothing is forgotten: the folder waits until its files are back")
        else:
            self.interface.say("nothing of this folder is held")

    def action_thumbnails(self) -> None:
        """Keep shown frames of this folder as files, or not."""
        how = "library" if self.blocks["sources"].value.get("thumbnails") == "none" else "none"
        self._of_path("sources", "sources", "add", "--thumbnails", how)

    def action_retry(self) -> None:
        """Try this file again."""
        self._of_path("failures", "retry")

    def action_use_encoder(self) -> None:
        """Embed the library with this encoder."""
        model = self.blocks["encoders"].value
        if model.get("present"):
            name = self._entry("encoders", "name")
            if name is not None:
                self.interface.send(SubmitRequest(("models", "use", name)))
        elif model:
            self.interface.say(f"it is not here: mediaindex models pull {shown(str(model.get('name')))}")

    def action_why(self) -> None:
        """The whole reason of this file."""
        failure = self.blocks["failures"].value
        if self.active == "failures" and failure:
            from mediaindex_tui.text_screen import TextScreen

            facts = ("path", "stage", "state", "attempts", "reason")
            self.app.push_screen(
                TextScreen(
                    "Could not be read", [f"{fact}: {shown(str(failure.get(fact, '')))}" for fact in facts]
                )
            )

    # Helpers

    def _rule(self, width: int, rule: str) -> TextLine:
        """A rule; where one block is shown at a time the titles of all."""
        if width >= TWO_COLUMNS_FROM:
            return [(rule * width, "dim")]
        named = ((block.block.title or name, name) for name, block in self.blocks.items())
        return [(f" {title}", "strong" if name == self.active else "dim") for title, name in named]

    @on(Input.Submitted, "#folder")
    def _written(self, event: Input.Submitted) -> None:
        self._close_line()
        self._keep(event.value.strip())
        self.draw_status()

    def _follow(self, folder: Path) -> None:
        """Index a folder and follow it: by the watcher that runs, else by one that is started."""
        interface = self.interface
        status = interface.standing.status
        if not folder.is_dir():
            interface.say(f"there is no such folder: {shown(str(folder))}", is_error=True)
        elif status is not None and status.is_watching:
            interface.send(SubmitRequest(("sources", "add"), (os.fsencode(folder),)))
        else:
            problem = interface.follow(folder)
            begun = f"indexing {shown(str(folder))}, and following it from now on"
            interface.say(problem or begun, is_error=bool(problem))

    @on(FolderLine.Offered)
    def _offered(self, event: FolderLine.Offered) -> None:
        offers = event.offers if self.query_one("#library-ask").display else ()
        self.query_one("#library-offers", TextLines).show(*([(" " * 10 + offer, "dim")] for offer in offers))

    def _close_line(self) -> None:
        self.query_one("#library-ask").display = False
        self.query_one("#library-offers", TextLines).show()
        self.set_focus(None)

    def _turn(self, by: int) -> None:
        names = list(self.blocks)
        self.turn_to(names[(names.index(self.active) + by) % len(names)])

    def _ask_library(self) -> None:
        self.interface.send(WantLibrary(measures=self.active == "encoders"))

    def _entry(self, block: str, key: str) -> str | None:
        """What the chosen entry of a block says there; None, and it is said, where another is active."""
        value = self.blocks[block].value.get(key)
        if self.active != block or value is None:
            self.interface.say(f"{shown_key('tab')} to {self.blocks[block].block.title} first")
            return None
        return str(value)

    def _of_path(self, block: str, *words: str) -> None:
        """Ask for a command on the path of the chosen entry of a block."""
        path = self._entry(block, "path_bytes")
        if path is not None:
            self.interface.send(SubmitRequest(words, (bytes.fromhex(path),)))
