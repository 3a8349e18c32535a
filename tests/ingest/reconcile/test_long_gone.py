"""What has been missing for long is looked for once more before it is removed."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from mediaindex.ingest.reconcile.long_gone import long_gone
from mediaindex.store.catalog import failures, locations, sources
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.library import Library
from tests.support.drives import Drive
from tests.support.reconciling import event, learn, written
from tests.support.spelling import IgnoringCase
from tests.support.unreadable import closed, troubled

NOW = time.time()


@pytest.fixture
def film(opened: Library, tmp_path: Path) -> Path:
    """A known film that counts as missing."""
    path = written(tmp_path / "videos" / "film.mp4", b"film")
    learn(opened, path)
    with opened.write() as connection:
        sources.add_source(connection, path.parent)
    miss(opened, path)
    return path


def miss(opened: Library, path: Path) -> None:
    with opened.write() as connection:
        locations.miss(connection, path, NOW)


def gone(opened: Library, *, before: float = NOW + 1) -> list[str]:
    return [place.path.name for place in long_gone(opened, before=before)]


def test_what_is_gone_is_gone_after_its_time(opened: Library, film: Path) -> None:
    film.unlink()
    assert gone(opened, before=NOW) == []
    assert gone(opened) == ["film.mp4"]
    film.parent.rmdir()
    assert gone(opened) == ["film.mp4"]


def test_what_is_there_again_unseen_stays(opened: Library, film: Path) -> None:
    assert gone(opened) == []


def test_what_cannot_be_read_stays_until_it_can(opened: Library, film: Path) -> None:
    film.unlink()
    with closed(film.parent):
        assert gone(opened) == []
    for number in (errno.EIO, errno.ESTALE, errno.ENOTCONN):
        with troubled(film.parent, number):
            assert gone(opened) == []
    assert gone(opened) == ["film.mp4"]


def test_what_lies_on_an_unplugged_drive_stays_until_it_is_back(
    opened: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = Drive(monkeypatch, tmp_path / "shelf")
    path = written(share.plug(tmp_path / "usb") / "film.mp4", b"film")
    learn(opened, path)
    path.unlink()
    miss(opened, path)
    share.unplug()
    assert gone(opened) == []
    share.plug(tmp_path / "usb")
    assert gone(opened) == ["film.mp4"]


def test_what_was_overwritten_by_what_is_no_film_goes(opened: Library, film: Path) -> None:
    written(film, b"a text")
    assert gone(opened) == [], "nobody has read it yet"
    text = event(film)
    with opened.write() as connection:
        failures.set_skip(
            connection, film, size=text.size, mtime_ns=text.mtime_ns, reason="no picture stream"
        )
    assert gone(opened) == ["film.mp4"]


@pytest.mark.parametrize(("attempts", "is_gone"), [(1, True), (5, False)])
def test_what_a_failing_disk_never_let_be_read_stays(
    opened: Library, film: Path, attempts: int, is_gone: bool
) -> None:
    """Unlike what was read once and holds no film."""
    touched = event(written(film, b"other content"))
    failure = Failure(film, "read", "dead", attempts, None, "why", touched.size, touched.mtime_ns, "one")
    with opened.write() as connection:
        failures.set_failure(connection, failure)
    assert gone(opened) == (["film.mp4"] if is_gone else [])


def test_a_film_that_can_no_longer_be_decoded_stays_while_it_is_the_same_file(
    opened: Library, film: Path
) -> None:
    same = event(film)
    failure = Failure(film, "decode", "dead", 5, None, "I/O error", same.size, same.mtime_ns, "one")
    with opened.write() as connection:
        failures.set_failure(connection, failure)
    assert gone(opened) == []


def test_an_old_spelling_goes(opened: Library, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    IgnoringCase(monkeypatch).rename(film, film.with_name("Film.mp4"))
    assert gone(opened) == ["film.mp4"]


def test_others_have_their_turn_before_each_place_is_looked_for(opened: Library, film: Path) -> None:
    film.unlink()
    turns: list[int] = []
    places = long_gone(opened, before=NOW + 1, attend=lambda: turns.append(1))
    assert (len(places), turns) == (1, [1])
