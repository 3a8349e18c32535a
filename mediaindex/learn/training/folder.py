"""The folder of a training while it runs: `OUT.partial/` keeps the state from which the next run goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from mediaindex.errors import NoSpace, UsageError
from mediaindex.store.lock import writer_lock

_LOCK, _STATE, _BATCH, _CURVES = "lock", "state.safetensors", "not-finite.txt", "tensorboard"


class TrainingFolder:
    """A context manager that holds the lock of OUT.partial.

    Attributes:
        state: the file that keeps the run. curves: folder of TensorBoard's files.

    Raises, on entering:
        UsageError: OUT exists, or OUT.partial keeps a run and `resume` is off.
        WriterBusy: another process trains there. NoSpace: nothing can be written.
    """

    def __init__(self, out: Path, *, resume: bool) -> None:
        self.out = out
        self.partial = out.with_name(f"{out.name}.partial")
        self.state = self.partial / _STATE
        self.curves = self.partial / _CURVES
        self._batch = self.partial / _BATCH
        self._resume = resume
        self._lock = contextlib.ExitStack()

    def __enter__(self) -> TrainingFolder:
        if os.path.lexists(self.out):
            beside = f"; {self.partial} is left of its making, and can be removed" * self.partial.is_dir()
            raise UsageError(f"{self.out} exists; choose another --out, or remove it first{beside}")
        with writing(self.out):
            self.partial.mkdir(parents=True, exist_ok=True)
        self._lock.enter_context(writer_lock(self.partial / _LOCK))
        if self.state.exists() and not self._resume:
            self._lock.close()
            raise UsageError(
                f"{self.partial} keeps a run that did not end; go on with --resume, or choose another --out"
            )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def name_batch(self, names: tuple[str, ...]) -> Path:
        """Write the captions of a batch whose loss is not finite to a file, one a line; the file."""
        with writing(self.out):
            self._batch.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return self._batch

    def finish(self) -> None:
        """Move the curves to OUT and remove what this class wrote; anything else in OUT.partial stays."""
        with contextlib.suppress(OSError):
            if self.curves.is_dir():
                shutil.move(self.curves, self.out / _CURVES)
            for name in (_STATE, _BATCH, _LOCK):
                (self.partial / name).unlink(missing_ok=True)
            self.partial.rmdir()


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """A block in which a failed write becomes one line with its remedy.

    Raises:
        NoSpace: in place of an OSError, and of a SafetensorError, which safetensors raises for one.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise NoSpace(
            f"{out} cannot be written: {reason}; free space or choose another --out, and run again with "
            "--resume to go on"
        ) from error
