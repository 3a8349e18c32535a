"""What answers queries: the serving space and its encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.assembly import serving
from mediaindex.config import load_config
from mediaindex.errors import EncoderMismatch
from mediaindex.store.catalog.schema import space as space_table
from mediaindex.store.library import open_library
from tests.support.commands import ENCODER, index_quietly, use_these_encoders
from tests.support.films import film

pytestmark = pytest.mark.usefixtures("kept_decoders")


def test_the_encoder_of_a_space_must_have_its_weights(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "videos" / "red.mp4", "red")
    index_quietly(library, tmp_path / "videos")
    use_these_encoders(monkeypatch, "builtin")
    config = load_config({"library": str(library)})
    with open_library(library) as opened:
        space = serving.serving_space(opened)
        assert space is not None
        assert serving.load_space_encoder(opened, space, config).spec.name == ENCODER
        assert serving.load_space_text_encoder(opened, space, config).spec.name == ENCODER
        with opened.write() as connection:
            connection.execute(space_table.update().values(digest="f" * 64))
        changed = serving.serving_space(opened)
        assert changed is not None
        with pytest.raises(EncoderMismatch, match=f"models use {ENCODER}"):
            serving.load_space_encoder(opened, changed, config)
        with pytest.raises(EncoderMismatch, match=f"models use {ENCODER}"):
            serving.load_space_text_encoder(opened, changed, config)


def test_a_library_without_vectors_serves_no_space(library: Path) -> None:
    with open_library(library, create=True) as opened:
        assert serving.serving_space(opened) is None
