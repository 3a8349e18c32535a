"""Objects made of settings: each takes the values that the settings name, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex import assembly
from mediaindex.config import load_config
from mediaindex.embed import loading
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from mediaindex.media import MediaInfo, NotAVideo
from mediaindex.sources.scan import scan
from mediaindex.store.catalog.schema import space as space_table
from mediaindex.store.library import open_library
from tests.support.commands import ENCODER, index_quietly, use_these_encoders
from tests.support.films import film
from tests.support.media import write_sound

pytestmark = pytest.mark.usefixtures("kept_decoders")


def test_sampling_takes_the_sizes_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_FRAME_SHORT_SIDE", "128")
    monkeypatch.setenv("MEDIAINDEX_FRAME_QUALITY", "70")
    monkeypatch.setenv("MEDIAINDEX_GAP_SECONDS", "2.5")
    sampling = assembly.sampling_of(load_config())
    assert (sampling.short_side, sampling.quality, sampling.gap_seconds) == (128, 70, 2.5)


def test_the_library_itself_is_never_media(library: Path) -> None:
    film(library / "red.mp4", "red")
    path = film(library.parent / "videos" / "blue.mp4", "blue")
    rules = assembly.rules_of(load_config({"library": str(library)}))
    assert [Path(event.path) for event in scan([library.parent], rules=rules)] == [path]


def test_a_decoder_reads_a_film_and_refuses_what_is_none(tmp_path: Path) -> None:
    path = film(tmp_path / "red.mp4", "red")
    write_sound(tmp_path / "song.mp4")
    with assembly.new_decoder(load_config()) as worker:
        assert isinstance(worker.probe(path), MediaInfo)
        assert isinstance(worker.probe(tmp_path / "song.mp4"), NotAVideo)


def test_decoding_has_the_jobs_of_the_settings() -> None:
    config = load_config({"jobs": 3})
    decoding = assembly.decoding_of(config)
    assert (decoding.sampling, decoding.jobs) == (assembly.sampling_of(config), 3)


def test_the_encoder_of_the_settings_is_loaded_where_no_other_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_these_encoders(monkeypatch)
    assert assembly.load_encoder(load_config()).spec.name == ENCODER
    with pytest.raises(EncoderUnavailable, match="no such encoder"):
        assembly.load_encoder(load_config(), "no such encoder")


def test_an_imported_encoder_is_looked_for_in_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[tuple[object, ...]] = []

    def load(name: str, **options: object) -> None:
        requests.append((name, *options.values()))

    monkeypatch.setattr(loading, "load_encoder", load)
    config = load_config({"library": str(tmp_path / "mine"), "device": "cpu"})
    assembly.load_encoder(config, "one")
    assembly.load_encoder(config, "two", library=tmp_path / "other", device="auto", arithmetic=None)
    assert requests == [
        ("one", "cpu", tmp_path / "mine" / "encoders", config.threads, "float32"),
        ("two", "auto", tmp_path / "other" / "encoders", config.threads, None),
    ]


def test_the_encoder_of_a_space_must_have_its_weights(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "videos" / "red.mp4", "red")
    index_quietly(library, tmp_path / "videos")
    use_these_encoders(monkeypatch, "builtin")
    config = load_config({"library": str(library)})
    with open_library(library) as opened:
        space = assembly.serving_space(opened)
        assert space is not None
        assert assembly.load_space_encoder(opened, space, config).spec.name == ENCODER
        assert assembly.load_space_text_encoder(opened, space, config).spec.name == ENCODER
        with opened.write() as connection:
            connection.execute(space_table.update().values(digest="f" * 64))
        changed = assembly.serving_space(opened)
        assert changed is not None
        with pytest.raises(EncoderMismatch, match=f"models use {ENCODER}"):
            assembly.load_space_encoder(opened, changed, config)
        with pytest.raises(EncoderMismatch, match=f"models use {ENCODER}"):
            assembly.load_space_text_encoder(opened, changed, config)


def test_a_library_without_vectors_serves_no_space(library: Path) -> None:
    with open_library(library, create=True) as opened:
        assert assembly.serving_space(opened) is None


@pytest.mark.parametrize(("flags", "chosen"), [({}, None), ({"encoder": "multilingual"}, "multilingual")])
def test_only_an_encoder_that_was_chosen_replaces_the_one_in_use(
    flags: dict[str, str], chosen: str | None, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEDIAINDEX_ENCODER", raising=False)
    config = load_config({"library": str(library), "cache_limit_mib": 7, **flags})
    with open_library(library, create=True) as opened:
        settings = assembly.writer_settings(opened, config)
    assert (settings.encoder, settings.default_encoder) == (chosen, config.encoder)
    assert (settings.cache_limit_mib, settings.exact_limit_mib) == (7, config.exact_limit_mib)
