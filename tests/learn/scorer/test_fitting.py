"""From captioned pictures to a scorer that the encoder reads, and the mixture that a search finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.learn.scorer.fitting import MediaFolder, fit_scorer
from mediaindex.search.ranking.generator_registry import generators_of
from mediaindex_models.region_records import RECORD_BYTES, unpacked
from tests.support.fake_encoder import FakeEncoder
from tests.support.pictured import DECODING, Study, study


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study(tmp_path_factory.mktemp("own"))


def test_what_is_made_is_what_the_encoder_and_a_search_read(own: Study, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    fitted = fit_scorer(
        own.encoder,
        own.data,
        MediaFolder(own.pictures, DECODING),
        tmp_path / "generators" / "linear",
        corrects_hubs=True,
        steps=20,
        progress=lambda *now: told.append(now),
    )
    report = fitted.report
    assert fitted.skipped == ()
    assert (report["clips"], report["steps"]) == (60, 20)
    assert report["path"] == str(own.weights / "scorer.safetensors")
    assert list(dict.fromkeys(stage for stage, _done, _all in told)) == [
        "reading what to learn",
        "reading validation",
        "reading the test",
        "training the scorer",
        "measuring the scorer",
        "training a scorer without one half",
        "listing one half",
        "training a scorer without the other half",
        "listing the other half",
    ]
    assert fitted.lists is not None
    assert fitted.lists.scorer == report["digest"]
    assert sum(lists.chosen.shape[1] for lists in fitted.lists.training) <= 60
    encoder = load_encoder(own.encoder.spec.name, device="cpu")
    assert encoder.spec.scorer == report["digest"]
    assert encoder.spec.digest == own.encoder.spec.digest
    picture = np.asarray(Image.open(own.pictures / own.features.paths[0]))
    records = encoder.images([picture]).regions
    assert records is not None
    assert records.shape == (1, RECORD_BYTES)
    assert unpacked(records).known.all()
    assert np.isfinite(encoder.asked("a red dog").numbers(records[:, None])).all()
    (mixture,) = [one for one in generators_of(tmp_path) if one.digest == own.encoder.spec.digest]
    assert (mixture.preset, mixture.scorer, mixture.gate.on) == ("linear", report["digest"], report["on"])
    again = fit_scorer(
        own.encoder,
        own.data,
        MediaFolder(own.pictures, DECODING),
        tmp_path / "generators" / "linear",
        corrects_hubs=True,
        steps=20,
    )
    assert again.report["digest"] == report["digest"], "the same seed gives the same"


def test_media_that_are_not_there_leave_everything_as_it_was(own: Study, tmp_path: Path) -> None:
    before = sorted(path.name for path in own.weights.iterdir())
    with pytest.raises(UsageError, match="give --media the folder that 'features' was given") as raised:
        fit_scorer(
            own.encoder,
            own.data,
            MediaFolder(tmp_path, DECODING),
            tmp_path / "generators",
            corrects_hubs=True,
        )
    assert "0 can be read" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert sorted(path.name for path in own.weights.iterdir()) == before
    assert not (tmp_path / "generators").exists()


def test_an_encoder_without_tokens_is_refused(own: Study, tmp_path: Path) -> None:
    data = replace(own.data, encoder="colours")
    with pytest.raises(EncoderMismatch, match="takes no scorer beside its weights"):
        fit_scorer(
            FakeEncoder(name="colours"),
            data,
            MediaFolder(own.pictures, DECODING),
            tmp_path,
            corrects_hubs=True,
        )
