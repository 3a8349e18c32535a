"""The clips of one export: names are checked first, and what was made is told even if a later one fails."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.reformatter import ColorRange, Colorspace

from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.errors import MediaIndexError, UsageError
from mediaindex.export.clips.clip_set import ClipOrder, cut_clips
from mediaindex.export.cuts.cut import Cut
from tests.support.counted_films import FILMS, numbers_in, write_film
from tests.support.media import has_ffmpeg
from tests.support.plain_cuts import plain_cut, plain_source

pytestmark = pytest.mark.skipif(not has_ffmpeg(), reason="there is no ffmpeg binary")


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    film = write_film(tmp_path, replace(FILMS[1], count=30))
    return plain_cut(plain_source(str(film.path), 24, 30, sounds=()), 4, 9)


def silent(_step: object) -> None:
    pass


def test_clips_progress_and_manifest(cut: Cut, tmp_path: Path) -> None:
    told: list[tuple[object, object]] = []
    clips = cut_clips(
        [cut, replace(cut, behind=8)],
        ClipOrder(str(tmp_path / "out"), contact_sheet=True),
        progress=lambda step: told.append((step["done"], step["total"])),
    )
    assert [clip.path.name for clip in clips] == ["001-twenty four.mp4", "002-twenty four.mp4"]
    assert [numbers_in(clip.path) for clip in clips] == [[4, 5, 6, 7, 8], [4, 5, 6, 7]]
    assert all(clip.sheet is not None and clip.sheet.stat().st_size for clip in clips)
    assert told[-1] == (9, 9)


def test_what_was_made_before_a_failure_is_kept_and_told(cut: Cut, tmp_path: Path) -> None:
    beyond = replace(cut, first=20, behind=60)
    with pytest.raises(MediaIndexError, match="found 10 of the 40 frames"):
        cut_clips([cut, beyond], ClipOrder(str(tmp_path / "out")), progress=silent)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "001-twenty four.mp4",
        "manifest.json",
    ]
    assert len(json.loads((tmp_path / "out" / "manifest.json").read_bytes())["clips"]) == 1


def test_names_are_checked_before_anything_is_cut(cut: Cut, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("of the user")
    for order in (ClipOrder(str(out)), ClipOrder(str(tmp_path / "a.wmv")), ClipOrder(str(tmp_path / "a.ts"))):
        with pytest.raises(UsageError):
            cut_clips([cut], order, progress=silent)
    assert [path.name for path in out.iterdir()] == ["manifest.json"]
    cut_clips([cut], ClipOrder(str(out), force=True), progress=silent)
    assert json.loads((out / "manifest.json").read_bytes())["schema"] == 1


def test_a_source_that_ffmpeg_cannot_read_is_named(cut: Cut, tmp_path: Path) -> None:
    cut.source.path.write_bytes(b"no film")
    with pytest.raises(MediaIndexError, match=r"a\.mp4: ffmpeg failed: .+"):
        cut_clips([cut], ClipOrder(str(tmp_path / "a.mp4")), progress=silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["twenty four.mkv"]


@pytest.mark.parametrize("copies", [False, True])
def test_a_clip_keeps_tags_colours_and_shape(tmp_path: Path, copies: bool) -> None:
    path = tmp_path / "tagged.mp4"
    command = [
        ffmpeg_binary(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=c=red:size=64x48:rate=25:duration=1",
    ]
    command += [
        "-vf",
        "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,setsar=16/11",
    ]
    command += ["-metadata", "title=On the road", "-metadata", "com.apple.quicktime.model=a camera"]
    command += ["-movflags", "use_metadata_tags", "-c:v", "libx264", str(path)]
    subprocess.run(command, check=True)
    cut = plain_cut(plain_source(str(path), 25, 25, sounds=()), 5, 15)
    (clip,) = cut_clips([cut], ClipOrder(str(tmp_path / "a.mp4"), copies=copies), progress=silent)
    with av.open(str(clip.path)) as container:
        tags = container.metadata
        assert (tags["title"], tags["com.apple.quicktime.model"]) == ("On the road", "a camera")
        stream = container.streams.video[0]
        assert stream.sample_aspect_ratio == Fraction(16, 11)
        frame = next(container.decode(stream))
        assert (frame.colorspace, frame.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        assert (frame.color_primaries, frame.color_trc) == (1, 1)
