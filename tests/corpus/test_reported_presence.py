"""A folder that lost its permissions, as in reports of media servers that deleted every episode."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts, use_these_encoders
from tests.support.unreadable import closed
from tests.support.watch_loop import Watching

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(600)]


@pytest.fixture
def videos(shared: Path, tmp_path: Path) -> Path:
    """24 films, two of them in the folder `private`."""
    case = shared / "corpus" / "reported" / "b11-folder-not-readable"
    return Path(shutil.copytree(case, tmp_path / "videos"))


def test_the_films_of_a_folder_without_permissions_are_kept(
    videos: Path,
    library: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_these_encoders(monkeypatch)
    commands = Commands(library, capsys)
    assert commands("index", videos)["videos"] == 24
    with closed(videos / "private"):
        report = commands("index", videos, code=5)
        assert [row["path"] for row in report["failed"]] == [str(videos / "private")]
        assert counts(report) == {"videos": 22, "unchanged": 22}
        with Watching(library, forget_after_seconds=0.001, rescan_seconds=0.2) as watch:
            watch.wait_for(lambda: sum(event["event"] == "looked" for event in watch.events) >= 4)
        status = commands("status")
        assert (status["videos"], status["missing"], status["offline"]) == (24, 0, 0)
        assert commands.files("clip1", "--channel", "words")[0] == "clip1.mp4"
        line = commands.text("search", "clip1", "--channel", "words", "--limit", 1).out
        assert "cannot be read" in line
        assert "offline" not in line
    assert counts(commands("index", videos)) == {"videos": 24, "unchanged": 24}
    status = commands("status")
    assert (status["videos"], status["missing"], status["offline"]) == (24, 0, 0)
