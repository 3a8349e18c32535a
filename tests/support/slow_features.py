"""`mediaindex features` in a process that finishes a part with every picture, to be killed between two."""

from __future__ import annotations

import pytest

from mediaindex import cli
from mediaindex.learn.features import feature_parts, feature_pass
from tests.support.commands import use_these_encoders


def slow_child() -> int:
    """The command line in a process of its own, which finishes a part with every picture."""
    patches = pytest.MonkeyPatch()
    use_these_encoders(patches)
    patches.setattr(feature_pass, "GATHERED_PICTURES", 1)
    patches.setattr(feature_pass, "GATHERED_BATCHES", 0)
    patches.setattr(feature_parts, "PART_CLIPS", 1)
    return cli.main()
