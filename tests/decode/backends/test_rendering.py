"""Both decoders show a film alike: upright, in the colours it is tagged with, on a background."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mediaindex.decode.backends.rendering import Rendering, rendering_of
from mediaindex.decode.container.orientation import Orientation
from mediaindex.decode.flattening import BACKGROUND
from tests.support.media import Clip, Pixels, extract_here, film, flat, jpeg_pixels, write_clip
from tests.support.tagged_films import (
    EIGHT_MATRICES,
    Coding,
    display_matrix,
    quarters,
    quarters_in,
    set_display_matrix,
    write_tagged,
)

SEEN = {
    "as stored": "RGBW",
    "turned by 90": "BRWG",
    "turned by 180": "WBGR",
    "turned by 270": "GWRB",
    "mirrored": "GRWB",
    "flipped": "BWRG",
    "transposed": "RBGW",
    "transposed the other way": "WGBR",
}
KNOWN_MATRICES = [1, 4, 5, 6, 7, 9]
# YCgCo, BT.2020 of constant luminance, SMPTE 2085, chroma-derived ones, ICtCp, IPT-C2, YCgCo-R.
UNKNOWN_MATRICES = [8, 10, 11, 12, 13, 14, 15, 16, 17]


def shown(path: Path, decoder: str) -> Pixels:
    """The first sampled frame."""
    return jpeg_pixels(extract_here(path, decoder).frames[0].jpeg)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("name", EIGHT_MATRICES)
def test_a_mirrored_or_turned_film_is_seen_as_a_player_shows_it(
    tmp_path: Path, decoder: str, name: str, suffix: str
) -> None:
    path = write_clip(tmp_path / "clip.mp4", [quarters()] * 3)
    set_display_matrix(path, display_matrix(*EIGHT_MATRICES[name]))
    if suffix != "mp4":
        path = remuxed(path, path.with_suffix(f".{suffix}"))
    picture, info = shown(path, decoder), film(path)
    assert quarters_in(picture) == SEEN[name]
    assert picture.shape == (info.height, info.width, 3)
    assert (info.width, info.height) == ((96, 128) if EIGHT_MATRICES[name][0] == 0 else (128, 96))


def remuxed(path: Path, copy: Path) -> Path:
    with av.open(str(path)) as source, av.open(str(copy), "w") as target:
        stream = source.streams.video[0]
        added = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = added
                target.mux(packet)
    return copy


@pytest.mark.parametrize("name", ["mirrored", "flipped", "transposed", "turned by 270"])
def test_wide_pixels_and_a_mirror_go_together(tmp_path: Path, decoder: str, name: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", [quarters()] * 3, Clip(aspect=Fraction(2)))
    set_display_matrix(path, display_matrix(*EIGHT_MATRICES[name]))
    picture, info = shown(path, decoder), film(path)
    sideways = EIGHT_MATRICES[name][0] == 0
    assert (info.width, info.height) == ((96, 256) if sideways else (256, 96))
    assert picture.shape == (info.height, info.width, 3)
    assert quarters_in(picture) == SEEN[name]


def test_a_matrix_that_mirrors_and_widens_does_both(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", [quarters()] * 3)
    set_display_matrix(path, display_matrix(-2, 0, 0, 1))
    info = film(path)
    assert (info.width, info.height) == (256, 96)
    assert quarters_in(shown(path, decoder)) == SEEN["mirrored"]


@pytest.mark.parametrize("matrix", [(0.7, 0.7, -0.7, 0.7), (-0.7, 0.7, 0.7, 0.7), (0, 0, 0, 0), (1, 0, 5, 1)])
def test_a_matrix_of_no_camera_breaks_nothing(
    tmp_path: Path, decoder: str, matrix: tuple[float, float, float, float]
) -> None:
    path = write_clip(tmp_path / "clip.mp4", [quarters()] * 3)
    set_display_matrix(path, display_matrix(*matrix))
    assert quarters_in(shown(path, decoder)) == "RGBW"


@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize("matrix", UNKNOWN_MATRICES)
def test_a_matrix_that_nobody_can_convert_is_shown_as_bt709(
    tmp_path: Path, decoder: str, matrix: int, color_range: int
) -> None:
    coding = Coding(matrix=matrix, matrix_of_pixels=1, color_range=color_range)
    picture = shown(write_tagged(tmp_path / "clip.mkv", flat(200, 60, 20), coding), decoder)
    assert np.abs(picture[48, 64].astype(int) - (200, 60, 20)).max() <= 6


@pytest.mark.parametrize("matrix", [0, 3, 200])
def test_a_matrix_that_is_none_is_taken_for_unspecified(tmp_path: Path, decoder: str, matrix: int) -> None:
    """RGB of a film that is not, reserved, and nonsense: FFmpeg's decoders leave the tag out."""
    coding = Coding(matrix=matrix, matrix_of_pixels=5)
    picture = shown(write_tagged(tmp_path / "clip.mkv", flat(200, 60, 20), coding), decoder)
    assert np.abs(picture[48, 64].astype(int) - (200, 60, 20)).max() <= 6


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv422p10le", "yuv444p"])
@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize("matrix", KNOWN_MATRICES)
def test_a_known_matrix_is_obeyed(
    tmp_path: Path, decoder: str, matrix: int, color_range: int, pixel_format: str
) -> None:
    coding = Coding(pixel_format=pixel_format, matrix=matrix, color_range=color_range)
    picture = shown(write_tagged(tmp_path / "clip.mkv", flat(200, 60, 20), coding), decoder)
    assert np.abs(picture[48, 64].astype(int) - (200, 60, 20)).max() <= 6


