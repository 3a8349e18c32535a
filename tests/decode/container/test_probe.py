"""What a file is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.decode.container.probe import MAX_STREAMS, probe
from mediaindex.decode.container.tags import MAX_KEY_CHARACTERS, MAX_TAGS, MAX_VALUE_CHARACTERS
from mediaindex.errors import ProbeError
from mediaindex.media import NotAVideo
from tests.support.counted_films import FILMS, Film, write_film
from tests.support.media import (
    Clip,
    cut_off,
    film,
    flat,
    moving,
    probe_here,
    write_clip,
    write_films,
    write_sound,
)


def test_a_film_is_described(tmp_path: Path) -> None:
    tags = {"title": "Sea", "creation_time": "2024-02-28T23:41:07Z"}
    info = film(write_clip(tmp_path / "clip.mp4", moving(20), Clip(tags=tags)))
    assert info.duration_seconds == pytest.approx(2.0)
    assert (info.width, info.height, info.fps, info.codec, info.rotation) == (128, 96, 10.0, "h264", 0)
    assert (info.title, info.recorded_at, info.video_stream) == ("Sea", "2024-02-28T23:41:07Z", 0)
    assert [stream.kind for stream in info.streams] == ["video"]
    assert (info.frame_rate, info.variable_rate, info.film_start, info.pixel_aspect) == (
        "10",
        False,
        "0",
        "1",
    )


@pytest.mark.parametrize("kind", FILMS, ids=lambda kind: kind.name)
def test_rate_timecode_and_channels_of_films_that_editors_cut(kind: Film, tmp_path: Path) -> None:
    info = film(write_film(tmp_path, kind).path)
    assert info.variable_rate == bool(kind.stamps)
    assert kind.stamps or info.frame_rate == str(kind.rate)
    assert info.timecode == kind.timecode
    assert info.film_start == "0"
    channels = [stream.channels for stream in info.streams if stream.kind == "audio"]
    assert channels == [kind.channels] * bool(kind.channels)


def test_sound_that_begins_before_the_film_moves_its_start(tmp_path: Path) -> None:
    late = Clip(stamps=[number + 5 for number in range(20)])
    info = film(
        write_films(tmp_path / "both.mkv", (moving(20), late), ([flat(9, 9, 9)] * 2, Clip(codec="mpeg4")))
    )
    assert info.film_start == "1/2"


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    assert probe_here(write_sound(tmp_path / "song.m4a")) == NotAVideo("no picture stream")


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "song.mp4", cover=flat(200, 200, 0))
    assert probe_here(path) == NotAVideo("no picture stream")


@pytest.mark.parametrize("still_first", [True, False])
def test_the_film_is_taken_not_a_still_beside_it(tmp_path: Path, still_first: bool) -> None:
    films = [([flat(255, 255, 0, width=320, height=240)], Clip(codec="mjpeg")), (moving(30), Clip())]
    path = write_films(tmp_path / "both.mkv", *(films if still_first else reversed(films)))
    assert film(path).video_stream == int(still_first)


def test_a_picture_with_a_films_name_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "photo.mp4"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    assert probe_here(path) == NotAVideo("a picture, not a video")


def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(3))
    with pytest.raises(ProbeError, match="128x96 pixels are over the limit"):
        probe(path, max_pixels=1000)


def test_a_missing_file_may_come_back(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="No such file") as caught:
        probe_here(tmp_path / "gone.mp4")
    assert caught.value.transient


def test_a_duration_that_no_header_states_is_measured(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", moving(30))
    data = path.read_bytes()
    at = data.index(b"\x44\x89\x88") + 3  # Matroska's Duration, a float64
    path.write_bytes(data[:at] + bytes(8) + data[at + 8 :])
    assert film(path).duration_seconds == pytest.approx(3.0, abs=0.11)


def test_a_cut_off_file_is_described_as_far_as_it_goes(tmp_path: Path) -> None:
    info = film(cut_off(write_clip(tmp_path / "clip.mkv", moving(80)), 0.8))
    assert (info.width, info.fps) == (128, 10.0)


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.flv", "flv"), ("a.mpg", "mpeg2video")])
def test_other_containers(tmp_path: Path, name: str, codec: str) -> None:
    rate = 25 if codec == "mpeg2video" else 10
    info = film(write_clip(tmp_path / name, moving(30), Clip(codec=codec, rate=rate, b_frames=0)))
    assert (info.width, info.height) == (128, 96)
    assert info.fps == pytest.approx(rate, rel=0.05)


def test_tags_are_bounded_in_number_and_length(tmp_path: Path) -> None:
    tags = {f"{number:03} {'k' * 200}": "v" * 5000 for number in range(300)}
    path = write_clip(tmp_path / "tagged.mkv", moving(2), Clip("mpeg4", tags=tags))
    info = film(path)
    assert len(info.tags) == MAX_TAGS
    assert max(map(len, info.tags)) == MAX_KEY_CHARACTERS
    assert max(map(len, info.tags.values())) == MAX_VALUE_CHARACTERS


def test_streams_are_bounded_in_number(tmp_path: Path) -> None:
    pictures = [flat(1, 2, 3, width=16, height=16)]
    path = write_films(tmp_path / "streams.mkv", *[(pictures, Clip("mpeg4"))] * (MAX_STREAMS + 6))
    assert len(film(path).streams) == MAX_STREAMS
