"""How files are read: by the values that the settings name, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.assembly import reading
from mediaindex.config import load_config
from mediaindex.media import MediaInfo, NotAVideo
from mediaindex.sources.scan import scan
from tests.support.films import film
from tests.support.media import write_sound

pytestmark = pytest.mark.usefixtures("kept_decoders")


def test_sampling_takes_the_sizes_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_FRAME_SHORT_SIDE", "128")
    monkeypatch.setenv("MEDIAINDEX_FRAME_QUALITY", "70")
    monkeypatch.setenv("MEDIAINDEX_GAP_SECONDS", "2.5")
    sampling = reading.sampling_of(load_config())
    assert (sampling.short_side, sampling.quality, sampling.gap_seconds) == (128, 70, 2.5)


def test_the_library_itself_is_never_media(library: Path) -> None:
    film(library / "red.mp4", "red")
    path = film(library.parent / "videos" / "blue.mp4", "blue")
    rules = reading.rules_of(load_config({"library": str(library)}))
    assert [Path(event.path) for event in scan([library.parent], rules=rules)] == [path]


def test_a_decoder_reads_a_film_and_refuses_what_is_none(tmp_path: Path) -> None:
    path = film(tmp_path / "red.mp4", "red")
    write_sound(tmp_path / "song.mp4")
    with reading.new_decoder(load_config()) as worker:
        assert isinstance(worker.probe(path), MediaInfo)
        assert isinstance(worker.probe(tmp_path / "song.mp4"), NotAVideo)


def test_decoding_has_the_jobs_of_the_settings() -> None:
    config = load_config({"jobs": 3})
    decoding = reading.decoding_of(config)
    assert (decoding.sampling, decoding.jobs) == (reading.sampling_of(config), 3)
