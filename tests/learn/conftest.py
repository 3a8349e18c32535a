"""A training on feature files so small that it takes milliseconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.learn.training.data import TrainingData, read_training_data
from tests.support.training_features import feature_files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return feature_files(tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def data(files: tuple[Path, Path]) -> TrainingData:
    return read_training_data(files, words=True)
