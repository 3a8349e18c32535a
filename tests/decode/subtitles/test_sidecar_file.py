"""A sidecar file of any encoding gives its cues, or a reason."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from mediaindex.decode.subtitles import sidecar_file
from mediaindex.decode.subtitles.sidecar_file import Sidecar, find_sidecars, read_sidecar
from mediaindex.errors import MediaError
from mediaindex.media import Cue
from tests.support import paths

SRT = "1\n00:00:02,000 --> 00:00:04,000\n"


REPORTED = paths.REPORTED / "10-sidecars"


@pytest.mark.parametrize(
    ("film", "cues"),
    [
        ("Harbour.mp4", [("en", False, "zebra"), ("fr", True, "lantern")]),
        ("Harbour 2.mp4", [(None, False, "anchor")]),
        ("Harbour.2021.mp4", [("en", False, "violin")]),
        ("Harbour-night.mp4", []),
        ("Café.mp4", [(None, False, "teapot")]),
        ("CLIP.MP4", [(None, False, "falcon")]),
        ("Take.One.mkv", [("zh-Hans", False, "compass")]),
    ],
)
def test_reported_sidecars_belong_to_their_films(film: str, cues: list[tuple[str | None, bool, str]]) -> None:
    names = os.listdir(REPORTED)
    name = next(n for n in names if unicodedata.normalize("NFC", n) == unicodedata.normalize("NFC", film))
    read = [cue for sidecar in find_sidecars(REPORTED / name, names) for cue in read_sidecar(sidecar)]
    assert [(c.language, c.forced, c.text) for c in read] == [
        (language, forced, f"here comes the {word}") for language, forced, word in cues
    ]
    assert all((cue.start_seconds, cue.end_seconds) == (2.0, 4.0) for cue in read)


def test_reported_ass_gives_its_words_and_nothing_else() -> None:
    sidecars = find_sidecars(REPORTED / "Tagged.mkv", os.listdir(REPORTED))
    assert [s.path.name for s in sidecars] == ["Tagged.ass"]
    assert read_sidecar(sidecars[0]) == (
        Cue(1.0, 2.0, "Open the gate, please and wait", source="Tagged.ass"),
        Cue(5.0, 6.0, "it was <about 1960>, 3 < 5", source="Tagged.ass"),
    )


def sidecar(path: Path, content: bytes) -> Sidecar:
    path.write_bytes(content)
    return Sidecar(path, "de", forced=True)


def test_cues_carry_source_language_and_flag(tmp_path: Path) -> None:
    read = read_sidecar(sidecar(tmp_path / "Film.de.srt", (SRT + "schön").encode("cp1252")))
    assert read == (Cue(2.0, 4.0, "schön", source="Film.de.srt", language="de", forced=True),)


def test_a_file_that_counts_frames_takes_the_films_rate(tmp_path: Path) -> None:
    cues = read_sidecar(sidecar(tmp_path / "Film.sub", b"{50}{75}words"), fps=25.0)
    assert [(c.start_seconds, c.end_seconds) for c in cues] == [(2.0, 3.0)]


def test_what_is_no_text_subtitle_gives_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaError, match="VobSub"):
        read_sidecar(sidecar(tmp_path / "a.sub", b"\0\0\1\xba" + bytes(100)))
    with pytest.raises(MediaError, match="known form"):
        read_sidecar(sidecar(tmp_path / "b.srt", os.urandom(64) + b"\xff\xd8"))
    with pytest.raises(MediaError, match="cannot be read: No such file") as gone:
        read_sidecar(Sidecar(tmp_path / "gone.srt"))
    assert gone.value.transient
    os.mkfifo(tmp_path / "pipe.srt")
    with pytest.raises(MediaError, match="not a regular file"):
        read_sidecar(Sidecar(tmp_path / "pipe.srt"))
    (tmp_path / "folder.srt").mkdir()
    with pytest.raises(MediaError):
        read_sidecar(Sidecar(tmp_path / "folder.srt"))
    monkeypatch.setattr(sidecar_file, "MOST_BYTES", 1024**2)
    with pytest.raises(MediaError, match="larger than 1 MiB"):
        read_sidecar(sidecar(tmp_path / "large.srt", b"x" * (1024**2 + 1)))