@pytest.mark.parametrize("matrix", [1, 9, 2, 14])
@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p10le", "yuv420p"])
@pytest.mark.parametrize(("transfer", "white", "red"), [(16, 148, (120, 70, 40)), (18, 191, (150, 70, 30))])
def test_high_dynamic_range_is_shown_bright_whatever_the_matrix(
    tmp_path: Path,
    decoder: str,
    matrix: int,
    pixel_format: str,
    transfer: int,
    white: int,
    red: tuple[int, int, int],
) -> None:
    picture = flat(white, white, white)
    picture[:, :64] = red
    coding = Coding(
        pixel_format=pixel_format,
        matrix=matrix,
        matrix_of_pixels=1 if matrix == 14 else None,
        transfer=transfer,
        primaries=9,
    )
    seen = shown(write_tagged(tmp_path / "clip.mkv", picture, coding), decoder).astype(int)
    assert seen[48, 96].min() >= 210
    assert seen[48, 32, 0] - seen[48, 32, 1:].max() >= 90


def test_wide_primaries_alone_are_converted(tmp_path: Path, decoder: str) -> None:
    coding = Coding(matrix=9, transfer=14, primaries=9)
    picture = shown(write_tagged(tmp_path / "clip.mkv", flat(210, 84, 46), coding), decoder).astype(int)
    red, green, blue = picture[48, 64]
    assert red >= 240
    assert max(green, blue) <= 60


