"""The parts of the search on the screen, and how they are drawn and laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget

from mediaindex_tui import messages
from mediaindex_tui.contact_sheet import ContactSheet
from mediaindex_tui.heat_strip import HeatStrip
from mediaindex_tui.keys import State
from mediaindex_tui.list_layout import View
from mediaindex_tui.messages import Moment
from mediaindex_tui.moment_facts import facts_of
from mediaindex_tui.moments import MomentList
from mediaindex_tui.past_list import PastList
from mediaindex_tui.preview import Preview
from mediaindex_tui.prompt_line import PromptLine
from mediaindex_tui.query_line import QueryLine
from mediaindex_tui.result_list import ResultList
from mediaindex_tui.second_line import second_line, state_text
from mediaindex_tui.session import Session
from mediaindex_tui.sizes import SMALLEST, fitting_view, is_roomy, lacking, list_rows, side_of
from mediaindex_tui.status_line import FooterLine, StatusLine
from mediaindex_tui.text_lines import Part, TextLines, keys_line

if TYPE_CHECKING:
    from mediaindex_tui.app import InterfaceApp

STOPPED = "what stands here is of before: ^P, start the search again"


class SearchParts(Screen[None], inherit_bindings=False):
    """Query, results, preview, strip, status.

    Attributes:
        session: what is asked. moments: what is shown. at: the second that preview and strip point at.
        zoomed: whether the preview is large.
        strips: what the finder told of videos, by question and video.
    """

    AUTO_FOCUS = "#query"

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.moments = MomentList()
        self.at = 0.0
        self.zoomed = False
        self.strips: dict[tuple[int, int], messages.Strip] = {}
        self._focused_before: Widget | None = None

    @property
    def state(self) -> State:
        """Where the focus is."""
        if isinstance(self.focused, ContactSheet):
            return "sheet"
        return "browsing" if isinstance(self.focused, ResultList) else "typing"

    @property
    def is_whole(self) -> bool:
        """Whether all parts are there; while the program ends, they go one after the other."""
        return self.is_attached and all(self.query(part) for part in ("#status", "#footer", "#state"))

    @property
    def interface(self) -> InterfaceApp:
        """The application, with what the whole session shares."""
        return cast("InterfaceApp", self.app)

    def compose(self) -> ComposeResult:
        """The parts, from the top down."""
        with Horizontal(id="query-row"):
            yield TextLines(id="sign")
            yield QueryLine()
            yield TextLines(id="state")
        yield TextLines(id="second")
        yield PromptLine()
        with Horizontal(id="body"):
            yield PastList()
            yield ResultList(self.moments, self.interface.picture_cache.get)
            with Vertical(id="side"):
                yield Preview()
                yield ContactSheet(self.interface.picture_cache.get)
                yield TextLines(id="facts")
        yield HeatStrip()
        yield StatusLine(id="status")
        yield FooterLine(id="footer")
        yield TextLines(id="too-small")

    def on_mount(self) -> None:
        """Name the parts, and show what may be asked."""
        self.line = self.query_one(QueryLine)
        self.results = self.query_one(ResultList)
        self.past = self.query_one(PastList)
        self.preview = self.query_one(Preview)
        self.sheet = self.query_one(ContactSheet)
        self.strip = self.query_one(HeatStrip)
        self.prompt = self.query_one(PromptLine)
        self.facts = self.query_one("#facts", TextLines)
        self.results.drawing = self.sheet.drawing = self.interface.drawing
        self.set_class(self.interface.is_ascii, "-ascii")
        self.show_past(shown=True)
        self.draw_words()

    def show_past(self, *, shown: bool) -> None:
        """Show the list of searches in place of the results."""
        self.set_class(shown, "-past")
        self.set_class(self.results.view == "grid", "-grid")
        if not shown:
            self.past.which = "all"

    @property
    def shows_past(self) -> bool:
        """Whether the list of searches is shown."""
        return self.has_class("-past")

    @property
    def shows_side(self) -> bool:
        """Whether preview and facts are on the screen."""
        return not any(map(self.has_class, ("-past", "-grid", "-no-side", "-too-small")))

    # What is drawn

    def strip_of(self, moment: Moment) -> messages.Strip | None:
        """What the finder told of a video for this question, else for the one before."""
        found = self.strips.get((self.session.number, moment.video_id))
        return found or next(
            (s for (_, video), s in reversed(self.strips.items()) if video == moment.video_id), None
        )

    def draw_moment(self) -> None:
        """Draw strip, facts and sheet for the moment under the cursor."""
        moment = self.moments.current
        strip = None if moment is None else self.strip_of(moment)
        self.strip.show(moment, strip, self.at)
        if moment is None:
            self.preview.clear()
            self.facts.show()
            self.sheet.show(0, (), 0.0)
            return
        if strip is not None and moment.video_id == self.sheet.video_id:
            self.sheet.show(moment.video_id, strip.seconds, self.at)  # those of another one when it rests
        self.facts.show(*facts_of(moment, strip, self.at, self.facts.size.width - 2))

    def draw_words(self) -> None:
        """Draw the query's own row and the second line."""
        stopped = self.interface.link.has_ended
        told = state_text(self.session, self.interface.ready, has_failed=self.past.has_failed)
        state = "search stopped" if stopped else told
        self.query_one("#state", TextLines).show([(state.rjust(23), "dim")])
        notice: Part | None = (STOPPED, "wrong") if stopped else None
        if self.has_class("-no-status"):
            notice = self.interface.standing.notice_part or notice
        self.query_one("#second", TextLines).show(
            [("  ", "text"), notice]
            if notice
            else second_line(self.session, self.line.ghost, self.line.offers)
        )

    def draw_status(self) -> None:
        """Draw how things stand; what was said stands on the second line where there is no other."""
        if self.has_class("-no-status"):
            self.draw_words()
        self.query_one(StatusLine).show_standing(self.interface.standing)

    def draw_keys(self) -> None:
        """Draw the sign before the query and the keys that work where the focus is."""
        glyphs = self.query_one(StatusLine).look.glyphs
        sign = glyphs.typing if self.state == "typing" and not self.prompt.is_open else "/"
        self.query_one("#sign", TextLines).show([(sign, "cursor")])
        if self.prompt.is_open:
            self.query_one(FooterLine).show(keys_line(*self.prompt.keys))
        else:
            self.query_one(FooterLine).show_keys(self.state, self.interface.keys, self.size.width)

    def on_descendant_focus(self) -> None:
        """Show which keys work now."""
        self._focused_before = None
        self.draw_keys()

    # Sizes

    def lay_out(self) -> None:
        """Show the parts that fit, each as large as it may be."""
        width, height = self.size
        lacks = lacking(width, height)
        if lacks["-too-small"] and not self.has_class("-too-small"):
            self._focused_before = self.focused  # nothing of what is left can have it
        for name, is_lacking in lacks.items():
            self.set_class(is_lacking, name)
        self.query_one("#too-small", TextLines).show([("needs {} × {} cells".format(*SMALLEST), "text")])
        self._lay_out_side()
        self.draw_words()
        chosen = self.interface.memory.view(self.size) or self.default_view()
        fitting = fitting_view(chosen, list_rows(width, height))
        self.results.view = "lines" if self.zoomed and fitting == "cards" else fitting
        self.show_past(shown=self.shows_past)
        if self.focused is None and not self.has_class("-too-small"):
            (self._focused_before or self.line).focus()  # what had it was away for a while
        self.draw_moment()
        self.draw_keys()

    def default_view(self) -> View:
        """That of the settings, else lines on a small or far terminal or without pictures, else cards."""
        if self.interface.setup.view is not None:
            return self.interface.setup.view
        if self.interface.setup.is_far:
            return "lines"
        return "cards" if is_roomy(*self.size) and self.interface.drawing.listed is not None else "lines"

    def _lay_out_side(self) -> None:
        interface = self.interface
        side = side_of(
            *self.size,
            is_far=interface.setup.is_far,
            is_zoomed=self.zoomed,
            has_pictures=interface.drawing.listed is not None,
        )
        self.query_one("#side").styles.width = side.width
        self.preview.styles.height = side.preview
        self.facts.styles.height = side.facts
        self.set_class(not side.has_sheet, "-no-sheet")
