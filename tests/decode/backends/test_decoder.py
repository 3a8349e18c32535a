"""One body of tests over every decoder: which frame lies at which time, upright, in proportion."""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from mediaindex.decode.backends.ffmpeg import FfmpegDecoder
from mediaindex.decode.backends.pyav import PyavDecoder
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.errors import DecodeError
from mediaindex.media import MediaInfo
from tests.support import media
from tests.support.media import (
    Clip,
    Extraction,
    collect,
    cut_off,
    extract_here,
    film,
    flat,
    jpeg_pixels,
    moving,
    number_in,
    numbered,
    with_tail,
    write_clip,
)
from tests.support.paths import REPORTED


def assert_numbers_tell_times(extraction: Extraction, rate: int) -> None:
    for frame in extraction.frames:
        assert number_in(jpeg_pixels(frame.jpeg)) == round(frame.seconds * rate) % 256


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "mov"])
def test_every_frame_is_the_one_of_its_time(tmp_path: Path, decoder: str, container: str) -> None:
    path = write_clip(tmp_path / f"clip.{container}", moving(80), Clip(gop=10))
    extraction = extract_here(path, decoder)
    assert extraction.seconds[0] == pytest.approx(0.0, abs=0.01)
    steps = np.diff(extraction.seconds)
    assert len(steps) == 2
    assert 2.5 <= steps.min() <= steps.max() <= 3.01
    assert_numbers_tell_times(extraction, 10)
    assert extraction.outline.duration_seconds == pytest.approx(8.0, abs=0.11)


def test_one_keyframe_is_enough(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "long.mp4", moving(200), Clip(gop=1000))
    extraction = extract_here(path, decoder)
    steps = np.diff([*extraction.seconds, 20.0])
    assert steps.max() <= Sampling().gap_seconds + 0.31
    assert_numbers_tell_times(extraction, 10)


def test_a_short_clip_that_moves_has_several_frames(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "short.mp4", moving(20), Clip(gop=1000))
    extraction = extract_here(path, decoder)
    assert 2 <= len(extraction.frames) <= 4
    assert_numbers_tell_times(extraction, 10)


def test_variable_frame_times(tmp_path: Path, decoder: str) -> None:
    stamps = [0, 1, 2, 10, 11, 30, 31, 32, 60, 61]
    pictures = [numbered(stamp) for stamp in stamps]
    path = write_clip(tmp_path / "vfr.mkv", pictures, Clip(gop=3, stamps=stamps, b_frames=0))
    extraction = extract_here(path, decoder)
    assert len(extraction.frames) >= 3
    assert_numbers_tell_times(extraction, 10)


def test_a_picture_that_stands_is_one_frame_and_the_segment_of_its_time(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "still.mkv", moving(3), Clip(stamps=[0, 5, 900], b_frames=0))
    extraction = extract_here(path, decoder)
    segments = extraction.outline.segments
    assert segments[0].start_seconds == 0.0
    assert segments[-1].end_seconds >= 90.0
    assert all(a.end_seconds == b.start_seconds for a, b in pairwise(segments))
    assert len(extraction.frames) <= 3


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_pictures_stand_upright(tmp_path: Path, decoder: str, rotation: int) -> None:
    upright = np.full((96, 128, 3), 40, np.uint8)
    upright[:48, :64] = 220
    stored = np.rot90(upright, -rotation // 90)
    path = write_clip(tmp_path / "turned.mp4", [stored] * 5, Clip(rotation=rotation))
    info = film(path)
    assert (info.width, info.height, info.rotation) == (128, 96, rotation)
    picture = jpeg_pixels(extract_here(path, decoder).frames[0].jpeg)
    assert picture.shape == (96, 128, 3)
    assert picture[10, 10, 0] > 180
    assert picture[10, 110, 0] < 80
    assert picture[80, 10, 0] < 80


@pytest.mark.parametrize(("aspect", "size"), [(Fraction(2), (256, 96)), (Fraction(1, 2), (128, 192))])
def test_pixels_become_square(tmp_path: Path, decoder: str, aspect: Fraction, size: tuple[int, int]) -> None:
    path = write_clip(tmp_path / "wide.mp4", moving(5), Clip(aspect=aspect))
    assert (film(path).width, film(path).height) == size
    picture = jpeg_pixels(extract_here(path, decoder).frames[0].jpeg)
    assert picture.shape[1::-1] == size


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 5), (127, 33), (9, 200)])
def test_odd_sizes(tmp_path: Path, decoder: str, width: int, height: int) -> None:
    pictures = [flat(200, 30, 30, width=width, height=height)] * 3
    path = write_clip(tmp_path / "odd.mkv", pictures, Clip(codec="ffv1"))
    picture = jpeg_pixels(extract_here(path, decoder).frames[0].jpeg)
    assert picture.shape == (height, width, 3)


