"""The numbers of the moments of a library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mediaindex.search.channels.pictures import PictureChannel, Wanted
from mediaindex.search.confidence.moment_numbers import moment_numbers
from mediaindex.search.confidence.picture_numbers import NAMES
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.reader import SpaceReader, consistent
from tests.support.judged_library import NumberedEncoder, filled


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as library:
        yield library


def test_the_best_moment_stands_out_of_the_library(made: Library) -> None:
    space = filled(made, count=80, texts=())
    reader = SpaceReader(made, space)
    pictures = consistent(made, lambda c: PictureChannel(reader.snapshot(c), blend=space.blend))
    query = NumberedEncoder(noise=0.1).texts(["clip 7"]).pooled[0]
    query /= np.linalg.norm(query)
    similarity, error = pictures.similarities(query)
    hits = pictures.best_moments(query, similarity, error, Wanted(3))[:3]
    bank = reader.bank
    assert bank is not None
    numbers = np.array(moment_numbers(pictures, bank, similarity, hits))
    assert numbers.shape == (3, len(NAMES))
    of = dict(zip(NAMES, numbers.T, strict=True))
    assert of["z"][0] == pytest.approx((similarity.max() - similarity.mean()) / similarity.std(), rel=1e-3)
    assert of["margin"][0] > 0 > of["margin"][1]
    assert of["similarity"].tolist() == pytest.approx([hit.moment.similarity for hit in hits])
    assert of["log_segments"] == pytest.approx(np.log(80))
