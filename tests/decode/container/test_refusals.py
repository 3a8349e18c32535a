"""Why a file is refused, in words with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.container.refusals import explain_refusal, refuse_unreadable
from mediaindex.errors import ProbeError
from tests.support.media import film, moving, probe_here, write_clip


def reason(path: Path) -> str:
    with pytest.raises(ProbeError) as caught:
        probe_here(path)
    return caught.value.reason


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


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


@given(st.binary(max_size=200))
def test_no_bytes_are_without_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = written(tmp_path_factory.getbasetemp() / "any.mp4", data)
    try:
        refuse_unreadable(path)
    except ProbeError as error:
        assert error.reason
    else:
        assert explain_refusal(path)