def test_large_pictures_are_scaled_to_the_short_side(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "large.mp4", [numbered(5, 512, 256)] * 3)
    frame = extract_here(path, decoder, Sampling(short_side=128)).frames[0]
    picture = jpeg_pixels(frame.jpeg)
    assert picture.shape == (128, 256, 3)
    assert number_in(picture) == 5


@pytest.mark.parametrize(("codec", "container"), [("mjpeg", "mov"), ("ffv1", "mkv"), ("gif", "gif")])
def test_codecs_that_ignore_keyframe_flags(tmp_path: Path, decoder: str, codec: str, container: str) -> None:
    path = write_clip(tmp_path / f"intra.{container}", moving(100), Clip(codec=codec, gop=1))
    extraction = extract_here(path, decoder)
    assert_numbers_tell_times(extraction, 10)
    assert np.diff([*extraction.seconds, 10.0]).max() <= Sampling().gap_seconds + 0.31


@pytest.mark.parametrize("gop", [7, 1000])
def test_a_cut_is_placed_at_its_frame(tmp_path: Path, decoder: str, gop: int) -> None:
    pictures = [flat(30, 30, 200)] * 43 + [flat(200, 30, 30)] * 40
    path = write_clip(tmp_path / "cut.mp4", pictures, Clip(gop=gop))
    outline = extract_here(path, decoder).outline
    assert outline.cuts == pytest.approx([4.3], abs=0.31)
    assert [segment.start_seconds for segment in outline.segments] == [0.0, outline.cuts[0]]


def test_a_cut_in_the_last_second_is_not_passed_over(tmp_path: Path, decoder: str) -> None:
    pictures = [flat(30, 30, 200)] * 47 + [flat(200, 30, 30)] * 5
    path = write_clip(tmp_path / "cut.mp4", pictures, Clip(gop=47))
    assert extract_here(path, decoder).outline.cuts == pytest.approx([4.7], abs=0.01)


def test_a_cut_between_independent_pictures(tmp_path: Path, decoder: str) -> None:
    pictures = [flat(30, 30, 200)] * 43 + [flat(200, 30, 30)] * 40
    path = write_clip(tmp_path / "cut.mov", pictures, Clip(codec="mjpeg"))
    assert extract_here(path, decoder).outline.cuts == pytest.approx([4.3], abs=0.01)


def test_what_is_left_of_a_truncated_film(tmp_path: Path, decoder: str) -> None:
    whole = write_clip(tmp_path / "whole.mkv", moving(80))
    extraction = extract_here(cut_off(whole, 0.5), decoder)
    assert 0 < len(extraction.frames) < 8
    assert_numbers_tell_times(extraction, 10)


