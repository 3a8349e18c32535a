"""A search on the screen: what is typed goes to the finder, what it answers is shown."""

from __future__ import annotations

import os
import time
from pathlib import Path

from textual import on
from textual.timer import Timer
from textual.widgets import Input

from mediaindex_tui import messages
from mediaindex_tui.contact_sheet import ContactSheet
from mediaindex_tui.heat_strip import HeatStrip
from mediaindex_tui.messages import Answer, Ask, Completions, PastTold, Picture, Ready, Reply, Wanted
from mediaindex_tui.moments import RIGHT, seconds_to_open
from mediaindex_tui.past_list import PastList
from mediaindex_tui.query_line import QueryLine
from mediaindex_tui.result_list import ResultList
from mediaindex_tui.search_parts import SearchParts
from mediaindex_tui.session import Recall

REST_SECONDS = 0.08
REST_SECONDS_FAR = 0.6
ANSWERED_SECONDS_FAR = 0.1
"""An answer waits so long over a slow line, as that of the words is followed by that of the pictures."""
BETWEEN_ANSWERS_FAR = 0.5
"""A list is up to 15 kB, a tenth of a second on a line of 1 Mbit/s, and letters wait behind it."""
RESIZE_SECONDS = 0.15
TOGETHER_SECONDS = 0.04


