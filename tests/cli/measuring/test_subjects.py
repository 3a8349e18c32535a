"""What is measured on: refusals of what does not fit. What fits is in tests/cli/test_eval.py."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mediaindex.cli.measuring.subjects import subjects_of_files
from mediaindex.config import load_config
from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS
from tests.support.training_features import clips, header, write

TYPED = argparse.Namespace(encoder=None, qb_norm=False)


def test_a_file_is_a_subject_by_its_own_name(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.parquet", clips(8, "test"))
    (subject,) = subjects_of_files(TYPED, [str(path)], None, load_config({}))
    assert (subject.benchmark, subject.sampling, subject.bank, subject.left_out) == (
        "mine.parquet", "benchmark", None, None,
    )  # fmt: skip
    assert subject.pairs.clips == 8


def test_training_features_are_the_bank(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{split}.parquet", clips(8, split)) for split in ("train", "test")]
    typed = argparse.Namespace(encoder=None, qb_norm=True)
    (subject,) = subjects_of_files(typed, list(map(str, paths)), None, load_config({}))
    assert subject.bank is not None
    assert (len(subject.bank.text), subject.bank.clips is not None) == (16, True)
    with pytest.raises(UsageError, match="--qb-norm needs a bank"):
        subjects_of_files(typed, [str(paths[1])], None, load_config({}))


def test_what_does_not_fit(tmp_path: Path) -> None:
    train = str(write(tmp_path / "train.parquet", clips(8)))
    with pytest.raises(UsageError, match="is of the split train; give features of the split test"):
        subjects_of_files(TYPED, [train], None, load_config({}))
    test = str(write(tmp_path / "test.parquet", clips(8, "test")))
    with pytest.raises(UsageError, match="holds captions of some, not of msvd"):
        subjects_of_files(TYPED, [test], BENCHMARKS["msvd"], load_config({}))
    other = str(write(tmp_path / "other.parquet", clips(8, "test"), header("test", encoder="other")))
    with pytest.raises(EncoderMismatch, match="holds features of"):
        subjects_of_files(TYPED, [test, other], None, load_config({}))
