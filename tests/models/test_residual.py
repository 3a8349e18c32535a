"""The residual denoiser."""

from __future__ import annotations

from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset
from tests.support.list_features import WIDTH, made_lists


def test_a_residual_generator_reads_frames_alone_where_there_is_no_evidence() -> None:
    generator = Generator(preset("residual", width=WIDTH))
    assert generator.ranker("v2t")(made_lists("v2t", evidence=0)).score.shape == (3, 4)
