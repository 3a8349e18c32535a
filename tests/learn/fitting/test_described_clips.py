"""Described clips: their similarity is that of a search, and what shows the same fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediaindex.learn.features.feature_rows import read_header
from mediaindex.learn.features.feature_set import Features, read_features
from mediaindex.learn.fitting.described_clips import DescribedClips
from tests.support.training_features import clips, write


@pytest.fixture
def features(tmp_path: Path) -> Features:
    path = write(tmp_path / "a.parquet", clips(20, captions=3))
    return read_features(path, encoder=read_header(path), words=False)


def test_a_similarity_is_the_best_three_frames_and_the_mean(features: Features) -> None:
    known = DescribedClips.of_features(features)
    found = known.similarities(known.texts[:4], blend=0.3)
    for text in range(4):
        for clip in range(len(known)):
            frames = features.frames[clip][features.mask[clip]].astype(np.float64)
            frames /= np.linalg.norm(frames, axis=1, keepdims=True)
            mean = frames.sum(axis=0)
            best = np.sort(frames @ known.texts[text])[-3:].mean()
            expected = 0.3 * best + 0.7 * mean @ known.texts[text] / np.linalg.norm(mean)
            assert found[text, clip] == pytest.approx(expected, abs=1e-5)
    assert known.similarities(known.texts[:0], blend=0.3).shape == (0, 20)


def test_a_bound_keeps_the_first_captions_of_each_clip(features: Features) -> None:
    known = DescribedClips.of_features(features, captions=2)
    assert np.bincount(known.of).tolist() == [2] * 20
    assert known.captions[2:4] == ("caption 0 of 1", "caption 1 of 1")
    assert len(known.texts) == len(known.sources) == 40


def test_clips_of_one_film_are_of_one_group_and_one_half(features: Features) -> None:
    known = DescribedClips.of_features(replace(features, groups=tuple("abcd"[n % 4] for n in range(20))))
    assert len(set(known.group.tolist())) == 4
    assert all(len(set(known.half[known.group == group].tolist())) == 1 for group in range(4))
    with_names = DescribedClips.of_features(features)
    assert 0 < with_names.half.sum() < 20


def test_another_clip_that_shows_the_same_is_right(features: Features) -> None:
    alike = np.array([[1.0, 0.0], [0.9, 0.1], [0.95, 0.05], [0.0, 1.0], [0.1, 0.9]], np.float32)
    made = replace(
        DescribedClips.of_features(features),
        frames=np.zeros((3, 1, 2), np.float32),
        texts=alike / np.linalg.norm(alike, axis=1, keepdims=True),
        of=np.array([0, 0, 1, 2, 2]),
    )
    assert made.fitting().tolist() == [[True, True, False]] * 3 + [[False, False, True]] * 2
    single = replace(made, texts=made.texts[[0, 2, 3]], of=np.arange(3))
    assert single.likeness() is None
    assert single.fitting().tolist() == np.eye(3, dtype=bool).tolist()
