"""Captioned pictures, and a tiny encoder with random weights that sees them."""

from __future__ import annotations

import pytest

from tests.support.pictured import Study, study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study(tmp_path_factory.mktemp("pictured"))