@pytest.mark.parametrize(
    ("container", "codec", "share"),
    [("mkv", "libx264", 1.0), ("mkv", "libx264", 0.5), ("avi", "mpeg4", 0.5), ("mpg", "mpeg2video", 1.0)],
)
def test_a_film_with_a_tail_of_zeros_is_what_was_read_of_it(
    tmp_path: Path, decoder: str, container: str, codec: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (decoder, container) == ("ffmpeg", "avi"):
        pytest.skip("the program looks for the index of an unfinished AVI, and cannot be told to stop")
    monkeypatch.setattr(media, "PATIENCE_SECONDS", 1.0)
    path = write_clip(tmp_path / f"film.{container}", moving(150), Clip(codec, rate=25, gop=5))
    if share < 1.0:
        cut_off(path, share)
    alone = extract_here(path, decoder)
    extraction = extract_here(with_tail(path, 1 << 40), decoder)
    seen_seconds = alone.outline.duration_seconds
    assert extraction.outline.duration_seconds == pytest.approx(seen_seconds, abs=0.3)
    assert extraction.seconds[-1] >= alone.seconds[-1] - 0.3
    assert_numbers_tell_times(extraction, 25)


@pytest.mark.parametrize("rubbish", [b"\xff", b"\x00", b"\x47\x40\x00\x10", b"\x1f\x43\xb6\x75\x01"])
@pytest.mark.parametrize("container", ["mkv", "mp4", "ts"])
def test_rubbish_behind_a_film_changes_nothing(
    tmp_path: Path, decoder: str, container: str, rubbish: bytes
) -> None:
    path = write_clip(tmp_path / f"film.{container}", moving(80), Clip(gop=10))
    alone = extract_here(path, decoder)
    extraction = extract_here(with_tail(path, 1 << 20, rubbish), decoder)
    assert extraction.seconds == alone.seconds
    assert extraction.outline.segments == alone.outline.segments


def test_a_film_without_a_picture_has_a_reason(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "fine.mp4", moving(20))
    info = film(path)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : data.index(b"moov") - 4] = bytes(data.index(b"moov") - 4 - start)
    path.write_bytes(bytes(data))
    assert isinstance(info, MediaInfo)
    with pytest.raises(DecodeError, match="no picture can be decoded"):
        extract_here(path, decoder)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(50), Clip(gop=1000))
    assert extract_here(path, decoder) == extract_here(path, decoder)


@pytest.mark.parametrize("name", ["starts_at_5000.ts", "joined_clock_restarts.ts"])
def test_transport_streams_count_from_their_start(decoder: str, name: str) -> None:
    extraction = extract_here(REPORTED / "03-ts-offset" / name, decoder)
    assert extraction.outline.duration_seconds == pytest.approx(8.0, abs=0.1)
    assert extraction.outline.cuts == pytest.approx([4.0], abs=0.05)
    for frame in extraction.frames:
        red, _, blue = jpeg_pixels(frame.jpeg).mean(axis=(0, 1))
        assert (red > blue) == (frame.seconds >= 4.0)


def test_the_child_gives_what_this_process_gives(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "clip\udcff -x.mp4", moving(50))
    with new_worker(decoder=decoder) as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        extraction = collect(worker.extract(path, info, Sampling()))
        assert collect(worker.extract(path, info, Sampling())) == extraction
    assert extraction == extract_here(path, decoder)


def test_every_decoder_keeps_the_protocol() -> None:
    for kind in (PyavDecoder, FfmpegDecoder):
        assert {"scan", "between"} <= set(vars(kind))


def film_that_grows(path: Path, sizes: list[tuple[int, int]]) -> Path:
    """Motion JPEG whose pictures change their size, which its header does not say."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=1)
        assert isinstance(stream, VideoStream)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], "yuvj420p"
        for number, size in enumerate(sizes):
            encoded = io.BytesIO()
            Image.new("RGB", size, (40 * number, 90, 30)).save(encoded, "JPEG")
            packet = av.Packet(encoded.getvalue())
            packet.stream, packet.pts, packet.dts = stream, number, number
            packet.time_base, packet.is_keyframe = Fraction(1), True
            container.mux(packet)
    return path


def test_a_picture_that_grows_over_the_limit_is_not_decoded(tmp_path: Path, decoder: str) -> None:
    sizes = [(64, 48)] * 4 + [(4000, 3000)] * 4 + [(64, 48)] * 4
    path = film_that_grows(tmp_path / "grows.mkv", sizes)
    allowed = extract_here(path, decoder)
    refused = extract_here(path, decoder, Sampling(max_pixels=1_000_000))
    assert refused.outline.damaged_packets > 0
    assert allowed.outline.damaged_packets == 0
    inside = [second for second in refused.seconds if 4.5 < second < 7.5]
    assert len(refused.frames) < len(allowed.frames) or not inside


def test_no_frame_is_longer_than_the_limit_however_its_pixels_are_shaped(
    tmp_path: Path, decoder: str
) -> None:
    path = tmp_path / "wide.mkv"
    write_clip(path, [flat(1, 2, 3, width=8000, height=16)] * 2, Clip("ffv1", aspect=Fraction(8)))
    for frame in extract_here(path, decoder).frames:
        assert max(jpeg_pixels(frame.jpeg).shape) <= 4096
