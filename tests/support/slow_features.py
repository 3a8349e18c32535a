"""`mediaindex features` in a process that finishes a part with every picture, to be killed between two."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex import cli
from mediaindex.embed import loading
from mediaindex.learn.features import feature_parts, feature_pass
from mediaindex.media import FrameEmbeddings
from tests.support.commands import ENCODER, use_these_encoders
from tests.support.fake_encoder import FakeEncoder

FINISHED_PARTS = 3


class HoldingEncoder(FakeEncoder):
    """The colours, which never come back from the picture after `FINISHED_PARTS`."""

    _pictures = 0

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        self._pictures += len(pictures)
        if self._pictures > FINISHED_PARTS:
            threading.Event().wait()
        return super().images(pictures)


def slow_child() -> int:
    """The command line in a process of its own, which stands still once it has finished some parts."""
    patches = pytest.MonkeyPatch()
    use_these_encoders(patches)
    patches.setattr(loading, "load_encoder", lambda *_, **__: HoldingEncoder(name=ENCODER))
    patches.setattr(feature_pass, "GATHERED_PICTURES", 1)
    patches.setattr(feature_pass, "GATHERED_BATCHES", 0)
    patches.setattr(feature_parts, "PART_CLIPS", 1)
    return cli.main()
