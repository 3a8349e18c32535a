"""Typing, browsing, opening: the search screen over a finder that is late, out of order, or has nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from mediaindex_tui import messages
from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.keys import ACTIONS, STATES, binding_id
from mediaindex_tui.messages import (
    Answer,
    Ask,
    Notice,
    PastTold,
    Ready,
    Span,
    Status,
    Wanted,
    WantPictures,
    WantStrip,
)
from mediaindex_tui.playing import Playing
from tests.support.fake_finder import MOMENTS, FakeFinder, moment, past
from tests.support.pilots import drive, is_shown, row_shows, screen_text, type_in, until

Build = Callable[..., InterfaceApp]


class Opened(list[tuple[Path, float]]):
    """What a player was asked to show."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    found = Opened()
    monkeypatch.setattr(Playing, "open", lambda self, path, seconds: found.append((path, seconds)))
    return found


def test_what_is_typed_is_asked_and_shown(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        rows = screen_text(app)
        assert rows[0].startswith("❯ dog")
        assert rows[0].rstrip().endswith("reranked · 34 ms")
        assert rows[2].startswith("╶─ 21 s · 3 ─ Holiday 2024/beach_walk.mp4")
        assert rows[3].startswith("▌ 1   0:04–0:08   likely")
        assert "beach_walk.mp4" in rows[19]
        assert "● 1 marked · 6 moments in 3 videos of 104 · watching: ready" in rows[22]
        assert rows[23].strip().startswith("Enter open")

    drive(app, body)
    asked = finder.asked(Ask)
    assert [ask.text for ask in asked] == ["d", "do", "dog"]
    assert asked[-1].caret == 3
    assert [ask.number for ask in asked] == sorted(ask.number for ask in asked)


LARGE_AND_BETWEEN = ((60, 18), (100, 30), (120, 40), (200, 60))


@pytest.mark.parametrize(
    "size",
    [(40, 8), (80, 24), *(pytest.param(size, marks=pytest.mark.slow) for size in LARGE_AND_BETWEEN)],
)
@pytest.mark.parametrize("view", ["lines", "cards", "grid"])
def test_every_size_keeps_its_layout(
    interface: Build, finder: FakeFinder, size: tuple[int, int], view: str
) -> None:
    hostile = "\x1b]0;x\x07\u202eevil\u200f" + "long " * 60 + "👩‍👩‍👧 日本語.mp4"
    finder.moments = (moment(1, 1, 4.0, name=hostile), *(moment(n, n, 0.0) for n in range(2, 40)))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape")
        app.search._view(view)  # type: ignore[arg-type]
        await pilot.pause(0.2)
        text = "\n".join(screen_text(app))
        assert "\x1b" not in text
        assert "\u202e" not in text
        for _ in range(12):
            await pilot.press("j")
        top = app.search.results.scroll_offset.y
        layout = app.search.results.layout_of_list
        place = layout.top(app.search.moments.cursor)
        assert top <= place < top + app.search.results.size.height

    drive(app, body, size)


def test_answers_that_come_late_are_dropped(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "do")
        first, second = finder.asked(Ask)
        finder.answer(second, "full")
        await until(pilot, lambda: app.search.session.is_settled)
        finder.answer(first, "reranked", moments=(moment(1, 9, 9.0),))
        await pilot.pause()
        assert app.search.moments.current is not None
        assert app.search.moments.current.key == "1:4"

    drive(app, body)


def test_over_a_slow_line_the_newest_of_several_answers_is_drawn(
    interface: Build, finder: FakeFinder
) -> None:
    app = interface(is_far=True)

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "dog")
        first, second, third = finder.asked(Ask)
        for ask in (first, second):
            finder.answer(ask, "words", moments=(moment(1, 9, 9.0),))
        finder.answer(third, "words", "full")
        finder.answer(second, "full", moments=(moment(1, 9, 9.0),))
        assert not app.search.moments.moments, "nothing is drawn at once"
        await until(pilot, lambda: app.search.session.is_settled)
        answer = app.search.session.answer
        assert answer is not None
        assert (answer.number, answer.stage) == (third.number, "full")
        assert len(app.search.moments.moments) == len(MOMENTS)
        await until(pilot, lambda: finder.asked(messages.WantStrip))
        assert {strip.video_id for strip in finder.asked(messages.WantStrip)} == {1}, "nor what went before"

    drive(app, body)


