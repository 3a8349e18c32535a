"""What a file is said to be, and why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.container.probe import probe
from mediaindex.decode.container.refusals import explain_refusal, refuse_unreadable
from mediaindex.errors import ProbeError
from mediaindex.media import NotAVideo
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


def reason(path: Path) -> str:
    with pytest.raises(ProbeError) as caught:
        probe_here(path)
    return caught.value.reason


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def test_a_film_is_described(tmp_path: Path) -> None:
    tags = {"title": "Sea", "creation_time": "2024-02-28T23:41:07Z"}
    info = film(write_clip(tmp_path / "clip.mp4", moving(20), Clip(tags=tags)))
    assert info.duration_seconds == pytest.approx(2.0)
    assert (info.width, info.height, info.fps, info.codec, info.rotation) == (128, 96, 10.0, "h264", 0)
    assert (info.title, info.recorded_at, info.video_stream) == ("Sea", "2024-02-28T23:41:07Z", 0)
    assert [stream.kind for stream in info.streams] == ["video"]


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
    path = written(tmp_path / "photo.mp4", b"\xff\xd8\xff\xe0" + bytes(500))
    assert probe_here(path) == NotAVideo("a picture, not a video")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0", "zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html>not found</html>", "web page"),
        (b"#EXTM3U\n/etc/passwd\n", "playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "playlist"),
        (b"II*\0" + bytes(64), "a picture"),
        (b"PK\x03\x04" + bytes(64), "archive"),
        (b"just some words, nothing else", "text"),
        (box(b"ftyp", b"isom" + bytes(8)) + box(b"mdat", b"\1" * 500), "moov"),
        (bytes(range(256)) * 8, "beyond recognition"),
    ],
)
def test_what_is_no_film_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    assert words in reason(written(tmp_path / "clip.mp4", data))


def test_a_playlist_does_not_open_what_it_names(tmp_path: Path) -> None:
    write_clip(tmp_path / "secret.ts", moving(10))
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n"
    assert "playlist" in reason(written(tmp_path / "list.mp4", playlist.encode()))


@pytest.mark.parametrize("name", ["A001.braw", "A001.R3D", "A001.mov"])
def test_camera_raw_names_its_remedy(tmp_path: Path, name: str) -> None:
    assert "index its proxy" in reason(written(tmp_path / name, b"\0\0\1\0RED2" + bytes(64)))


@pytest.mark.parametrize("size", [None, 0, 1])
def test_encryption_is_named(tmp_path: Path, size: int | None) -> None:
    moov = box(b"moov", box(b"stsd", b"encv" + box(b"sinf", b"schm")))
    if size == 0:
        moov = bytes(4) + moov[4:]
    if size == 1:
        moov = (1).to_bytes(4, "big") + b"moov" + (len(moov) + 8).to_bytes(8, "big") + moov[8:]
    path = written(tmp_path / "drm.mp4", box(b"ftyp", b"isom") + moov)
    assert "encrypted (DRM)" in reason(path)


def test_the_words_of_encryption_outside_the_index_mean_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(5))
    path.write_bytes(path.read_bytes() + box(b"free", b"encv sinf"))
    assert film(path).codec == "h264"


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


@given(st.binary(max_size=200))
def test_no_bytes_are_without_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = written(tmp_path_factory.getbasetemp() / "any.mp4", data)
    try:
        refuse_unreadable(path)
    except ProbeError as error:
        assert error.reason
    else:
        assert explain_refusal(path)