class SearchView(SearchParts):
    """A search between the user and the finder.

    Attributes:
        recall: which query of before it is.
        was_moved: whether the user pointed at another second than the best of the moment.
        opens_next: whether the answer that is on its way is to be opened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.recall = Recall()
        self.was_moved = False
        self.opens_next = False
        self._here: str | None = None
        self._asked_strip: tuple[int, int] | None = None
        self._rest: Timer | None = None
        self._arrived: list[Wanted] = []
        self._waiting: Answer | None = None
        self._drew_at = 0.0

    # What the finder tells

    def told(self, reply: Reply) -> None:
        """Show a reply of the finder."""
        match reply:
            case Answer():
                self._answer_arrived(reply)
            case Picture():
                self._pictured(reply)
            case messages.Strip():
                self._strip_told(reply)
            case Completions() if reply.number == self.session.number:
                self.line.show_completions(reply.ghost, reply.offers)
                self.draw_words()
            case Ready():
                self._ready(reply)
            case PastTold():
                self.past.told = reply
                self.past.draw()
            case messages.CaptionKept():
                self.session.caption_kept(reply.id)
                self.interface.say("caption kept · u undoes")
                self.forget_strips()
            case messages.MarksTold() if reply.query == self.session.text:
                self.interface.standing.marked = reply.marked
                self.draw_status()
            case messages.Status():
                self._status(reply)

    def not_opened(self) -> None:
        """The library could not be opened: it is no longer said that it is being opened."""
        self.past.has_failed = True
        self.past.draw()
        self.draw_words()

    def _answered(self, answer: Answer) -> None:
        shown_before = self.session.answer
        if not self.session.takes(answer):
            return
        is_new = shown_before is None or shown_before.number != answer.number
        self.moments.show(answer.moments)
        self.results.is_weak = answer.confident is False
        self.line.show_problems(answer.problems)
        self.show_past(shown=False)
        self.results.renew(to_top=is_new and not self.moments.touched)
        self.interface.standing.answer = answer
        self.interface.standing.marked = len(self.moments.marks)
        self.draw_words()
        self.draw_status()
        self.chosen()
        is_final = answer.stage != "words" or "pictures" not in self.interface.ready
        if self.opens_next and answer.number == self.session.number and is_final:
            self.opens_next = False
            self.open_current()

    def _answer_arrived(self, answer: Answer) -> None:
        """Show an answer; over a slow line the newest of several, so that letters do not wait."""
        if not self.interface.setup.is_far:
            self._answered(answer)
            return
        waiting = self._waiting
        if waiting is None or answer.number >= waiting.number:
            self._waiting = answer
        if waiting is None:
            pause = self._drew_at + BETWEEN_ANSWERS_FAR - time.monotonic()
            self.set_timer(max(ANSWERED_SECONDS_FAR, pause), self._draw_waiting)

    def _draw_waiting(self) -> None:
        answer, self._waiting = self._waiting, None
        if answer is not None:
            self._drew_at = time.monotonic()
            self._answered(answer)

    def mark_lost(self, mark: messages.Mark) -> None:
        """Show a moment as it was answered, since its mark was not kept."""
        if mark.query == self.session.text:
            self.moments.set_mark(mark.moment.key, RIGHT[mark.moment.mark])
            self.results.refresh()

    def _pictured(self, picture: Picture) -> None:
        self.preview.take(picture.wanted, self.interface.keep_picture(picture))
        if not self._arrived:
            self.set_timer(TOGETHER_SECONDS, self._draw_arrived)
        self._arrived.append(picture.wanted)

    def _draw_arrived(self) -> None:
        """Draw pictures that came shortly after each other at once: a row is sent from its left edge on."""
        arrived, self._arrived = self._arrived, []
        listed = set(self.results.wanted_pictures())
        for wanted in arrived:
            if wanted in listed:
                self.results.refresh_picture(wanted)
            self.sheet.refresh_picture(wanted)

    def _strip_told(self, strip: messages.Strip) -> None:
        self.strips[strip.number, strip.video_id] = strip
        while len(self.strips) > 64:
            del self.strips[next(iter(self.strips))]
        moment = self.moments.current
        if moment is not None and moment.video_id == strip.video_id:
            self.draw_moment()
            self.look_soon()

    def _ready(self, ready: Ready) -> None:
        self.interface.ready += (ready.what,)
        if ready.what == "words" or ready.videos:
            self.past.ready = ready
            self.past.draw()
        if ready.note:
            self.interface.say(ready.note, is_error=ready.what == "pictures" and ready.encoder is None)
        if ready.what == "words":
            self.interface.heed_videos(ready.videos)
            self.interface.offer_first_start()
        self.draw_words()
        if ready.what == "pictures":  # of this library, or of another one
            self.interface.picture_cache.clear()
        if ready.what == "pictures" and not self.session.is_empty:
            self.ask(self.session.again())

    def _status(self, status: messages.Status) -> None:
        before = self.interface.standing.status
        self.interface.standing.status = status
        if before is not None and status.generation > before.generation and status.videos > before.videos:
            grown = status.videos - before.videos
            self.interface.say(f"{grown} new video{'s' if grown > 1 else ''}, r asks again")
        if status.videos:
            self.interface.heed_videos(status.videos)
        self.draw_status()
        self.interface.offer_first_start()

    # What is typed and chosen

    def ask(self, request: Ask | None) -> None:
        """Ask the finder; nothing where the query is empty."""
        if request is not None:
            self.interface.send(request)
            if self.interface.setup.is_far:
                self.show_past(shown=False)  # else both would be drawn at once with the first answer
        elif self.session.is_empty:
            self.interface.send(messages.WantPast())
            self.moments.show(())
            self.interface.standing.answer = None
            self.results.renew()
            self.show_past(shown=True)
            self.chosen()
            self.draw_status()
        self.draw_words()

    @on(Input.Changed, "#query")
    def _edited(self, event: Input.Changed) -> None:
        if event.value == self.session.text:
            return
        self.line.forget_completions()
        self.interface.unsay()
        self.opens_next = False
        self.moments.edited()
        self.ask(self.session.edited(event.value, self.line.caret if self.line.has_focus else None))

    @on(QueryLine.Overflowed)
    def _overflowed(self, event: QueryLine.Overflowed) -> None:
        self.interface.say(f"a query holds 2000 letters: {event.count} were left out")

    @on(ResultList.Chosen)
    def _on_chosen(self) -> None:
        self.interface.unsay()
        self.chosen()
        self.ask_more()

    @on(ResultList.Opened)
    def _on_opened(self) -> None:
        self.open_current()

    @on(ResultList.Scrolled)
    def _on_scrolled(self) -> None:
        self.look_soon()

    @on(PastList.Taken)
    def _on_taken(self) -> None:
        self.take_past()

    @on(ContactSheet.Resized)
    def _on_resized(self) -> None:
        self.draw_moment()
        self.look_soon()

    @on(HeatStrip.Moved)
    @on(ContactSheet.Chosen)
    def _on_moved(self, event: HeatStrip.Moved | ContactSheet.Chosen) -> None:
        self.point_at(event.seconds)

    def ask_more(self) -> None:
        """Ask for a larger page where the cursor comes near the end of this one."""
        more = self.session.more(self.moments.cursor, len(self.moments.moments))
        if more is not None:
            self.interface.send(more)

    def chosen(self) -> None:
        """The cursor may stand on another moment: point at it."""
        moment = self.moments.current
        here = None if moment is None else moment.key
        if here != self._here:
            self._here, self.was_moved = here, False
            self.interface.playing.to_paste = None
            self.at = 0.0 if moment is None else moment.best
        self.draw_moment()
        if not self.interface.setup.is_far:
            self._ask_strip()
        self.look_soon()

    def point_at(self, seconds: float) -> None:
        """Point preview and strip at a second of the video; a player begins there."""
        self.at, self.was_moved = seconds, True
        self.draw_moment()
        self.look_soon()

    def open_current(self) -> None:
        """Show the moment under the cursor in a player."""
        moment = self.moments.current
        if moment is None:
            self.interface.say("no moment to open")
        elif moment.absence:
            self.interface.say(f"{moment.name} cannot be played now: {moment.absence}", is_error=True)
        else:
            seconds = self.at if self.was_moved else seconds_to_open(moment)
            self.interface.send(self.session.opened(moment, seconds))
            self.interface.playing.open(Path(os.fsdecode(moment.path)), seconds)

    def take_past(self) -> None:
        """Ask what stands under the cursor of the list of searches."""
        past = self.past.current
        if past is not None:
            self.past.turn_to("all")
            self.line.set_text(past.text)
            self.line.focus()

    # What is asked when the cursor rests

    def look_soon(self) -> None:
        """Ask for pictures when the cursor has rested."""
        if self._rest is not None:
            self._rest.stop()
        seconds = REST_SECONDS_FAR if self.interface.setup.is_far else REST_SECONDS
        self._rest = self.set_timer(seconds, self._look)

    def _look(self) -> None:
        drawing, moment = self.interface.drawing, self.moments.current
        self._ask_strip()
        if drawing.listed is None or moment is None or not self.is_current:
            return
        self.results.draw_pictures()
        strip = self.strip_of(moment)
        if strip is not None:  # the frames of the video before stay until those of this one are known
            self.sheet.show(moment.video_id, strip.seconds, self.at)
        wanted = []
        if self.shows_side:
            large = self.preview.want(moment.video_id, self.at, drawing)
            if large is not None:
                wanted.append(large)
                if large in self.interface.picture_cache:
                    self.preview.take(large, self.interface.picture_cache.get(large))
            wanted += self.sheet.wanted_pictures()
        wanted += self.results.wanted_pictures()
        lacking = tuple(one for one in dict.fromkeys(wanted) if one not in self.interface.picture_cache)
        if lacking:
            self.interface.send(messages.WantPictures(lacking))

    def forget_strips(self) -> None:
        """A caption came or went: ask the strips of all videos anew."""
        self.strips.clear()
        self._asked_strip = None
        self._ask_strip()

    def _ask_strip(self) -> None:
        moment = self.moments.current
        if moment is None or self.session.answer is None:
            return
        wanted = (self.session.answer.number, moment.video_id)
        if wanted != self._asked_strip and wanted not in self.strips:
            self._asked_strip = wanted
            self.interface.send(messages.WantStrip(*wanted))

    def on_resize(self) -> None:
        """Lay the parts out for this size; what no longer fits goes: preview, strip, status."""
        self.lay_out()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(RESIZE_SECONDS, self._look)
