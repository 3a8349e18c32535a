"""Curves of a training for TensorBoard, where it is installed (extra `train`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Curves:
    """The curves of one run; without TensorBoard they are not written.

    Args:
        folder: of the event files.
        step: after which this run goes on; points of later steps that an earlier run wrote are replaced.
    """

    def __init__(self, folder: Path, *, step: int) -> None:
        self._writer: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to the curve of each name."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write the points that are still in memory."""
        if self._writer is not None:
            self._writer.close()
