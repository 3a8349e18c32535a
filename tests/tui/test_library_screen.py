"""F2: what the finder told of the library, and the commands that are asked for there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mediaindex_tui import jobs
from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.folder_line import FolderLine
from mediaindex_tui.jobs import Ended
from mediaindex_tui.library_screen import LibraryScreen
from mediaindex_tui.messages import LibraryTold, Status, SubmitRequest, WantLibrary
from tests.support.fake_finder import FakeFinder, library_told
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

Build = Callable[..., InterfaceApp]


async def open_library(pilot: Pilot[int]) -> LibraryScreen:
    await pilot.press("f2")
    screen = pilot.app.screen
    assert isinstance(screen, LibraryScreen)
    await until(pilot, lambda: screen.told_library is not None)
    await pilot.pause()
    return screen


def submitted(finder: FakeFinder) -> list[tuple[str, ...]]:
    asked = finder.asked(SubmitRequest)
    return [(*one.words, *map(os.fsdecode, one.rest)) for one in asked]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 12)])
def test_the_library_at_every_size(interface: Build, finder: FakeFinder, size: tuple[int, int]) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        screen = await open_library(pilot)
        seen = []
        for _ in screen.blocks:
            seen.append("\n".join(screen_text(app)))
            await pilot.press("tab")
            await pilot.pause()
        every = "\n".join(seen)
        for told in (
            "held",
            "/videos/cam",
            "no frame could be decoded",
            "builtin",
            "residual off",
            "frames 9.1 GB",
        ):
            assert told in every
        assert "\x1b" not in every

    drive(app, body, size)


def test_long_reasons_leave_room_for_what_stands_below(interface: Build, finder: FakeFinder) -> None:
    reasons = [
        {"generator": f"residual {n}", "on": False, "reason": "no proof of a gain " * 20} for n in range(4)
    ]
    finder.library.status["rerank"] = reasons
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        text = "\n".join(screen_text(app))
        assert "residual 3 off" in text
        assert "frames 9.1 GB" in text
        assert "answers" in text

    drive(app, body, (120, 30))


def test_below_two_columns_every_block_is_whole(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        screen = await open_library(pilot)
        while screen.active != "encoders":
            await pilot.press("tab")
        await pilot.pause()
        assert any("builtin" in row and "answers" in row for row in screen_text(app))

    drive(app, body, (100, 30))


def test_a_watcher_shows_how_far_it_is(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        text = "\n".join(screen_text(app))
        assert "process 4711" in text
        assert "61% searchable" in text
        assert "GX010233.MP4" in text
        assert "queue 452 videos, 0 requests" in text

    drive(app, body, (120, 40))


def test_no_watcher_says_what_begins_one(interface: Build, finder: FakeFinder) -> None:
    finder.library = library_told(watch={"running": False}, writer={"pid": 12, "role": "command"})
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        assert "process 12 writes now" in "\n".join(screen_text(app))

    drive(app, body, (120, 40))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("d",), ("sources", "remove", "/videos")),
        (("down", "y"), ("sources", "confirm", "/videos/cam")),
        (("t",), ("sources", "add", "--thumbnails", "none", "/videos")),
        (("tab", "down", "r"), ("retry", "/videos/cam/0207.MP4")),
        (("tab", "R"), ("retry",)),
        (("tab", "tab", "u"), ("models", "use", "builtin")),
        (("p",), ("watch", "--pause")),
    ],
)
def test_keys_ask_for_commands(
    interface: Build, finder: FakeFinder, keys: tuple[str, ...], words: Any
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    drive(app, body, (120, 40))
    assert submitted(finder) == [words]


@pytest.mark.parametrize("keys", [("y",), ("r",), ("u",), ("tab", "d"), ("tab", "tab", "down", "u")])
def test_keys_that_do_not_fit_ask_for_nothing(
    interface: Build, finder: FakeFinder, keys: tuple[str, ...]
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        assert app.standing.notice is not None

    drive(app, body, (120, 40))
    assert submitted(finder) == []


def test_a_paused_watcher_goes_on(interface: Build, finder: FakeFinder) -> None:
    finder.status = Status(104, 1380.0, watcher="paused", is_watching=True)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press("p")
        finder.tell(Status(104, 1380.0))
        await until(pilot, lambda: app.standing.status and not app.standing.status.is_watching)
        await pilot.press("p")
        await pilot.pause()
        assert "no watcher runs" in "\n".join(screen_text(app))

    drive(app, body)
    assert submitted(finder) == [("watch", "--resume")]


def test_why_a_file_could_not_be_read(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert "reason: no frame could be decoded" in text
        assert "path: /videos/cam/0113.MTS" in text
        await pilot.press("escape")
        assert isinstance(app.screen, LibraryScreen)

    drive(app, body)


def test_a_folder_is_added_to_a_watcher(interface: Build, finder: FakeFinder, tmp_path: Path) -> None:
    (tmp_path / "Films").mkdir()
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        screen = await open_library(pilot)
        await pilot.press("a")
        screen.query_one("#folder").value = f"{tmp_path}/Fi"  # type: ignore[attr-defined]
        await until(pilot, lambda: screen.query_one("#folder").offers)  # type: ignore[attr-defined]
        await pilot.press("end", "tab", "enter")
        await pilot.pause()

    drive(app, body)
    assert submitted(finder) == [("sources", "add", str(tmp_path / "Films"))]


def test_without_a_watcher_one_is_started(
    interface: Build, finder: FakeFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []

    def start(folder: Path, library: Path, ended: Ended) -> int:
        started.append(folder)
        return 99

    monkeypatch.setattr(jobs, "start_watching", start)
    finder.status = Status(104, 1380.0)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        screen = await open_library(pilot)
        await pilot.press("a")
        screen.query_one("#folder").value = ""  # type: ignore[attr-defined]
        await pilot.press("enter")
        await pilot.pause()
        assert "write a folder" in "\n".join(screen_text(app))
        await pilot.press("a")
        screen.query_one("#folder").value = f"{tmp_path}/nothing"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await pilot.pause()
        assert "no such folder" in "\n".join(screen_text(app))
        await pilot.press("a")
        screen.query_one("#folder").value = str(tmp_path)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await pilot.pause()

    drive(app, body)
    assert started == [tmp_path]
    assert app.process == 99


def test_the_way_back(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await open_library(pilot)
        await pilot.press("a", "escape", "shift+tab", "k", "escape")
        await pilot.pause()
        assert app.screen is app.search
        await open_library(pilot)
        await pilot.press("f2")
        await pilot.pause()
        assert app.screen is app.search
        await open_library(pilot)
        await pilot.press("slash")
        await pilot.pause()
        await type_in(pilot, "x")
        assert app.search.session.text == "x"

    drive(app, body)
    assert finder.asked(WantLibrary)


def test_an_empty_telling_shows_blocks_without_entries(interface: Build, finder: FakeFinder) -> None:
    finder.library = LibraryTold({}, {}, [], {})
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press("j", "d", "tab", "enter", "r", "tab", "u")
        await pilot.pause()
        assert "no library here: a adds a folder" in screen_text(app)[0]
        assert "no folder is followed" in "\n".join(screen_text(app))

    drive(app, body, (120, 40))
    assert submitted(finder) == []


def test_a_file_is_tried_again_under_its_own_bytes(interface: Build, finder: FakeFinder) -> None:
    (failure, _other) = finder.library.status["failures"]
    failure |= {"path": r"/caf\xe9\x1b.mts", "path_bytes": b"/caf\xe9\x1b.mts".hex()}
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press("tab", "r")
        await until(pilot, lambda: finder.asked(SubmitRequest))

    drive(app, body, (120, 40))
    assert finder.asked(SubmitRequest) == [SubmitRequest(("retry",), (b"/caf\xe9\x1b.mts",))]


def test_a_folder_whose_files_are_gone_may_wait(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press("n")
        await until(pilot, lambda: is_shown(app, "nothing of this folder is held"))
        await pilot.press("down", "n")
        await until(pilot, lambda: is_shown(app, "the folder waits until its files are back"))

    drive(app, body, (120, 40))
    assert submitted(finder) == []


def test_weights_are_brought_under_a_name(interface: Build, finder: FakeFinder, tmp_path: Path) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        screen = await open_library(pilot)
        line = screen.query_one(FolderLine)
        await pilot.press("i")
        await until(pilot, lambda: is_shown(app, "weights  ~/"))
        line.value = str(tmp_path / "weights.safetensors")
        await pilot.press("enter")
        await until(pilot, lambda: is_shown(app, "its name  weights"))
        assert line.offers == ()
        await pilot.press("end", "2", "enter")
        await until(pilot, lambda: finder.asked(SubmitRequest))
        assert app.focused is None

    drive(app, body)
    assert submitted(finder) == [
        ("models", "import", "--name=weights2", str(tmp_path / "weights.safetensors"))
    ]


def test_the_log_is_shown_the_newest_first(interface: Build, tmp_path: Path) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        await pilot.press("l")
        await until(pilot, lambda: is_shown(app, "nothing was logged yet"))
        await pilot.press("escape")
        logs = app.setup.library / "logs"
        logs.mkdir(parents=True)
        (logs / "mediaindex.log").write_text("first\nlast \x1b[31m\n")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        await pilot.press("l")
        await until(pilot, lambda: is_shown(app, r"last \x1b[31m"))

    drive(app, body)


def test_a_backup_asks_for_its_folder(interface: Build, finder: FakeFinder, tmp_path: Path) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await app.run_action("backup")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and is_shown(app, "backup to  ~/"))
        app.screen.query_one(FolderLine).value = str(tmp_path / "copy")
        await pilot.press("enter")
        await until(pilot, lambda: finder.asked(SubmitRequest))

    drive(app, body)
    assert submitted(finder) == [("backup", str(tmp_path / "copy"))]


def test_nothing_stands_at_the_right_edge(interface: Build, finder: FakeFinder) -> None:
    finder.library.status["rerank"] = [{"generator": "residual", "on": False, "reason": "no proof " * 20}]
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await open_library(pilot)
        rows = screen_text(app)
        assert rows[0].rstrip().endswith("1 214 videos · 412 h")
        assert all(row[-1] == " " for row in rows[2:-2])
        assert any(re.search(r"process 4711, [\d ]+ h, working( |$)", row.rstrip()) for row in rows)

    drive(app, body, (120, 40))


def test_encoders_are_measured_once_theirs_is_the_block(interface: Build, finder: FakeFinder) -> None:
    finder.library.models[0]["hours_for_library"] = 0.4
    finder.library.models[1]["hours_for_library"] = 41.26
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        screen = await open_library(pilot)
        assert not any(want.measures for want in finder.asked(WantLibrary))
        assert "embeds this library" not in "\n".join(screen_text(app))
        await pilot.press("tab", "tab")
        assert screen.active == "encoders"
        assert finder.asked(WantLibrary)[-1].measures
        await until(pilot, lambda: is_shown(app, "embeds this library in 24 min"))
        await pilot.press("down")
        await until(pilot, lambda: is_shown(app, "embeds this library in 41 h"))

    drive(app, body, (120, 40))


def test_the_palette_leads_to_the_encoders(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await app.run_action("encoders")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.screen.told_library)
        assert isinstance(app.screen, LibraryScreen)
        assert app.screen.active == "encoders"

    drive(app, body)
