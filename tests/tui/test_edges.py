"""What goes wrong around the interface, and what is seen then: each edge has a test, here or elsewhere."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from mediaindex_tui import keys, messages
from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.help_screen import HelpScreen
from mediaindex_tui.keys import ACTIONS
from mediaindex_tui.library_screen import LibraryScreen
from mediaindex_tui.messages import AddCaption, Mark, WantPictures
from mediaindex_tui.palette import Actions, Palette
from tests.support.fake_finder import FakeFinder, moment
from tests.support.paths import CHECKOUT
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

Build = Callable[..., InterfaceApp]

EDGES = {
    "no library": "test_first_screen.py::test_a_folder_is_counted_and_indexed",
    "an empty library, asked later": "test_first_screen.py::test_escape_asks_later",
    "the library goes and comes back": (
        "test_first_screen.py::test_a_library_that_is_away_for_a_while_asks_for_no_folder"
    ),
    "indexing runs, new videos come": "test_search_screen.py::test_new_videos_are_told",
    "indexing runs, a request is asked for and done": (
        "finder/test_commands.py::test_a_command_is_carried_out"
    ),
    "indexing runs, requests wait": (
        "test_library_lines.py::test_requests_that_are_open_are_named_and_those_that_are_done_counted"
    ),
    "somebody else writes": (
        "finder/test_notes.py::test_notes_are_kept_and_searches_answered_while_another_writes"
    ),
    "somebody else writes, it is said": "finder/test_status.py::test_another_writer_is_told",
    "the encoder is missing": "test_search_screen.py::test_a_missing_encoder_says_the_command",
    "the encoder is missing, words answer": (
        "finder/test_desk.py::test_an_encoder_that_is_missing_leaves_the_words_and_a_note"
    ),
    "the encoder has other weights": (
        "finder/test_searching.py::test_an_encoder_that_is_missing_or_another_leaves_a_note"
    ),
    "the encoder is missing, which are here": (
        "test_library_lines.py::test_encoders_that_are_here_are_told_from_those_that_are_not"
    ),
    "the finder died": "test_link.py::test_a_finder_that_is_killed_is_started_again_and_asked_again",
    "the finder died thrice": (
        "test_link.py::test_after_the_third_death_in_a_minute_words_answer_and_after_the_fourth_nobody"
    ),
    "the finder died after it wrote": "finder/test_notes.py::test_a_note_that_is_given_again_is_kept_once",
    "a volume is away": "test_search_screen.py::test_a_moment_that_is_away_says_what_to_do",
    "a volume is away, the rest works": (
        "test_edges.py::test_a_moment_that_is_away_can_be_marked_captioned_and_copied"
    ),
    "a file is gone": "test_search_screen.py::test_a_file_that_is_gone_gets_the_badge",
    "no player": "test_playing.py::test_no_player",
    "the player ends at once": "test_playing.py::test_a_player_that_ends_at_once",
    "no display": "test_playing.py::test_no_display",
    "10 000 letters": "test_search_screen.py::test_a_long_paste_is_cut_and_told",
    "no display, the command is copied": "test_edges.py::test_without_a_display_y_copies_the_command",
    "another language": "finder/test_answers.py::test_a_language_that_the_encoder_does_not_read_is_told",
    "names of all kinds": "test_rows.py::test_any_name_keeps_the_width_and_reaches_no_terminal_raw",
    "names of all kinds, at every size": "test_search_screen.py::test_every_size_keeps_its_layout",
    "the library is swapped": "finder/test_library.py::test_another_library_in_its_place_is_another",
    "the library is swept": "finder/test_desk.py::test_a_library_that_is_swept_meanwhile_goes_on_answering",
    "the space is switched": (
        "finder/test_searching.py::test_a_switch_of_the_space_is_noticed_and_not_waited_for"
    ),
    "a terminal of 30 × 8 and back": "test_search_screen.py::test_a_resize_to_nothing_and_back",
    "another size, the cursor's row": "test_edges.py::test_the_row_of_the_cursor_stays_on_the_screen",
    "a real terminal of 30 × 8 and back": (
        "test_ends.py::test_a_terminal_that_is_made_small_and_large_again_goes_on"
    ),
    "another size, pictures": "test_edges.py::test_pictures_are_asked_anew_once_the_size_rests",
    "TERM=dumb": "test_start.py::test_a_dumb_terminal_gets_plain_lines",
    "no terminal": "test_start.py::test_without_a_terminal_the_remedy_is_named",
    "ssh": "test_start.py::test_over_ssh_fewer_frames_are_drawn",
    "a terminal that answers": "test_pixel_pictures.py::test_nothing_that_the_terminal_answers_is_typed",
    "keys in heaps": "test_key_order.py::test_letters_behind_tab_are_commands",
    "a resting screen": "test_ends.py::test_a_resting_screen_sends_nothing",
}


@pytest.mark.parametrize("edge", EDGES)
def test_every_edge_has_its_test(edge: str) -> None:
    file, _, name = EDGES[edge].partition("::")
    tree = ast.parse((CHECKOUT / "tests" / "tui" / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_moment_that_is_away_can_be_marked_captioned_and_copied(
    interface: Build, finder: FakeFinder
) -> None:
    finder.moments = (moment(1, 3, 41.0, absence="Backup-2 is not plugged in"),)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "sea")
        await pilot.press("escape", "y", "space", "c")
        await until(pilot, lambda: app.search.prompt.is_open)
        await type_in(pilot, "waves")
        await pilot.press("enter")
        await until(pilot, lambda: finder.asked(AddCaption))
        assert app.clipboard == "/videos/archive/sea_2019.mov@41"
        assert any("◌" in row and "●" in row for row in screen_text(app))

    drive(app, body)
    assert [mark.right for mark in finder.asked(Mark)] == [True]
    assert finder.asked(AddCaption)[0].text == "waves"


def test_without_a_display_y_copies_the_command(interface: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("enter")
        await until(pilot, lambda: is_shown(app, "on your own machine (y copies it): mpv --start=4"))
        await pilot.press("escape", "y")
        assert app.clipboard == "mpv --start=4 -- '/videos/Holiday 2024/beach_walk.mp4'"

    drive(app, body, (160, 40))


def test_the_row_of_the_cursor_stays_on_the_screen(interface: Build, finder: FakeFinder) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in range(1, 61))
    app = interface(view="lines")

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        for _ in range(40):
            await pilot.press("down")
        for width, height in ((60, 12), (120, 40), (40, 8), (80, 24)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda: any(row.startswith("▌41 ") for row in screen_text(app)))

    drive(app, body)


def test_pictures_are_asked_anew_once_the_size_rests(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await until(pilot, lambda: finder.asked(WantPictures))
        small = max(one.columns for want in finder.asked(WantPictures) for one in want.pictures)
        finder.requests.clear()
        for width in (90, 100, 110, 120):
            await pilot.resize_terminal(width, 40)
        await until(pilot, lambda: finder.asked(WantPictures))
        await pilot.pause(0.3)
        wanted = [one for want in finder.asked(WantPictures) for one in want.pictures]
        assert max(one.columns for one in wanted) > small
        assert len({one.columns for one in wanted if one.columns > 16}) == 1  # the sizes between were not
        assert any("▌" in row for row in screen_text(app))

    drive(app, body)


INPUTS: dict[str, Callable[[InterfaceApp], object]] = {
    "query": lambda app: app.search.line,
    "caption": lambda app: app.search.prompt.input,
    "help": lambda app: app.screen.query_one(Input),
    "palette": lambda app: app.screen.query_one(Input),
    "folder": lambda app: app.screen.query_one(Input),
}
OPENING = {"caption": ("escape", "c"), "help": ("f1",), "palette": ("ctrl+p",), "folder": ("f2", "a")}


@pytest.mark.parametrize("where", INPUTS)
def test_every_printable_key_is_typed_and_no_alt_is_a_command(
    interface: Build, finder: FakeFinder, where: str
) -> None:
    """Whatever the screens below bind."""
    app = interface()
    finder.is_slow = where == "query"  # its answers are of no matter here

    async def body(pilot: Pilot[int]) -> None:
        if where == "caption":
            await type_in(pilot, "dog")
        await pilot.press(*OPENING.get(where, ()))
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused is INPUTS[where](app))
        line = app.focused
        assert isinstance(line, Input)
        line.value = ""
        asked = len(finder.requests)
        printable = string.ascii_letters + string.digits + string.punctuation
        for start in range(0, len(printable), 16):
            await pilot.press(*printable[start : start + 16])
        await until(pilot, lambda: len(line.value) >= len(printable))
        assert line.value == printable
        for key in ("alt+x", "alt+j", "alt+q"):
            await pilot.press(key)
        await pilot.pause()
        assert app.focused is line
        assert line.value.startswith(printable)
        done = {type(one) for one in finder.requests[asked:]}
        assert not done & {messages.Mark, messages.AddCaption, messages.Opened, messages.SubmitRequest}

    drive(app, body)


def test_no_binding_that_is_active_while_typing_is_printable(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        bound = set(app.active_bindings)
        assert {"enter", "tab", "ctrl+p", "f1"} <= bound
        assert [key for key in bound if keys.is_printable(key)] == []

    drive(app, body)


def listed(app: InterfaceApp) -> set[str]:
    """The names of the actions that the palette lists now."""
    return {action.name for action in Actions(app.screen)._fitting()}


OF_PALETTE = {action.name for action in ACTIONS if action.palette}
OF_APPLICATION = {action.name for action in ACTIONS if action.palette and action.owner == "app"}


@pytest.mark.parametrize("screen", ["search", "library"])
def test_every_action_of_the_palette_is_listed_where_it_works(
    interface: Build, finder: FakeFinder, screen: str
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")  # which has moments, and one of them is marked
        finder.has_ended = True
        if screen == "library":
            await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) == (screen == "library"))
        assert listed(app) >= OF_APPLICATION
        if screen == "search":
            assert listed(app) >= OF_PALETTE
            assert listed(app) | {action.name for action in ACTIONS if action.keys} == {
                action.name for action in ACTIONS
            }

    drive(app, body)


def test_what_has_nothing_to_work_on_is_not_listed(interface: Build, finder: FakeFinder) -> None:
    finder.moments = (moment(1, 1, 0.0),)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        away = {"open", "caption", "copy_path", "export", "export_mpv_edl", "clear_marks", "words_only"}
        assert listed(app).isdisjoint(away | {"start_search"})
        assert {"undo", "saved_searches", "plain", "evaluation", "encoders", "doctor"} <= listed(app)
        await type_in(pilot, "dog")
        assert listed(app) >= away - {"clear_marks"}
        assert "clear_marks" not in listed(app)
        await pilot.press("escape", "space")
        assert "clear_marks" in listed(app)
        assert "start_search" not in listed(app)

    drive(app, body)


NOT_TRIED = {"leave", "plain", "suspend", "start_search"}
"""They end or stop the program, or start a finder."""


@pytest.mark.parametrize("query", ["", "dog"])
def test_every_action_runs_whether_there_is_a_moment_or_not(
    interface: Build, finder: FakeFinder, query: str, tmp_path: Path
) -> None:
    app = interface(player="true {path}")

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, query)
        for action in ACTIONS:
            if action.name in NOT_TRIED or not hasattr(
                app if action.owner == "app" else app.search,
                f"action_{action.call.partition('(')[0] or action.name}",
            ):
                continue
            await app.run_action(action.target, app.search)
            await pilot.pause()
            while app.screen is not app.search:
                if isinstance(app.screen, HelpScreen | Palette):
                    await pilot.press("escape")
                else:
                    app.screen.dismiss()
                await pilot.pause()
            if app.search.prompt.is_open:
                app.search.close_prompt()
            if app.search.session.text != query:
                app.search.line.set_text(query)
                await pilot.pause()
        app.search.line.set_text("end")
        await until(pilot, lambda: app.search.session.text == "end")
        assert is_shown(app, "end")

    drive(app, body)