def test_results_never_move_the_cursor_off_its_moment(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "d")
        ask = finder.asked(Ask)[-1]
        finder.answer(ask, "full")
        await until(pilot, lambda: app.search.moments.moments)
        await pilot.press("down", "down", "down")
        finder.answer(ask, "reranked", moments=(moment(1, 9, 9.0), *reversed(MOMENTS)))
        await until(pilot, lambda: len(app.search.moments.moments) == 7)
        assert app.search.moments.current is not None
        assert app.search.moments.current.key == "2:0"

    drive(app, body)


def test_enter_opens_the_moment_at_its_second(interface: Build, finder: FakeFinder, opened: Opened) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("down", "enter")
        assert opened == [(Path("/videos/Holiday 2024/beach_walk.mp4"), 15.0)]
        await until(pilot, lambda: app.search.strips)
        await pilot.press("escape", "left", "o")  # to the peak before
        assert opened[-1][1] == pytest.approx(16.8)

    drive(app, body)
    assert [request.query for request in finder.asked(messages.Opened)] == ["dog", "dog"]


def test_enter_before_the_answer_opens_the_answer(
    interface: Build, finder: FakeFinder, opened: Opened
) -> None:
    """Not what an older question had found."""
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "d")
        finder.is_slow = True
        await type_in(pilot, "o")
        await pilot.press("enter")
        assert opened == []
        finder.answer(finder.asked(Ask)[-1], "full", moments=(moment(1, 8, 3.0),))
        await until(pilot, lambda: opened)
        assert opened[0][0].name == "clip 8.mp4"

    drive(app, body)


def test_a_moment_that_is_away_says_what_to_do(interface: Build, opened: Opened) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "sea")
        await pilot.press("escape", "G", "enter")
        assert opened == []
        assert "Backup-2 is not plugged in" in screen_text(app)[22]

    drive(app, body)


def test_keys_go_about_in_the_results(interface: Build) -> None:
    app = interface()
    moments = app.search.moments

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("tab")
        places = []
        for key in ("j", "k", "J", "J", "K", "G", "g", "3", "up", "pagedown", "pageup", "ctrl+d", "ctrl+u"):
            await pilot.press(key)
            places.append(moments.cursor)
        assert places == [1, 0, 3, 5, 3, 5, 0, 2, 1, 5, 0, 2, 0]
        await pilot.press("slash")
        assert app.search.state == "typing"
        await type_in(pilot, "x")
        assert app.search.session.text == "x"  # it replaced what was selected

    drive(app, body)


