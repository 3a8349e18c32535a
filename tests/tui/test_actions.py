"""Marks, captions, examples, copies, undo, saved searches: each is a request that the finder gets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mediaindex_tui import messages, search_screen
from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.jobs import has_command
from mediaindex_tui.messages import (
    AddCaption,
    Ask,
    Caption,
    Mark,
    PastTold,
    RemoveCaption,
    SaveSearch,
    Strip,
    WantStrip,
)
from tests.support import fake_finder
from tests.support.fake_finder import FakeFinder, moment, past
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

Build = Callable[..., InterfaceApp]


async def browse(pilot: Pilot[int]) -> None:
    await type_in(pilot, "dog")
    await pilot.press("escape")
    await pilot.pause()


def test_space_marks_and_goes_on(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("space", "x", "x")
        await pilot.pause()
        rows = screen_text(app)
        assert rows[3].startswith("  1 ● 0:04")
        assert rows[4].startswith("▌ 2   0:15")  # marked wrong, and then not
        assert "● 2 marked" in rows[22]

    drive(app, body)
    marks = finder.asked(Mark)
    assert [(mark.query, mark.moment.key, mark.right) for mark in marks] == [
        ("dog", "1:4", True),
        ("dog", "1:15", False),
        ("dog", "1:15", None),
    ]


def test_marks_move_the_query_until_minus(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("plus")
        await pilot.pause()
        assert "moved by your marks" in screen_text(app)[1]
        await pilot.press("minus")
        await pilot.pause()
        assert "moved" not in screen_text(app)[1]

    drive(app, body)
    assert [ask.with_marks for ask in finder.asked(Ask)[-2:]] == [True, False]


def test_plus_without_marks_says_how_to_mark(interface: Build, finder: FakeFinder) -> None:
    finder.moments = (moment(1, 1, 0.0),)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("plus")
        await pilot.pause()
        assert "Space marks right" in screen_text(app)[22]

    drive(app, body)


def test_a_caption_is_written_in_place_of_the_second_line(
    interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def captioned(wanted: WantStrip) -> Strip:
        return Strip(wanted.number, wanted.video_id, 21.0, captions=(Caption(3, 0.0, 4.0, "beach walk"),))

    monkeypatch.setattr(fake_finder, "strip", captioned)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await until(pilot, lambda: app.search.strips)
        await pilot.press("c")
        await pilot.pause()
        assert screen_text(app)[1].startswith("  caption 0:04–0:08")
        assert "↓ beach walk" in screen_text(app)[1]
        await pilot.press("down", "space", *"x?", "enter")
        await until(pilot, lambda: app.search.session.undos)
        assert app.search.state == "browsing"
        await pilot.press("c", *"mmm", "escape")
        assert app.search.state == "browsing"
        await pilot.press("u")

    drive(app, body)
    assert [(added.start, added.end, added.text) for added in finder.asked(AddCaption)] == [
        (4.0, 8.0, "beach walk x?")
    ]
    assert finder.asked(RemoveCaption) == [RemoveCaption(7)]


def test_moments_like_this(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("m")
        await pilot.pause()
        assert finder.asked(Ask)[-1].text == 'like:"/videos/Holiday 2024/beach_walk.mp4@6"'

    drive(app, body)


def test_a_name_that_is_no_text_cannot_stand_in_a_query(interface: Build, finder: FakeFinder) -> None:
    finder.moments = (moment(1, 1, 0.0, path=b"/videos/caf\xe9.mp4"),)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("m")
        await pilot.pause()
        assert "cannot stand in a query" in screen_text(app)[22]
        await pilot.press("y", "Y")
        await pilot.pause()

    drive(app, body)
    assert finder.asked(Ask)[-1].text == "dog"


@pytest.mark.parametrize("part", ["\x1b[31mred\x1b]0;pwned\x07", "\u202egnp", "\u200f", "\x9b31m"])
def test_a_name_that_could_steer_the_terminal_cannot_either(
    interface: Build, finder: FakeFinder, part: str
) -> None:
    finder.moments = (moment(1, 1, 0.0, path=f"/videos/a{part}.mp4".encode()),)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("m")
        await pilot.pause()
        assert "cannot stand in a query" in screen_text(app)[22]
        assert app.search.line.value == "dog"

    drive(app, body)


def test_then_goes_on_in_the_query(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("greater_than_sign")
        await type_in(pilot, "sea")
        assert app.search.session.text == "dog then sea"
        assert app.search.state == "typing"

    drive(app, body)


def test_copies_go_to_the_clipboard(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("y")
        assert app.clipboard == "/videos/Holiday 2024/beach_walk.mp4@4"
        await pilot.press("Y")
        assert app.clipboard == "/videos/Holiday 2024/beach_walk.mp4"
        app.playing.to_paste = "mpv --start=4 -- film.mp4"
        await pilot.press("y")
        assert app.clipboard == "mpv --start=4 -- film.mp4"
        await pilot.press("j", "y")
        assert app.clipboard.endswith("@15")

    drive(app, body)


def test_undo_takes_back_the_last_change(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("space", "s", "u", "u", "u")
        await pilot.pause()
        assert app.search.moments.marks == {"1:0": "right"}
        assert "nothing to undo" in screen_text(app)[22]

    drive(app, body)
    assert finder.asked(SaveSearch) == [SaveSearch("dog"), SaveSearch("dog", False)]
    assert [mark.right for mark in finder.asked(Mark)] == [True, None]


def test_undo_after_another_query_marks_nothing_of_this_one(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("g", "x", "x", "slash")
        await type_in(pilot, "sea")
        await pilot.press("escape", "u")  # wrong again, for "dog"
        await pilot.pause()
        assert app.search.moments.marks == {"1:0": "right"}
        assert 'mark taken off for "dog"' in screen_text(app)[22]

    drive(app, body)
    assert [(mark.query, mark.right) for mark in finder.asked(Mark)][-1] == ("dog", False)


def test_a_caption_that_is_undone_leaves_the_facts(
    interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def captioned(wanted: WantStrip) -> Strip:
        changes = [one for one in finder.requests if isinstance(one, AddCaption | RemoveCaption)]
        is_kept = bool(changes) and isinstance(changes[-1], AddCaption)
        kept = (Caption(7, 4.0, 8.0, "on the beach"),) if is_kept else ()
        return Strip(wanted.number, wanted.video_id, 21.0, captions=kept)

    monkeypatch.setattr(fake_finder, "strip", captioned)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("c", *"beach", "enter")
        await until(pilot, lambda: "on the beach" in app.search.facts.text)
        await pilot.press("u")
        await until(pilot, lambda: "on the beach" not in app.search.facts.text)

    drive(app, body, (120, 40))


def test_a_mark_outlives_an_answer_that_was_asked_before(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        finder.is_slow = True
        await type_in(pilot, "dog")
        ask = finder.asked(Ask)[-1]
        finder.answer(ask, "words")
        await until(pilot, lambda: app.search.moments.moments)
        await pilot.press("escape", "space")
        finder.answer(ask, "full")
        await until(pilot, lambda: app.search.session.answer and app.search.session.answer.stage == "full")
        assert app.search.moments.marks["1:4"] == "right"

    drive(app, body)


def test_a_saved_search_is_forgotten_by_the_same_key(interface: Build, finder: FakeFinder) -> None:
    finder.past = PastTold(saved=(past("dog"), past("sea")))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("s", "S")
        await pilot.pause()
        rows = screen_text(app)
        assert "saved searches" in rows[2]
        assert rows[3].startswith("▌saved   dog")
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.search.session.text == "sea"
        await pilot.press("escape", "S", "escape")
        await pilot.pause()
        assert not app.search.shows_past

    drive(app, body)
    assert finder.asked(SaveSearch) == [SaveSearch("dog", False)]


def test_the_order_before_reranking(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("t")
        await pilot.press("t")

    drive(app, body)
    assert [ask.instant for ask in finder.asked(Ask)[-2:]] == [True, False]


@pytest.mark.parametrize(
    ("action", "text"), [("words_only", "dog by:words"), ("pictures_only", "dog by:pictures")]
)
def test_one_channel_alone(interface: Build, finder: FakeFinder, action: str, text: str) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await app.search.run_action(action)
        await app.search.run_action(action)
        await pilot.pause()
        assert finder.asked(Ask)[-1].text == text

    drive(app, body)


def test_leaving_copies_a_selection_first(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        app.search.line.select_text()
        await pilot.press("ctrl+c")
        assert app.clipboard == "dog"
        assert app.is_running
        await pilot.press("ctrl+c")

    drive(app, body)
    assert app.return_value == 0


def test_a_moment_is_opened_with_another_player_and_the_next_one_too(
    interface: Build, finder: FakeFinder, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    finder.moments = (moment(1, 1, 4.0, path=os.fsencode(film)),)
    app = interface(player="false {path}")

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        app.search.action_open_with()
        await until(pilot, lambda: is_shown(app, "open with"))
        assert app.search.prompt.input.value == "false {path}"
        app.search.prompt.input.value = "no-such-player {path}"
        await pilot.press("enter")
        await until(pilot, lambda: is_shown(app, "which is not installed"))
        app.search.action_open_with()
        await until(pilot, lambda: app.search.prompt.is_open)
        app.search.prompt.input.value = "true {path} {seconds}"
        await pilot.press("enter")
        await until(pilot, lambda: is_shown(app, "film.mp4 plays from"))
        await pilot.press("enter")
        await until(pilot, lambda: len(finder.asked(messages.Opened)) == 2)

    drive(app, body, (160, 24))


def test_what_a_command_printed_is_a_page(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await app.run_action("doctor")
        await until(pilot, lambda: is_shown(app, "this takes some seconds"))
        finder.tell(messages.CommandTold("another", ("another command",)))
        finder.tell(messages.CommandTold("doctor", ("ok   python", "FAIL \x1b disk")))
        await until(pilot, lambda: is_shown(app, "FAIL \\x1b disk"))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.search)
        finder.tell(messages.CommandTold("doctor", ("too late",)))  # no page opens by itself
        await pilot.pause()
        assert app.screen is app.search

    drive(app, body)
    assert finder.asked(messages.SubmitRequest) == [messages.SubmitRequest(("doctor",), shows=True)]


def test_a_caption_is_offered_what_may_be_said(
    interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_screen, "has_command", lambda name: name == "describe")
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("c")
        await until(pilot, lambda: finder.asked(messages.WantDescription))
        asked = finder.asked(messages.WantDescription)[0]
        finder.tell(messages.Described(b"/another.mp4", asked.seconds, ("another moment",)))
        finder.tell(messages.Described(asked.path, asked.seconds, ("a dog runs", "into the sea")))
        await until(pilot, lambda: is_shown(app, "↓ a dog runs"))
        await pilot.press("down", "down")
        assert app.search.prompt.input.value == "into the sea"
        await pilot.press("enter")
        await until(pilot, lambda: finder.asked(AddCaption))
        finder.tell(messages.Described(asked.path, asked.seconds, ("too late",)))
        await pilot.pause()
        assert not app.search.prompt.is_open

    drive(app, body)
    assert finder.asked(AddCaption)[0].text == "into the sea"


def test_an_installation_that_describes_nothing_is_not_asked(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await browse(pilot)
        await pilot.press("c")
        await until(pilot, lambda: app.search.prompt.is_open)

    drive(app, body)
    assert bool(finder.asked(messages.WantDescription)) == has_command("describe")


def test_an_evaluation_is_a_page_too(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await app.run_action("evaluation")
        await until(pilot, lambda: is_shown(app, "this takes some seconds"))
        finder.tell(messages.CommandTold("eval library", ("R@1 40.0",)))
        await until(pilot, lambda: is_shown(app, "R@1 40.0"))

    drive(app, body)
    asked = messages.SubmitRequest(("eval", "library"), shows=True)
    assert finder.asked(messages.SubmitRequest) == [asked]


def test_how_pictures_are_drawn_is_remembered_unless_it_is_set(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await app.run_action("screen.pictures('half')", app.search)
        assert app.drawing.listed == "half"

    drive(app, body)
    assert interface().drawing.listed == "half"
    assert interface(images="quadrant").drawing.listed == "quadrant"
