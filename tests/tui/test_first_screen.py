"""The first start: a folder, what is counted in it, and the indexing that begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mediaindex_tui import jobs
from mediaindex_tui.app import InterfaceApp, Setup
from mediaindex_tui.first_screen import FirstScreen, estimate_lines
from mediaindex_tui.folder_line import FolderLine
from mediaindex_tui.jobs import Ended
from mediaindex_tui.messages import Estimated, Ready, Status, WantEstimate
from tests.support.fake_finder import FakeFinder
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

Build = Callable[..., InterfaceApp]


@pytest.fixture
def empty(finder: FakeFinder) -> FakeFinder:
    finder.videos, finder.moments, finder.status = 0, (), Status(0, 0.0)
    return finder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []

    def start(folder: Path, library: Path, ended: Ended) -> int:
        found.append(folder)
        return 4711

    monkeypatch.setattr(jobs, "start_watching", start)
    return found


async def asked(pilot: Pilot[int]) -> FolderLine:
    """The line of the first screen, once it is there."""
    await until(
        pilot, lambda: isinstance(pilot.app.screen, FirstScreen) and pilot.app.screen.query(FolderLine)
    )
    await pilot.pause()
    return pilot.app.screen.query_one(FolderLine)


def first(app: InterfaceApp) -> FirstScreen:
    assert isinstance(app.screen, FirstScreen)
    return app.screen


def said(app: InterfaceApp) -> str:
    assert app.standing.notice is not None
    return app.standing.notice.text


def test_a_folder_is_counted_and_indexed(
    interface: Build, empty: FakeFinder, started: list[Path], tmp_path: Path
) -> None:
    films = tmp_path / "Films"
    films.mkdir()
    for name in ("one.mp4", "two.MKV", "notes.txt", ".hidden.mp4"):
        (films / name).write_bytes(b"x" * 1000)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        line = await asked(pilot)
        line.value = f"{tmp_path}/Fil"
        line.cursor_position = len(line.value)
        await until(pilot, lambda: line.offers)
        await pilot.press("tab")
        assert line.value == f"{films}/"
        await until(pilot, lambda: first(app).count.is_complete and first(app).count.videos)
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert "2 videos · 2.0 kB" in text
        assert "are free where frames and index will lie" in text
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is app.search
        assert "indexing" in screen_text(app)[22]

    drive(app, body)
    assert started == [films]
    assert app.process == 4711


@pytest.mark.parametrize(
    ("name", "told"), [("nowhere", "there is no such folder"), ("file.mp4", "this is a file, not a folder")]
)
def test_a_folder_that_cannot_be(
    interface: Build, empty: FakeFinder, started: list[Path], tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "file.mp4").touch()
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        (await asked(pilot)).value = str(tmp_path / name)
        await until(pilot, lambda: is_shown(app, told))
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, FirstScreen)

    drive(app, body)
    assert started == []


def test_a_library_that_is_away_for_a_while_asks_for_no_folder(interface: Build, finder: FakeFinder) -> None:
    """Enter would make a new one, such as where a disk is plugged in else."""
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        finder.tell(Ready("words"))
        finder.tell(Status(0, 0.0))
        await until(pilot, lambda: app.standing.status and not app.standing.status.videos)
        await pilot.pause()
        assert app.screen is app.search
        assert f"library at {app.setup.library} is gone" in said(app)
        finder.tell(Ready("words", 104, 1380.0))
        await until(pilot, lambda: "the library is back" in said(app))

    drive(app, body, (200, 24))


def test_videos_that_come_close_the_question(interface: Build, empty: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await asked(pilot)
        empty.tell(Status(3, 60.0, watcher="indexing 3 of 12", is_watching=True))
        await until(pilot, lambda: app.screen is app.search)

    drive(app, body)


def test_an_empty_line_is_no_folder(interface: Build, empty: FakeFinder, started: list[Path]) -> None:
    """Least of all the one in which the interface was started."""
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        (await asked(pilot)).value = " "
        await until(pilot, lambda: first(app).count.problem == "write a folder")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, FirstScreen)
        assert "write a folder" in "\n".join(screen_text(app))

    drive(app, body)
    assert started == []


def test_escape_asks_later(interface: Build, empty: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await asked(pilot)
        await pilot.press("escape")
        await pilot.pause()
        await type_in(pilot, "dog")
        assert app.search.session.text == "dog"

    drive(app, body)


def test_nothing_is_asked_while_something_is_being_indexed(interface: Build, empty: FakeFinder) -> None:
    empty.status = Status(0, 0.0, watcher="reading names 3 of 12", is_watching=True)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.standing.status is not None)
        await pilot.pause()
        assert app.screen is app.search
        assert "reading names 3 of 12" in screen_text(app)[22]

    drive(app, body)


def test_an_indexing_that_fails_at_once_is_said(
    finder: FakeFinder, empty: FakeFinder, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "Films").mkdir()
    app = InterfaceApp(Setup(library=tmp_path / "file" / "library"), finder)

    async def body(pilot: Pilot[int]) -> None:
        (await asked(pilot)).value = str(tmp_path / "Films")
        await pilot.press("enter")
        await until(pilot, lambda: app.standing.notice is not None and app.standing.notice.is_error)
        assert "indexing stopped: " in screen_text(app)[22]

    drive(app, body)
    assert app.process is None


def test_a_sample_of_the_folder_says_about_what_indexing_takes(
    interface: Build, empty: FakeFinder, started: list[Path], tmp_path: Path
) -> None:
    films = tmp_path / "Films"
    films.mkdir()
    for number in range(3):
        (films / f"{number}.mp4").write_bytes(b"x" * 1000)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        (await asked(pilot)).value = str(films)
        await until(pilot, lambda: [one for one in empty.asked(WantEstimate) if one.videos == 3])
        (want,) = (one for one in empty.asked(WantEstimate) if one.videos == 3)
        assert (want.size, len(want.sample)) == (3000, 3)
        assert "complete in its own time" in "\n".join(screen_text(app))
        empty.tell(Estimated(7, 7000, 60.0, 1.0, 1.0, 1.0))  # of a folder that stands there no more
        empty.tell(Estimated(3, 3000, 412 * 3600.0, 11e9, 540.0, 14 * 3600.0))
        await until(pilot, lambda: is_shown(app, "3 videos · about 412 h · 3.0 kB"))
        text = "\n".join(screen_text(app))
        assert "Frames and index will take about 11 GB." in text
        assert "by picture in about 9 min, complete in about 14 h." in text
        await pilot.press("escape")

    drive(app, body)


def test_without_a_length_only_the_order_is_promised() -> None:
    assert estimate_lines(None) == estimate_lines(Estimated(3, 3000, first_seconds=9.0))
    (line,) = estimate_lines(None)
    assert line.startswith("Searchable by name at once")
    short = estimate_lines(Estimated(1, 10, 6.0, 5e4, 0.1, 0.2))
    assert short[1] == "Searchable by name at once, by picture in about 1 min, complete in about 1 min."


def test_the_foot_names_the_encoder_and_its_language(interface: Build, empty: FakeFinder) -> None:
    for encoder, told in (
        ("builtin", "builtin, English"),
        ("mine\x1b", r"mine\x1b"),
        ("multilingual", "multilingual, many languages"),
    ):
        app = interface(encoder=encoder)

        async def body(pilot: Pilot[int], told: str = told) -> None:
            await asked(pilot)
            assert f" no library · encoder {told}" in "\n".join(screen_text(pilot.app))  # type: ignore[arg-type]

        drive(app, body)


def test_a_place_where_no_library_can_lie_is_said_below_the_folder(
    finder: FakeFinder, empty: FakeFinder, started: list[Path], tmp_path: Path
) -> None:
    app = InterfaceApp(Setup(library=Path("/odd\x07name")), finder)  # short, for the two lines that there are

    async def body(pilot: Pilot[int]) -> None:
        (await asked(pilot)).value = str(tmp_path)

        def words() -> str:
            return " ".join(" ".join(screen_text(app)).split())

        await until(pilot, lambda: r"odd\x07name has a control character" in words())
        assert first(app).unfit
        assert "choose another folder with --library" in words()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, FirstScreen)

    drive(app, body)
    assert started == []