LOGO = np.zeros((96, 128, 4), np.uint8)
LOGO[..., 1] = 250  # under the transparency as well
LOGO[:48, :, 0], LOGO[:48, :, 3] = 250, 255
LOGO[72:, :, 3] = 128
TRANSPARENT = {
    "ProRes 4444": ("mov", Coding("prores_ks", "yuva444p10le")),
    "QuickTime Animation": ("mov", Coding("qtrle", "argb")),
    "PNG": ("mov", Coding("png", "rgba")),
    "raw": ("mov", Coding("rawvideo", "argb")),
    "FFV1": ("mkv", Coding("ffv1", "yuva420p")),
    "FFV1 of 10 bits": ("mkv", Coding("ffv1", "yuva444p10le")),
    "FFV1 in an unknown matrix": ("mkv", Coding("ffv1", "yuva420p", matrix=14, matrix_of_pixels=1)),
    "Ut Video": ("avi", Coding("utvideo", "gbrap")),
    "VP9": ("webm", Coding("libvpx-vp9", "yuva420p", options={"crf": "5", "b": "0"})),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_a_transparent_film_lies_on_the_background(tmp_path: Path, decoder: str, name: str) -> None:
    suffix, coding = TRANSPARENT[name]
    picture = shown(write_tagged(tmp_path / f"clip.{suffix}", LOGO, coding), decoder).astype(int)
    assert np.abs(picture[24, 64] - (250, 250, 0)).max() <= 8
    assert np.abs(picture[60, 64] - BACKGROUND).max() <= 8
    assert np.abs(picture[84, 64] - (64, 189, 64)).max() <= 8


def test_hidden_colours_do_not_run_into_what_is_seen(tmp_path: Path, decoder: str) -> None:
    """Thin white lines on nothing, scaled down: a mixture of white and background, however green below."""
    lines = np.zeros((800, 800, 4), np.uint8)
    lines[..., 1] = 255
    lines[:, ::4] = 255
    path = write_tagged(tmp_path / "clip.mov", lines, Coding("png", "rgba"), count=1)
    red, green, blue = shown(path, decoder)[100:300, 100:300].mean(axis=(0, 1))
    assert max(red, green, blue) - min(red, green, blue) < 4
    assert 150 < green < 170


def test_a_gif_with_holes_lies_on_the_background(tmp_path: Path, decoder: str) -> None:
    picture = Image.new("P", (64, 48), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(0, (0, 0, 32, 48))
    more = [picture.copy() for _ in range(3)]
    path = tmp_path / "clip.gif"
    picture.save(path, save_all=True, append_images=more, duration=200, transparency=0, disposal=2)
    seen = shown(path, decoder).astype(int)
    assert np.abs(seen[24, 8] - BACKGROUND).max() <= 6
    assert np.abs(seen[24, 56] - (0, 0, 255)).max() <= 6


def test_the_reserved_byte_of_a_raw_avi_hides_nothing(tmp_path: Path, decoder: str) -> None:
    clear = np.dstack([flat(200, 60, 20), np.zeros((96, 128), np.uint8)])
    picture = shown(write_tagged(tmp_path / "clip.avi", clear, Coding("rawvideo", "bgra")), decoder)
    assert np.abs(picture[48, 64].astype(int) - (200, 60, 20)).max() <= 6


def test_hidden_colours_make_no_cut(tmp_path: Path, decoder: str) -> None:
    """Under full transparency anything may change."""
    hidden = np.zeros((96, 128, 4), np.uint8)
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=2)
        stream.height, stream.width, stream.pix_fmt = 96, 128, "rgba"
        for index in range(12):
            hidden[..., :3] = (250, 0, 0) if index < 6 else (0, 0, 250)
            frame = av.VideoFrame.from_ndarray(hidden, format="rgba")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert extract_here(path, decoder).outline.cuts == ()


def test_a_rendering_is_read_from_a_frame() -> None:
    frame = av.VideoFrame(16, 8, "yuva420p")
    frame.colorspace, frame.color_primaries, frame.color_trc = 14, 9, 16
    rendering = rendering_of(frame)
    assert rendering == Rendering(matrix=14, primaries=9, transfer=16, has_alpha=True)
    assert not rendering.matrix_is_known
    assert (rendering.pixel_format, rendering.channels) == ("rgba", 4)
    assert not rendering_of(frame, opaque=True).has_alpha


@pytest.mark.parametrize(
    ("pixel_format", "expected"),
    [("ya8", True), ("pal8", True), ("gbrap", True), ("bgra", True), ("rgb0", False), ("nv12", False)],
)
def test_alpha_is_seen_in_the_pixel_format(pixel_format: str, expected: bool) -> None:
    assert rendering_of(av.VideoFrame(16, 8, pixel_format)).has_alpha is expected


def test_a_sideways_picture_is_scaled_lying() -> None:
    assert Rendering(Orientation(rotation=90)).stored_size(30, 20) == (20, 30)
    assert Rendering(Orientation(mirrored=True, rotation=180)).stored_size(30, 20) == (30, 20)
    filters = Rendering(Orientation(rotation=90)).filters(20, 30)
    assert [name for name, _ in filters] == ["scale", "format"]
    turned = Rendering(Orientation(rotation=90)).rendered(np.zeros((30, 20, 3), np.uint8))
    assert turned.shape == (20, 30, 3)


def test_a_transparent_film_may_be_mirrored(tmp_path: Path, decoder: str) -> None:
    picture = np.dstack([quarters(), np.full((96, 128), 255, np.uint8)])
    picture[60:84, 20:44, 3] = 0  # within the blue quarter, which comes to the right
    path = write_tagged(tmp_path / "clip.mov", picture, Coding("qtrle", "argb"))
    set_display_matrix(path, display_matrix(*EIGHT_MATRICES["mirrored"]))
    seen = shown(path, decoder)
    assert np.abs(seen[72, 96].astype(int) - BACKGROUND).max() <= 6
    assert np.abs(seen[72, 32].astype(int) - (240, 240, 240)).max() <= 6
