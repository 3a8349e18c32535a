"""An absence is what the system says is not there; an error is none, and neither is another spelling."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from mediaindex.sources.places.presence import Spellings, is_surely_absent, presence_of
from tests.support.spelling import IgnoringCase
from tests.support.unreadable import closed

DISK_AND_SERVER_TROUBLE = [
    *(errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM, errno.ENOTCONN, errno.ETIMEDOUT),
    *(errno.EHOSTDOWN, errno.ENODEV, errno.ENXIO, errno.ELOOP, errno.EMFILE, errno.ENOMEM),
]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    path = folder / "film.mp4"
    path.write_bytes(b"film")
    return path


@pytest.fixture
def ignoring_case(monkeypatch: pytest.MonkeyPatch) -> IgnoringCase:
    return IgnoringCase(monkeypatch)


def failing(number: int, at: Path, real: Callable[..., object]) -> Callable[..., object]:
    """A system call that fails for one path."""

    def call(path: object, *arguments: object, **options: object) -> object:
        if os.fspath(path) == str(at):  # type: ignore[call-overload]
            raise OSError(number, os.strerror(number))
        return real(path, *arguments, **options)

    return call


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop" / "film.mp4"


def test_what_is_there_and_what_is_not(film: Path) -> None:
    assert presence_of(film) == "present"
    assert presence_of(film.with_name("other.mp4")) == "absent"
    assert presence_of(film / "below a file.mp4") == "absent"
    assert presence_of(film.parent / "no folder" / "film.mp4") == "absent"


def test_a_link_to_nowhere_is_there(film: Path) -> None:
    film.with_name("link.mp4").symlink_to("nowhere")
    assert presence_of(film.with_name("link.mp4")) == "present"


@pytest.mark.parametrize("made", [loop, lambda folder: folder / ("x" * 300)], ids=["loop", "long name"])
def test_a_path_that_leads_nowhere_is_unreadable(film: Path, made: Callable[[Path], Path]) -> None:
    path = made(film.parent)
    assert presence_of(path) == "unreadable"
    assert not is_surely_absent(path)


def test_a_folder_without_permissions_hides_its_files_and_their_absence(film: Path) -> None:
    with closed(film.parent):
        assert presence_of(film) == "unreadable"
        assert presence_of(film.with_name("other.mp4")) == "unreadable"
        assert not is_surely_absent(film.with_name("other.mp4"))
    assert presence_of(film) == "present"


@pytest.mark.parametrize("number", DISK_AND_SERVER_TROUBLE, ids=errno.errorcode.get)
def test_trouble_of_the_disk_or_the_server_is_no_absence(
    film: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "lstat", failing(number, film, os.lstat))
    assert presence_of(film) == "unreadable"
    assert not is_surely_absent(film)
    assert not Spellings().is_gone(film, below=film.parent)


@pytest.mark.parametrize("number", DISK_AND_SERVER_TROUBLE, ids=errno.errorcode.get)
def test_an_absence_counts_only_where_the_folder_can_be_listed(
    film: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    film.unlink()
    assert is_surely_absent(film)
    monkeypatch.setattr(os, "scandir", failing(number, film.parent, os.scandir))
    assert presence_of(film) == "absent"
    assert not is_surely_absent(film)


def test_a_folder_that_may_be_entered_and_not_listed(film: Path) -> None:
    with closed(film.parent, 0o300):
        assert presence_of(film) == "present"
        assert not is_surely_absent(film.with_name("other.mp4"))


def test_of_a_folder_that_is_gone_the_one_above_is_listed(film: Path) -> None:
    film.unlink()
    film.parent.rmdir()
    assert is_surely_absent(film)
    film.parent.write_bytes(b"a file in the place of the folder")
    assert is_surely_absent(film)
    film.parent.unlink()
    with closed(film.parent.parent, 0o300):
        assert not is_surely_absent(film)


# Spellings


def test_where_case_counts_two_spellings_are_two_files(film: Path) -> None:
    other = film.with_name("Film.mp4")
    other.hardlink_to(film)
    assert not Spellings().is_respelled(film, other)
    assert not Spellings().is_respelled(other, film)
    assert not Spellings().is_gone(film, below=film.parent)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("film.mp4", "Film.mp4"),
        ("film.mp4", "FILM.MP4"),
        (unicodedata.normalize("NFC", "Übung.mp4"), unicodedata.normalize("NFD", "Übung.mp4")),
    ],
)
def test_a_file_that_was_given_another_spelling_has_left_the_old_one(
    film: Path, ignoring_case: IgnoringCase, old: str, new: str
) -> None:
    before = film.rename(film.with_name(old))
    after = ignoring_case.rename(before, before.with_name(new))
    assert presence_of(before) == presence_of(after) == "present"
    assert Spellings().is_respelled(before, after)
    assert not Spellings().is_respelled(after, before)
    assert Spellings().is_gone(before, below=film.parent)
    assert not Spellings().is_gone(after, below=film.parent)
    assert Spellings().as_listed(str(before), below=str(film.parent)) == str(after)
    assert Spellings().as_listed(str(after), below=str(film.parent)) == str(after)


def test_a_folder_that_was_given_another_spelling_takes_its_files_along(
    film: Path, ignoring_case: IgnoringCase
) -> None:
    root = film.parent.parent
    after = ignoring_case.rename(film.parent, root / "VIDEOS") / film.name
    assert Spellings().is_respelled(film, after)
    assert Spellings().is_gone(film, below=root)
    assert not Spellings().is_gone(film, below=film.parent), "how the source itself is spelled does not count"
    assert Spellings().as_listed(str(film), below=str(root)) == str(after)


def test_a_file_system_that_numbers_files_by_name(
    film: Path, ignoring_case: IgnoringCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = ignoring_case.rename(film, film.with_name("Film.mp4"))
    monkeypatch.setattr(os.path, "samestat", lambda one, other: False)
    assert Spellings().is_respelled(film, after)
    assert Spellings().as_listed(str(film), below=str(film.parent)) == str(after)


def test_a_path_through_a_link_is_no_other_spelling(film: Path) -> None:
    (film.parent.parent / "link").symlink_to(film.parent)
    through = film.parent.parent / "link" / film.name
    assert not Spellings().is_respelled(through, film)
    assert not Spellings().is_gone(through, below=film.parent.parent)


def test_a_folder_that_cannot_be_listed_spells_as_it_is_asked(film: Path) -> None:
    with closed(film.parent, 0o300):
        assert not Spellings().is_gone(film, below=film.parent)
        assert Spellings().as_listed(str(film), below=str(film.parent)) == str(film)
