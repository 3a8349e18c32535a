"""The file that a table names: by its path, or by a name that one file alone bears."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import MediaError
from mediaindex.learn.features.media_names import MediaNames
from mediaindex.sources.rules import Rules


@pytest.fixture
def names(tmp_path: Path) -> MediaNames:
    for name in ("a/one.mp4", "a/two.jpg", "b/one.mp4", "b/notes.txt", ".hidden/three.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return MediaNames(tmp_path, Rules())


@pytest.mark.parametrize("name", ["a/two.jpg", "two.jpg", "two", "./a/../a/two.jpg"])
def test_a_name_may_lack_folders_and_extension(names: MediaNames, tmp_path: Path, name: str) -> None:
    assert names.path_of(name) == tmp_path / "a" / "two.jpg"


def test_an_absolute_path_in_the_folder_is_that_file(names: MediaNames, tmp_path: Path) -> None:
    assert names.path_of(str(tmp_path / "b/one.mp4")) == tmp_path / "b/one.mp4"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("one", "both bear this name"),
        ("one.mp4", "both bear this name"),
        ("gone.mp4", "no such file"),
        ("notes", "no such file"),
        ("three", "no such file"),
        ("../one.mp4", "outside"),
        ("/etc/passwd", "outside"),
    ],
)
def test_a_name_that_means_no_file_or_several_is_refused(names: MediaNames, name: str, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        names.path_of(name)