def test_tab_and_escape_go_round(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.pause(0.2)
        states = []
        for key in (
            "tab",
            "tab",
            "tab",
            "shift+tab",
            "shift+tab",
            "escape",
            "escape",
            "tab",
            "tab",
            "escape",
        ):
            await pilot.press(key)
            states.append(app.search.state)
        assert states == [
            *(
                "browsing",
                "sheet",
                "typing",
                "sheet",
                "browsing",
                "typing",
                "browsing",
                "sheet",
                "typing",
                "browsing",
            ),
        ]

    drive(app, body, (120, 40))


def test_the_contact_sheet_chooses_a_frame(interface: Build, opened: Opened) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await until(pilot, lambda: app.search.sheet.seconds)
        await pilot.press("tab", "tab", "right", "enter")
        assert opened[0][1] in app.search.sheet.seconds
        assert opened[0][1] == app.search.at
        before = app.search.at
        await pilot.press("j")
        assert app.search.at > before
        await pilot.press("k", "l", "h")

    drive(app, body, (120, 40))


def test_peaks_and_frames_of_the_video(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await until(pilot, lambda: app.search.strips)
        await pilot.press("escape", "l")
        assert app.search.at == pytest.approx(6.3)
        assert "peak 1 of 2" in screen_text(app)[19]
        await pilot.press("l")
        assert app.search.at == pytest.approx(16.8)
        await pilot.press("full_stop")
        assert app.search.at == pytest.approx(17.5)
        await pilot.press("comma", "h")
        assert app.search.at == pytest.approx(6.3)

    drive(app, body)


def test_pictures_are_wanted_when_the_cursor_rests(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")

        def wanted() -> list[Wanted]:
            return [one for request in finder.asked(WantPictures) for one in request.pictures]

        def is_all_here() -> bool:
            cache, sheet = app.picture_cache, app.search.sheet
            return bool(sheet.seconds) and all(one in cache for one in [*wanted(), *sheet.wanted_pictures()])

        await until(pilot, lambda: any((one.columns, one.rows) == (52, 14) for one in wanted()))
        first = next(request for request in finder.asked(WantPictures) if request.pictures).pictures[0]
        assert (first.columns, first.rows) == (52, 14)  # the preview before all
        await until(pilot, lambda: app.search.preview.shown and is_all_here())
        await until(pilot, lambda: any(set(row) & set("▘▝▀▖▌▞▛") for row in screen_text(app)[3:8]))
        await pilot.press("down", "up")
        await pilot.pause(0.3)
        assert len(wanted()) == len(set(wanted()))  # what is here is not asked for again

    drive(app, body, (120, 40))


def test_without_pictures_none_is_wanted(interface: Build, finder: FakeFinder) -> None:
    app = interface(images="off", is_ascii=True)

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.pause(0.2)
        assert finder.asked(WantPictures) == []
        rows = screen_text(app)
        assert "####." in rows[3]
        assert rows[3].startswith("> 1")

    drive(app, body, (120, 40))


def test_a_simple_terminal_gets_nothing_but_ascii(interface: Build, finder: FakeFinder) -> None:
    finder.ghosts = {"dog bea": "ch"}
    finder.moments = (*finder.moments, moment(7, 7, 0.0))
    app = interface(images="off", is_ascii=True)

    def is_plain(told: str) -> bool:
        rows = screen_text(app)
        drawn_by_us = [row[:-1] for row in rows]  # the last column may be Textual's scrollbar
        return told in "\n".join(rows) and all(row.isascii() for row in drawn_by_us)

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog bea")
        await until(pilot, lambda: is_plain('Right takes "ch"') and is_plain("0:04-0:08"))
        await pilot.press("escape", "space", "v")
        await until(pilot, lambda: is_plain("* 2 marked") and is_plain("similarity"))
        await pilot.press("c")
        await until(pilot, lambda: is_plain("caption 0:15-0:19"))
        await pilot.press("escape", "f1")
        await until(pilot, lambda: is_plain("Up Down scroll"))
        await pilot.press("escape", "f2")
        await until(pilot, lambda: is_plain("marked 12 . captions"))

    drive(app, body, (120, 40))


def test_the_strip_of_the_video_is_asked_once(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "d")
        await pilot.press("down", "down", "up")
        await pilot.pause()
        assert [(want.number, want.video_id) for want in finder.asked(WantStrip)] == [(1, 1)]
        await pilot.press("down", "down")
        await pilot.pause()
        assert finder.asked(WantStrip)[-1].video_id == 2

    drive(app, body)


def test_a_problem_stands_below_the_query_and_underlines_it(interface: Build, finder: FakeFinder) -> None:
    app = interface()
    text = "longer:2x is no length: write 90, 90s, 2m, 1h30m or 1:30:00"

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "dog")
        finder.answer(finder.asked(Ask)[-1], "full", problems=(Span(0, 3, text),))
        await until(pilot, lambda: app.search.session.is_settled)
        await pilot.pause()
        assert screen_text(app)[1].strip() == text
        line = app.search.line.render_line(0)
        assert any(segment.style and segment.style.underline and segment.text == "dog" for segment in line)

    drive(app, body)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"confident": False}, "Nothing here looks like that"),
        ({"notes": ("after:2025 leaves no video; without it 104",)}, "after:2025 leaves no video"),
        ({"understood": "dog longer:5s"}, "dog longer:5s"),
        ({"confident": None}, ""),
    ],
)
def test_the_second_line_says_what_was_found_out(
    interface: Build, finder: FakeFinder, fields: dict[str, object], told: str
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "dog")
        finder.answer(finder.asked(Ask)[-1], "full", **fields)
        await until(pilot, lambda: app.search.session.is_settled)
        await pilot.pause()
        assert told in screen_text(app)[1]
        assert bool(screen_text(app)[1].strip()) is bool(told)

    drive(app, body)


