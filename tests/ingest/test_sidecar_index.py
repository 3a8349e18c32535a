"""A folder of many films is listed once a pass, not once a film."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.ingest.sidecar_index import refresh_sidecars
from mediaindex.store.library import open_library
from tests.cli.conftest import film, srt
from tests.support.corridor import ingest, run


def test_the_names_of_a_folder_are_read_once(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = tmp_path / "videos"
    first = film(videos / "a.mp4", "red")
    for number in range(5):
        (videos / f"copy {number}.mp4").write_bytes(first.read_bytes())
    listed: list[Path] = []
    listdir = os.listdir

    def counted(folder: Path) -> list[str]:
        listed.append(folder)
        return listdir(folder)

    with open_library(library, create=True) as opened:
        run(ingest(opened), videos)
        monkeypatch.setattr(os, "listdir", counted)
        assert refresh_sidecars(opened, [videos]) == 0
        assert listed.count(videos) == 1
        subtitle = srt(videos / "copy 3.en.srt", (0.0, 1.0, "a word"))
        assert refresh_sidecars(opened, [videos]) == 1
        assert refresh_sidecars(opened, [videos]) == 0
        subtitle.unlink()
        refresh_sidecars(opened, [videos])
        assert refresh_sidecars(opened, [videos]) == 0
        assert listed.count(videos) == 5
