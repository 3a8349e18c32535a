"""The shares of a training: of one encoder, without a picture in two of them."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.learn.features.feature_set import Features, joined
from mediaindex.learn.training.data import (
    TrainingData,
    at_most,
    of_clips,
    pairs_of,
    read_training_data,
    shared_out,
)
from tests.support.training_features import EVIDENCE, WIDTH, clips, header, write


def of_validation(data: TrainingData, **changes: Any) -> Features:
    return replace(data.validation, **changes)


def test_features_of_another_encoder_are_refused_by_name(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = write(tmp_path / "other", clips(4, "val"), header("val", encoder="large"))
    with pytest.raises(EncoderMismatch, match=r"other holds features of the encoder large, not of tiny"):
        read_training_data([files[0], other])
    with pytest.raises(EncoderMismatch, match="holds features of the encoder tiny, not of large"):
        read_training_data(files, encoder=header(encoder="large"))
    wider = write(tmp_path / "wider", clips(4, "val"), replace(header("val"), dim=WIDTH * 2))
    with pytest.raises(EncoderMismatch, match="other weights of tiny"):
        read_training_data([files[0], wider])


def test_files_that_do_not_fit_together_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    bare = write(tmp_path / "bare", clips(4, "val"), header("val", evidence=None))
    with pytest.raises(UsageError, match="bare holds no evidence, other files do"):
        read_training_data([files[0], bare])
    with pytest.raises(UsageError, match="is given twice"):
        read_training_data([files[0], files[0].parent / "." / files[0].name])
    with pytest.raises(UsageError, match="needs a feature file"):
        read_training_data([])
    with pytest.raises(UsageError, match="two clips to train on and two to choose by, there are 0 and 40"):
        read_training_data(files[1:])


def test_features_that_are_no_numbers_or_show_nothing_are_named(data: TrainingData) -> None:
    frames = data.validation.frames.copy()
    frames[3, 0, 0] = np.nan
    wrong = "the features of 2 pairs hold a NaN or an infinity: val-003.jpg: caption 0 of 3"
    with pytest.raises(UsageError, match=wrong):
        pairs_of(of_validation(data, frames=frames))
    mask = data.validation.mask.copy()
    mask[5] = False
    with pytest.raises(UsageError, match=r"1 clips have no real frame: val-005\.jpg"):
        shared_out(of_validation(data, mask=mask), encoder="tiny", digest="0")


def test_no_group_is_in_two_shares(tmp_path: Path) -> None:
    many, few = clips(20), clips(6, "val", seed=1)
    also = dataclasses.replace(few[0], group=many[3].group)
    data = read_training_data([write(tmp_path / "a", many), write(tmp_path / "b", [also, *few[1:]])])
    assert (data.overlap, data.held_out) == (1, False)
    assert many[3].group not in data.train.groups
    assert len(data.train.paths) == 19


def test_a_tenth_of_the_groups_is_held_out_and_always_the_same(files: tuple[Path, Path]) -> None:
    data = read_training_data(files[:1])
    assert data.held_out
    assert (len(data.train.paths), len(data.validation.paths)) == (72, 8)
    assert not set(data.train.groups) & set(data.validation.groups)
    assert read_training_data(files[:1]).validation.paths == data.validation.paths
    assert data.evidence_width == EVIDENCE


def test_some_clips_keep_their_captions(data: TrainingData) -> None:
    whole = data.train
    chosen = np.arange(80) % 3 == 0
    some = of_clips(whole, chosen)
    assert some.captions == tuple(
        text for text, clip in zip(whole.captions, whole.clip, strict=True) if chosen[clip]
    )
    assert some.names == tuple(
        name for name, clip in zip(whole.names, whole.clip, strict=True) if chosen[clip]
    )
    again = joined([some, of_clips(whole, ~chosen)])
    assert sorted(again.names) == sorted(whole.names)
    assert len(at_most(whole, 30).paths) == 30
    assert at_most(whole, 80) is whole


def test_at_most_so_many_clips_are_always_the_same(data: TrainingData) -> None:
    few, fewer = at_most(data.train, 30), at_most(data.train, 20)
    assert set(fewer.paths) < set(few.paths)
    assert at_most(data.train, 30).paths == few.paths


def test_pairs_are_the_features_in_float32(data: TrainingData) -> None:
    pairs = pairs_of(data.validation)
    assert {pairs.text.dtype, pairs.frames.dtype} == {torch.float32}
    assert pairs.clip.tolist() == data.validation.clip.tolist()
    np.testing.assert_array_equal(pairs.mask.numpy(), data.validation.mask)
    np.testing.assert_array_equal(pairs.text.numpy(), data.validation.text.astype(np.float32))
    assert pairs.words is not None
    assert pairs_of(of_validation(data, words=None, word_mask=None)).words is None
