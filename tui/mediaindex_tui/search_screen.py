"""The screen of a search: what its keys do, each method an entry of the table of keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from textual.widget import Widget

from mediaindex_tui import messages
from mediaindex_tui.export_line import ENDINGS, Export, likely_path
from mediaindex_tui.heat import next_of
from mediaindex_tui.jobs import has_command
from mediaindex_tui.keys import State
from mediaindex_tui.list_layout import VIEWS, View
from mediaindex_tui.messages import MarksTold
from mediaindex_tui.moments import RIGHT, MarkName
from mediaindex_tui.past_list import Which
from mediaindex_tui.search_view import SearchView
from mediaindex_tui.shown_text import shown, span

PLAYER_EXAMPLE = "vlc --start-time={seconds} {path}"


class SearchScreen(SearchView):
    """A search, and what its keys do.

    Attributes:
        described: path and second of which it was asked what may be said.
    """

    described: tuple[bytes, float] | None = None

    # Going about

    def action_open(self) -> None:
        """Open the moment, or take the search, under the cursor."""
        if self.shows_past:
            self.take_past()
        elif self.session.is_settled or self.moments.touched:
            self.open_current()
        else:
            self.opens_next = True  # the answer to what was typed is on its way

    def action_next_part(self) -> None:
        """Query → results → contact sheet → query."""
        self._turn(("typing", "browsing", "sheet"))

    def action_previous_part(self) -> None:
        """The same the other way round."""
        self._turn(("sheet", "browsing", "typing"))

    def action_back(self) -> None:
        """Close what is open, else turn between query and results."""
        if self.prompt.is_open:
            self.close_prompt()
        elif self.past.which != "all":
            self.past.turn_to("all")
            self.show_past(shown=self.session.is_empty)
            self.line.focus()
        elif (self.state == "typing" and self._has_results) or self.state == "sheet":
            self._go_to(self.results)
        else:
            self.line.focus()

    def action_query(self) -> None:
        """The query, its text selected: typing replaces it."""
        self.line.focus()
        self.line.select_text()

    def action_next(self) -> None:
        """The next moment, or the next search of the list; after a query of before the one after it."""
        if self.prompt.is_open:
            self.prompt.offer()
        elif self._is_recalling:
            self.line.set_text(self.recall.later())
        elif self.shows_past:
            self.past.move(1)
        else:
            self.results.move_to(self.moments.cursor + self.results.layout_of_list.columns)

    def action_previous(self) -> None:
        """The moment before; above the first one, while typing, the query of before."""
        if self.prompt.is_open:
            return
        if self.shows_past and self.past.cursor >= 0:
            self.past.move(-1)
        elif self.state == "typing" and (self.shows_past or self.moments.cursor == 0):
            self._earlier_query()
        else:
            self.results.move_to(self.moments.cursor - self.results.layout_of_list.columns)

    def action_page_down(self) -> None:
        """A view further down."""
        self._move(self.results.page)

    def action_page_up(self) -> None:
        """A view further up."""
        self._move(-self.results.page)

    def action_half_down(self) -> None:
        """Half a view down."""
        self._move(max(1, self.results.page // 2))

    def action_half_up(self) -> None:
        """Half a view up."""
        self._move(-max(1, self.results.page // 2))

    def action_next_video(self) -> None:
        """The first moment of the next video."""
        self.results.move_to(self.moments.place_of_video(1))

    def action_previous_video(self) -> None:
        """The first moment of the video before."""
        self.results.move_to(self.moments.place_of_video(-1))

    def action_first(self) -> None:
        """The first moment."""
        self.results.move_to(0)

    def action_last(self) -> None:
        """The last moment that is here."""
        self.results.move_to(len(self.moments.moments) - 1)

    def action_row(self, row: int) -> None:
        """The moment that stands there on the screen."""
        place = self.results.place_on_screen(row)
        if place is not None:
            self.results.move_to(place)

    # Along the video

    def action_next_peak(self) -> None:
        """The next place that answers; in the grid the moment to the right."""
        self._to_peak(1)

    def action_previous_peak(self) -> None:
        """The place before; in the grid the moment to the left."""
        self._to_peak(-1)

    def action_next_frame(self) -> None:
        """One sampled frame on."""
        self._to_frame(1)

    def action_previous_frame(self) -> None:
        """One sampled frame back."""
        self._to_frame(-1)

    def action_sheet_right(self) -> None:
        """The frame to the right."""
        self.sheet.move(1)

    def action_sheet_left(self) -> None:
        """The frame to the left."""
        self.sheet.move(-1)

    def action_sheet_down(self) -> None:
        """The frame below."""
        self.sheet.move(self.sheet.columns)

    def action_sheet_up(self) -> None:
        """The frame above."""
        self.sheet.move(-self.sheet.columns)

    # With the moment

    def action_mark_right(self) -> None:
        """Mark as right, and go on."""
        self._mark("right")

    def action_mark_wrong(self) -> None:
        """Mark as wrong."""
        self._mark("wrong")

    def action_with_marks(self) -> None:
        """Ask again, moved by the marks."""
        self._again(with_marks=True)

    def action_without_marks(self) -> None:
        """Ask without them."""
        self._again(with_marks=False)

    def action_like_this(self) -> None:
        """Ask for moments like this one."""
        moment = self.moments.current
        if moment is None:
            return
        from mediaindex.search.language.syntax import bare_or_quoted

        try:
            path = moment.path.decode()
            if shown(path) != path:
                raise ValueError(path)
            value = bare_or_quoted(f"{path}@{self.at:g}")
        except (UnicodeDecodeError, ValueError):
            self.interface.say("the name of this file cannot stand in a query", is_error=True)
            return
        self.line.set_text(f"like:{value}")

    def action_then(self) -> None:
        """Ask what comes after this."""
        self.line.set_text(self.line.value.rstrip() + " then ")
        self.line.focus()

    def action_caption(self) -> None:
        """Write a caption for this moment."""
        moment = self.moments.current
        if moment is None:
            return

        def keep(text: str) -> None:
            self.interface.send(self.session.captioned(moment, text))
            self.close_prompt()

        strip = self.strip_of(moment)
        offers = tuple(dict.fromkeys(caption.text for caption in (strip.captions if strip else ())))
        self.open_prompt(f"caption {span(moment.start, moment.end)}", keep, offers=offers)
        if has_command("describe"):
            self.described = (moment.path, moment.best)
            self.interface.send(messages.WantDescription(*self.described))

    def action_export(self) -> None:
        """Write the moments that are marked right, else this one, to a file."""
        self.action_export_as(next(iter(ENDINGS)))

    def action_export_as(self, form: str) -> None:
        """The same in a format; Tab turns to the others."""
        chosen = [one for one in self.moments.moments if self.moments.marks.get(one.key) == "right"]
        chosen = chosen or [one for one in (self.moments.current,) if one is not None]
        if not chosen:
            self.interface.say("no moment to export")
            return
        if not has_command("export"):
            self.interface.say("this installation has no `mediaindex export`: update it", is_error=True)
            return
        export = Export(chosen, form)

        def turn(text: str) -> tuple[str, str]:
            nonlocal export
            export, turned = export.turned(text)
            return export.label, turned

        def keep(text: str) -> None:
            self.interface.send(export.request(text))
            self.close_prompt()

        self.open_prompt(export.label, keep, text=likely_path(export.format), turn=turn)

    def action_open_with(self) -> None:
        """Open this moment, and those after it, with the player of a command."""
        playing = self.interface.playing

        def keep(text: str) -> None:
            self.close_prompt()
            if playing.use(text):
                self.open_current()

        self.open_prompt("open with", keep, text=playing.command or PLAYER_EXAMPLE)

    def action_copy_moment(self) -> None:
        """Copy PATH@SECONDS, or the command to paste where there is a display."""
        if (moment := self.moments.current) is not None:
            seconds = self.at if self.was_moved else moment.start
            place = f"{os.fsdecode(moment.path)}@{seconds:g}"
            self.interface.copy(self.interface.playing.to_paste or place)

    def action_copy_path(self) -> None:
        """Copy the path."""
        if (moment := self.moments.current) is not None:
            self.interface.copy(os.fsdecode(moment.path))

    def action_undo(self) -> None:
        """Take the last change back."""
        undo = self.session.undo()
        if undo is None:
            self.interface.say("nothing to undo")
            return
        self.interface.send(undo.request)
        if isinstance(undo.request, messages.Mark):
            self._take_mark_back(undo.request)
        elif isinstance(undo.request, messages.RemoveCaption):
            self.forget_strips()
        self.interface.say(f"undone: {undo.label}")

    # The search and its view

    def action_view(self) -> None:
        """Lines → cards → grid."""
        self._view(VIEWS[(VIEWS.index(self.results.view) + 1) % len(VIEWS)])

    def action_lines(self) -> None:
        """A line for each moment."""
        self._view("lines")

    def action_cards(self) -> None:
        """A card for each moment."""
        self._view("cards")

    def action_grid(self) -> None:
        """A grid of pictures."""
        self._view("grid")

    def action_zoom(self) -> None:
        """Large preview, and back."""
        self.zoomed = not self.zoomed
        self.lay_out()
        self.look_soon()

    def action_order(self) -> None:
        """Reranked order, or the order before."""
        self.session.instant = not self.session.instant
        self.ask(self.session.again())

    def action_ask_again(self) -> None:
        """Ask again."""
        self.ask(self.session.again())

    def action_words_only(self) -> None:
        """Ask the words alone."""
        self._by("words")

    def action_pictures_only(self) -> None:
        """Ask the pictures alone."""
        self._by("pictures")

    def action_save_search(self) -> None:
        """Save this search, or forget it where it is saved."""
        text = self.session.text.strip()
        if not text:
            return
        is_saved = any(past.text == text for past in self.past.told.saved)
        self.interface.send(self.session.saved(text, saved=not is_saved))
        self.interface.send(messages.WantPast())
        self.interface.say("search forgotten · u undoes" if is_saved else "search saved · u undoes")

    def action_saved_searches(self) -> None:
        """The saved searches."""
        self._show_past("saved")

    def action_history(self) -> None:
        """The searches of before."""
        self._show_past("recent")

    def action_pictures(self, images: str) -> None:
        """Pictures so, or none."""
        self.interface.show_pictures(images)

    # Helpers

    def told(self, reply: messages.Reply) -> None:
        """Offer what may be said of the moment whose caption is being written, or show another reply."""
        if not isinstance(reply, messages.Described):
            super().told(reply)
        elif self.prompt.is_open and (reply.path, reply.seconds) == self.described:
            self.prompt.offer_too(reply.texts)
            self.draw_keys()

    def open_prompt(self, label: str, keep: Callable[[str], None], **options: Any) -> None:
        """Ask in place of the second line, with the options of the line that asks."""
        self.query_one("#second").display = False
        self.described = None
        self.prompt.open(label, keep, **options)
        self.draw_keys()

    def close_prompt(self) -> None:
        """Ask no more; the focus goes back to the results."""
        self.prompt.close()
        self.query_one("#second").display = True
        self.results.focus()

    def _turn(self, order: tuple[State, ...]) -> None:
        parts: dict[State, Widget] = {"typing": self.line, "browsing": self.results, "sheet": self.sheet}
        there = order[(order.index(self.state) + 1) % len(order)]
        while not self._is_open(parts[there]):
            there = order[(order.index(there) + 1) % len(order)]
        self._go_to(parts[there])

    def _go_to(self, part: Widget) -> None:
        if part is self.results:
            self.show_past(shown=False)  # it may be that the first answer is on its way
        part.focus()

    def _is_open(self, part: Widget) -> bool:
        """Whether a part can be gone to now."""
        return self._has_results if part is self.results else part is self.line or part.is_on_screen

    @property
    def _has_results(self) -> bool:
        """Whether there are results, or will be as soon as the query is answered."""
        is_asked = not self.session.is_empty and self.past.which == "all"
        return is_asked or not self.shows_past

    def _move(self, by: int) -> None:
        if self.shows_past:
            self.past.move(by)
        else:
            self.results.move_to(self.moments.cursor + by)

    def _earlier_query(self) -> None:
        """Put the query of before in place of this one; from the newest back."""
        text = self.recall.earlier(self.line.value, [past.text for past in self.past.told.recent])
        if text is not None:
            self.line.set_text(text)
            self.moments.touched = False

    @property
    def _is_recalling(self) -> bool:
        """Whether ↓ goes back towards what was typed: the cursor has not been moved since ↑."""
        is_at_rest = self.past.cursor < 0 if self.shows_past else not self.moments.touched
        return self.state == "typing" and is_at_rest and self.recall.recalls(self.line.value)

    def _to_peak(self, step: int) -> None:
        if self.results.view == "grid":
            self.results.move_to(self.moments.cursor + step)
        else:
            self._to_next(lambda strip: strip.peaks, step)

    def _to_frame(self, step: int) -> None:
        self._to_next(lambda strip: strip.seconds, step)

    def _to_next(self, seconds_of: Callable[[messages.Strip], Sequence[float]], step: int) -> None:
        """Point at the next of some times of the video, where there is a further one."""
        moment = self.moments.current
        strip = None if moment is None else self.strip_of(moment)
        there = None if strip is None else next_of(seconds_of(strip), self.at, step)
        if there is not None:
            self.point_at(there)

    def _mark(self, name: MarkName) -> None:
        moment = self.moments.current
        if moment is None or self.session.is_empty:
            return
        before = RIGHT[self.moments.marks.get(moment.key)]
        right = self.moments.mark(moment, name)
        self.interface.send(self.session.marked(moment, before, right))
        self.results.refresh_words(self.moments.cursor)
        self._count_marks()
        if right:
            self.results.move_to(self.moments.cursor + 1)

    def _take_mark_back(self, mark: messages.Mark) -> None:
        """Show a mark as it was before, where its query is still the one that is asked."""
        if mark.query == self.session.text:
            self.moments.set_mark(mark.moment.key, mark.right)
            self.results.refresh()
            self._count_marks()

    def _count_marks(self) -> None:
        count = len(self.moments.marks)
        self.told(MarksTold(self.session.text, count, count))

    def _again(self, *, with_marks: bool) -> None:
        if with_marks and not self.moments.marks:
            self.interface.say("nothing is marked: Space marks right, x wrong")
            return
        self.session.with_marks = with_marks
        self.ask(self.session.again())

    def _by(self, channel: str) -> None:
        words = [word for word in self.line.value.split(" ") if not word.startswith("by:")]
        self.line.set_text(" ".join([*words, f"by:{channel}"]))

    def _view(self, view: View) -> None:
        self.interface.memory.keep_view(self.size, view)
        self.results.view = view
        self.show_past(shown=self.shows_past)
        self.look_soon()

    def _show_past(self, which: Which) -> None:
        self.interface.send(messages.WantPast())
        self.show_past(shown=True)
        self.past.turn_to(which)
        self.line.focus()
