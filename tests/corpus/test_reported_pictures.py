"""Films of public bug reports that were shown mirrored, grey, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.media import MediaInfo
from tests.support.media import Pixels, collect, extract_here, film, has_ffmpeg, jpeg_pixels

pytestmark = pytest.mark.corpus

MATRICES = [
    "000_gbr",
    "001_bt709",
    "003_reserved",
    "004_fcc",
    "005_bt470bg",
    "006_smpte170m",
    "007_smpte240m",
    "008_ycgco",
    "008_ycgco_tv",
    "009_bt2020nc",
    "010_bt2020c",
    "011_smpte2085",
    "012_chroma-derived-nc",
    "012_chroma-derived-nc_tv",
    "013_chroma-derived-c",
    "014_ictcp",
    "014_ictcp_tv",
    "200_unknown200",
]
UNKNOWN_MATRICES = ["008_ycgco", "010_bt2020c", "011_smpte2085", "013_chroma-derived-c", "014_ictcp"]
DECODERS = [
    "pyav",
    pytest.param("ffmpeg", marks=pytest.mark.skipif(not has_ffmpeg(), reason="no ffmpeg binary here")),
]
QUARTERS = {
    "plain": "RGBW",
    "mirrored": "GRWB",
    "upside_down_mirrored": "BWRG",
    "turned_90": "BRWG",
    "turned_180": "WBGR",
    "turned_270": "GWRB",
    "transposed": "RBGW",
    "transposed_other": "WGBR",
}


@pytest.fixture
def reported(shared: Path) -> Path:
    """The folder of the reported cases."""
    return shared / "corpus" / "reported"


def shown(path: Path, decoder: str) -> Pixels:
    """The first sampled frame."""
    return jpeg_pixels(extract_here(path, decoder).frames[0].jpeg)


def patches(picture: Pixels) -> list[list[int]]:
    """The centres of the eight upright stripes of a picture."""
    height, width = picture.shape[:2]
    return [picture[height // 2, x].tolist() for x in range(width // 16, width, width // 8)]


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", QUARTERS)
def test_a_mirrored_film_is_seen_as_a_player_shows_it(reported: Path, name: str, decoder: str) -> None:
    path = reported / "b05-mirrored" / f"{name}.mp4"
    picture, info = shown(path, decoder), film(path)
    height, width = picture.shape[:2]
    assert (width, height) == (info.width, info.height)
    letters = {"100": "R", "010": "G", "001": "B", "111": "W"}
    quarters = [picture[height * row // 4, width * column // 4] > 128 for row in (1, 3) for column in (1, 3)]
    assert "".join(letters["".join(str(int(level)) for level in seen)] for seen in quarters) == QUARTERS[name]


@pytest.mark.parametrize("name", MATRICES)
def test_a_film_in_any_matrix_is_read_in_the_bounded_child(reported: Path, name: str) -> None:
    path = reported / "b06-colour-matrix" / f"{name}.mp4"
    with new_worker() as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        assert collect(worker.extract(path, info, Sampling())).frames


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", UNKNOWN_MATRICES)
def test_a_matrix_that_nobody_can_convert_is_shown_as_bt709(reported: Path, name: str, decoder: str) -> None:
    folder = reported / "b06-colour-matrix"
    np.testing.assert_array_equal(
        shown(folder / f"{name}.mp4", decoder), shown(folder / "001_bt709.mp4", decoder)
    )


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(("name", "least_white"), [("sdr", 250), ("pq", 200), ("hlg", 185)])
def test_high_dynamic_range_is_not_washed_out(
    reported: Path, name: str, least_white: int, decoder: str
) -> None:
    white, _, _, dark_grey, red, *_ = patches(shown(reported / "b10-hdr-washed-out" / f"{name}.mp4", decoder))
    assert min(white) >= least_white
    assert min(white) - max(dark_grey) >= 130
    assert red[0] - max(red[1:]) >= 100