def test_no_video_passes_the_filters(interface: Build, finder: FakeFinder) -> None:
    app = interface()
    finder.moments, finder.videos = (), 0

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await until(pilot, lambda: screen_text(app)[0].rstrip().endswith("0 videos"))
        await pilot.press("enter")
        await until(pilot, lambda: "no moment to open" in " ".join(said.text for said in app.standing.said))
        await pilot.press("down", "escape", "j", "space", "m", "c", "G", "l")
        await pilot.pause()
        assert app.search.line.value == "dog"

    drive(app, body)


def test_right_takes_the_completion(interface: Build, finder: FakeFinder) -> None:
    app = interface()
    finder.ghosts = {"dog bea": "ch"}

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog bea")
        await until(pilot, lambda: app.search.line.ghost)
        await pilot.pause()
        rows = screen_text(app)
        assert rows[0].startswith("❯ dog beach")
        assert '→ takes "ch"' in rows[1]
        await pilot.press("right")
        assert app.search.session.text == "dog beach"
        await pilot.press("left", "right")
        assert app.search.session.text == "dog beach"

    drive(app, body)


def test_pictures_become_ready_and_the_query_is_asked_again(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        count = len(finder.asked(Ask))
        finder.tell(Ready("pictures", 104, 1380.0, "builtin"))
        await until(pilot, lambda: len(finder.asked(Ask)) == count + 1)

    drive(app, body)


def test_a_missing_encoder_says_the_command(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.tell(Ready("pictures", note="clip-vit-b-32 is not here: mediaindex models pull clip-vit-b-32"))
        await until(pilot, lambda: app.standing.notice)
        await pilot.pause()
        assert "models pull" in screen_text(app)[22]

    drive(app, body)


def test_new_videos_are_told(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.tell(Status(116, 2000.0, watcher="indexing 3 of 12", is_watching=True, generation=2))
        await until(pilot, lambda: app.standing.notice)
        await pilot.pause()
        assert "12 new videos, r asks again" in screen_text(app)[22]
        await type_in(pilot, "dog")
        await pilot.press("escape", "r")
        await pilot.pause()
        assert [ask.text for ask in finder.asked(Ask)] == ["d", "do", "dog", "dog"]

    drive(app, body)


def test_an_error_stays_until_the_next(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.tell(Notice("the search stopped (code 137: out of memory?), started again", is_error=True))
        await until(pilot, lambda: app.standing.notice)
        await type_in(pilot, "dog")
        assert "out of memory" in screen_text(app)[22]

    drive(app, body)


def test_a_search_that_stopped_for_good_is_said_and_can_be_started(
    interface: Build, finder: FakeFinder
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        finder.has_ended = finder.is_slow = True
        finder.tell(Notice("the search stopped (code 1) and is not started again", is_error=True))
        await until(pilot, lambda: screen_text(app)[0].rstrip().endswith("search stopped"))
        await type_in(pilot, "s")
        assert screen_text(app)[0].rstrip().endswith("search stopped")
        assert "^P, start the search again" in screen_text(app)[1]
        finder.is_slow = False
        await app.run_action("start_search")
        await until(pilot, lambda: screen_text(app)[0].rstrip().endswith("reranked · 34 ms"))
        await app.run_action("start_search")
        await until(pilot, lambda: "the search runs" in screen_text(app)[22])

    drive(app, body)
    assert finder.asked(Ask)[-1].text == "dogs"


def test_more_is_asked_for_near_the_end(interface: Build, finder: FakeFinder) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in range(1, 200))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "d")
        assert len(app.search.moments.moments) == 60
        await pilot.press("escape", "G")
        await until(pilot, lambda: len(app.search.moments.moments) == 199)
        assert app.search.moments.cursor == 59

    drive(app, body)


def test_down_draws_two_rows(interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in range(1, 61))
    app = interface()
    drawn: list[int] = []

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "d")
        await pilot.pause(0.2)
        draw = app.search.results.render_line

        def counted(y: int) -> Strip:
            drawn.append(y)
            return draw(y)

        monkeypatch.setattr(app.search.results, "render_line", counted)
        await pilot.press("down")
        await pilot.pause()
        assert sorted(set(drawn)) == [0, 1]

    drive(app, body)


def test_an_empty_query_shows_what_to_ask(interface: Build, finder: FakeFinder) -> None:
    finder.past = PastTold(
        saved=(past("dancing at night", opened=5, name="party"),),
        recent=(past("dog beach", opened=3), past("man sits down")),
        new=(past("in:~/Videos after:2024-05-01"),),
    )
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        rows = screen_text(app)
        assert "104 videos · 23 min" in rows[2]
        assert "party  dancing at night" in rows[3]
        assert "dog beach" in rows[4]
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert app.search.session.text == "dog beach"
        assert app.search.state == "typing"
        await pilot.press("ctrl+u")
        await pilot.pause()
        assert "dancing at night" in screen_text(app)[3]

    drive(app, body)


def test_up_at_the_top_is_the_history(interface: Build, finder: FakeFinder) -> None:
    finder.past = PastTold(recent=(past("dog beach"), past("man sits down")))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press("up")
        await pilot.pause()
        assert app.search.session.text == "dog beach"
        await pilot.press("up")
        await pilot.pause()
        assert app.search.session.text == "man sits down"
        await pilot.press("up", "ctrl+r", "down", "enter")
        await pilot.pause()
        assert app.search.session.text == "man sits down"
        await pilot.press("ctrl+r", "enter")
        await pilot.pause()
        assert app.search.session.text == "dog beach"

    drive(app, body)


def test_down_brings_back_what_was_typed(interface: Build, finder: FakeFinder) -> None:
    finder.past = PastTold(recent=(past("dog beach"), past("man sits down")))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "cat")
        texts = []
        for key in ("up", "up", "up", "down", "down"):
            await pilot.press(key)
            await pilot.pause()
            texts.append(app.search.session.text)
        assert texts == ["dog beach", "man sits down", "man sits down", "dog beach", "cat"]
        await pilot.press("down")
        assert app.search.moments.cursor == 1
        await pilot.press("up", "up", "s")  # an edited one is a draft of its own
        await pilot.pause()
        assert app.search.session.text == "dog beachs"
        await pilot.press("up", "down")
        await pilot.pause()
        assert app.search.session.text == "dog beachs"

    drive(app, body)


def test_a_long_paste_is_cut_and_told(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        from textual.events import Paste

        app.search.line.post_message(Paste("x\x1b\n" * 3334))
        await until(pilot, lambda: app.standing.notice)
        assert len(app.search.line.value) == 2000
        assert "were left out" in app.standing.notice.text  # type: ignore[union-attr]
        await pilot.press("y")
        assert len(app.search.line.value) == 2000

    drive(app, body)


def test_alt_and_a_letter_writes_nothing(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "do")
        await pilot.press("alt+x")
        await pilot.pause()
        assert app.search.line.value == "do"

    drive(app, body)


def test_a_resize_to_nothing_and_back(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("down", "down")
        await pilot.resize_terminal(30, 8)
        await pilot.pause()
        assert "needs 40 × 8" in "\n".join(screen_text(app))
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.3)
        rows = screen_text(app)
        assert rows[5].startswith("▌ 3")
        assert app.search.state == "typing"
        await type_in(pilot, "s")
        assert app.search.session.text == "dogs"

    drive(app, body)


def test_the_focus_outlives_a_terminal_that_is_too_small(interface: Build) -> None:
    """What was a command is none suddenly a letter."""
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape")
        await pilot.resize_terminal(30, 8)
        await until(pilot, lambda: is_shown(app, "needs 40 × 8"))
        await pilot.press("x")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.focused is not None)
        assert app.search.state == "browsing"
        await pilot.press("j")
        assert app.search.line.value == "dog"
        assert app.search.moments.cursor == 1

    drive(app, body)


def test_a_low_terminal_says_things_on_the_second_line(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        finder.tell(Notice("the search stopped", is_error=True))
        await until(pilot, lambda: row_shows(app, 1, "the search stopped"))
        await pilot.resize_terminal(60, 24)
        await until(pilot, lambda: row_shows(app, -2, "the search stopped"))
        assert not row_shows(app, 1, "the search stopped")

    drive(app, body, (60, 12))


def test_a_grid_that_does_not_fit_is_lines(interface: Build) -> None:
    app = interface(view="grid")

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        assert app.search.results.view == "grid"
        await pilot.resize_terminal(40, 8)
        await until(pilot, lambda: app.search.results.view == "lines")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.search.results.view == "grid")

    drive(app, body)


def test_views_turn_and_are_remembered(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape")
        views = [app.search.results.view]
        for _ in range(3):
            await pilot.press("v")
            views.append(app.search.results.view)
        assert views == ["lines", "cards", "grid", "lines"]
        await pilot.press("v", "v", "down", "l")
        assert app.search.moments.cursor == 4  # one row of three down, one to the right

    drive(app, body)
    again = interface()

    async def look(pilot: Pilot[int]) -> None:
        assert again.search.results.view == "grid"

    drive(again, look)


def test_the_large_preview(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape", "z")
        await pilot.pause(0.2)
        large = app.search.preview.size.width
        await pilot.press("z")
        await pilot.pause(0.2)
        assert large > app.search.preview.size.width

    drive(app, body, (120, 40))


def test_an_empty_answer_late_for_a_query_that_is_gone(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "d")
        await pilot.press("backspace")
        finder.tell(Answer(1, "full", MOMENTS))
        await pilot.pause()
        assert app.search.moments.moments == ()
        assert app.search.shows_past

    drive(app, body)


def test_keys_of_the_settings(interface: Build, finder: FakeFinder) -> None:
    app = interface(keys={"open": "enter,p", "next": "down,n", "like_this": "x"})

    async def body(pilot: Pilot[int]) -> None:
        assert "like_this: x is mark_wrong already" in screen_text(app)[22]
        await type_in(pilot, "dnp")
        assert app.search.session.text == "dnp"  # letters are no commands here
        await pilot.press("down", "escape", "n", "j", "p")
        await pilot.pause()
        assert app.search.moments.cursor == 2

    drive(app, body)
    assert [one.moment.key for one in finder.asked(messages.Opened)] == ["1:0"]


def test_every_binding_comes_from_the_table(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        known = {
            binding_id(state, action.name) for state in STATES for action in ACTIONS if state in action.keys
        }
        own = {key for key, _ in Input._merged_bindings or ()}
        found = set()
        nodes: list[DOMNode] = [app, app.search, app.search.line, app.search.results, app.search.sheet]
        for node in nodes:
            for key, binding in node._bindings:
                if binding.id is None:
                    assert node is app.search.line, key
                    assert key in own
                else:
                    found.add(binding.id)
        await pilot.press("f2")
        await pilot.pause()
        found |= {binding.id for _, binding in app.screen._bindings if binding.id is not None}
        assert found == known

    drive(app, body)


def test_a_file_that_is_gone_gets_the_badge(interface: Build, finder: FakeFinder) -> None:
    app = interface(player="true {path}")

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("enter")
        await until(pilot, lambda: "◌" in screen_text(app)[2])
        assert "is not there now" in screen_text(app)[22]
        await pilot.press("escape", "y", "space")
        assert app.clipboard.endswith("beach_walk.mp4@4")

    drive(app, body)
    assert finder.asked(messages.Mark)


def test_the_wheel_scrolls_and_a_click_chooses(interface: Build, finder: FakeFinder, opened: Opened) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in range(1, 61))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "d")
        await pilot.click("#results", offset=(5, 5))
        await pilot.pause()
        assert app.search.moments.cursor == 5
        await pilot.click("#results", offset=(5, 5), times=2)
        await until(pilot, lambda: opened)
        await pilot.click("#strip", offset=(40, 2))
        await pilot.pause()
        assert app.search.was_moved
        assert 9 < app.search.at < 12

    drive(app, body)


def test_clicks_in_the_grid_the_sheet_and_the_list_of_searches(interface: Build, finder: FakeFinder) -> None:
    finder.past = PastTold(recent=(past("dog beach"), past("man sits down")))
    app = interface(view="grid")

    async def body(pilot: Pilot[int]) -> None:
        await pilot.click("#past", offset=(12, 2))
        await until(pilot, lambda: app.search.session.text == "man sits down")
        await pilot.pause()
        await pilot.click("#results", offset=(30, 3))
        await pilot.pause()
        assert app.search.moments.cursor == 1
        assert app.search.state == "browsing"  # a click goes there
        await pilot.press("v", "v")
        await until(pilot, lambda: app.search.sheet.seconds)
        await pilot.pause(0.2)
        await pilot.click("#sheet", offset=(20, 8))
        await pilot.pause()
        assert app.search.at == app.search.sheet.seconds[4]

    drive(app, body, (120, 40))


def test_a_library_that_cannot_be_opened_is_not_being_opened(
    interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "start", lambda told: setattr(finder, "_told", told))
    app = interface()

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: finder.requests)
            assert "opening the library" in "\n".join(screen_text(app))
            finder.tell(Notice("the library is damaged", is_error=True))
            await until(pilot, lambda: "the library is not open" in "\n".join(screen_text(app)))
            assert "opening" not in "\n".join(screen_text(app))
            finder.tell(Ready("words", 104, 1380.0))
            await until(pilot, lambda: "104 videos" in "\n".join(screen_text(app)))
            assert "not open" not in "\n".join(screen_text(app))

    asyncio.run(run())


def test_pictures_of_the_library_before_are_forgotten(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await until(pilot, lambda: app.picture_cache.bytes)
        asked = len(finder.asked(WantPictures))
        finder.tell(Ready("pictures", 3, 60.0, "builtin"))
        await until(pilot, lambda: len(finder.asked(WantPictures)) > asked)

    drive(app, body)


def test_a_mark_that_was_not_kept_goes(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape", "x")
        await until(pilot, lambda: finder.asked(messages.Mark))
        (mark,) = finder.asked(messages.Mark)
        assert app.search.moments.marks[mark.moment.key] == "wrong"
        finder.tell(messages.Noted(mark, is_kept=False))
        await until(pilot, lambda: mark.moment.key not in app.search.moments.marks)

    drive(app, body)


def test_marks_are_cleared_from_the_palette(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press("minus", *"dog")
        await until(pilot, lambda: app.search.moments.marks)
        await app.run_action("clear_marks")
        assert app.search.moments.marks == {}

    drive(app, body)
    assert finder.asked(messages.SubmitRequest)[-1].words == ("mark", "clear", "--query=-dog")


def test_what_is_told_while_the_parts_go_is_dropped(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await app.search.query_one("#status").remove()
        finder.tell(messages.Status(3, 60.0))
        finder.tell(messages.Notice("late", is_error=True))
        await pilot.pause(0.1)
        assert app.is_running

    drive(app, body)
