"""A network over any number of rows, in batches of one fixed size, within the memory there is.

Every batch is padded to the fixed size, so that a row's result does not depend on its neighbours. A CUDA
device has one batch in flight: while it computes, the next is padded and copied from pinned memory.
Out of memory halves the batch; when one row does not fit, the CPU takes over from the GPU, with one line
in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mediaindex.embed.encoder import not_finite, too_little_memory

logger = logging.getLogger(__name__)

_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


class BatchedNetwork:
    """One network on one device, built when it is first called.

    Args:
        build: gives the network: tensors of equal first axis → one tensor or a tuple, likewise.
        size: rows in a batch.
        padded: whether short batches are filled up; texts are not, for a query is one row.
        name: the encoder, in messages.
    """

    def __init__(
        self, build: Callable[[], nn.Module], *, size: int, device: str, name: str, padded: bool
    ) -> None:
        self._build = build
        self._network: nn.Module | None = None
        self._full_size = self._size = size
        self._padded = padded
        self._name = name
        self._sending: torch.cuda.Stream | None = None
        self.device = device

    def __call__(self, *rows: Tensor) -> tuple[Tensor, ...]:
        """The network's float32 results for B >= 1 rows, on the CPU.

        Raises:
            EncoderMismatch: a result is not finite.
            EncoderUnavailable: not even one row fits into memory.
        """
        parts: list[tuple[Tensor, ...]] = []
        in_flight: _Launched | None = None
        start = 0
        while start < len(rows[0]):
            size = self._size
            try:
                launched = self._launch([x[start : start + size] for x in rows])
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._use_less_memory(error)
                continue
            start += size
            if in_flight is not None:
                parts.append(in_flight.results())
            in_flight = launched
        if in_flight is not None:
            parts.append(in_flight.results())
        results = tuple(torch.cat(columns) for columns in zip(*parts, strict=True))
        if not all(bool(torch.isfinite(x).all()) for x in results):
            raise not_finite(self._name)
        return results

    def _launch(self, batch: list[Tensor]) -> _Launched:
        """Begin with a batch; on a CUDA device it is done only when its results are asked for."""
        if self._network is None:
            self._network = self._build().eval().to(self.device)
        count = len(batch[0])
        if self._padded and count < self._size:
            batch = [torch.cat([x, x.new_zeros(self._size - count, *x.shape[1:])]) for x in batch]
        with torch.inference_mode():
            results = self._network(*self._sent(batch))
            tensors = results if isinstance(results, tuple) else (results,)
            is_cuda = tensors[0].is_cuda
            # Not blocking, they are copied into pinned memory.
            copies = tuple(x[:count].float().to("cpu", non_blocking=is_cuda) for x in tensors)
            done = torch.cuda.Event() if is_cuda else None  # type: ignore[no-untyped-call]
            if done is not None:
                done.record()
            return _Launched(copies, done)

    def _sent(self, batch: list[Tensor]) -> list[Tensor]:
        """A batch on the device: to CUDA by a stream of its own, beside what the device computes."""
        if torch.device(self.device).type != "cuda":
            return [x.to(self.device) for x in batch]
        if self._sending is None:
            self._sending = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        computing = torch.cuda.current_stream(self.device)
        with torch.cuda.stream(self._sending):
            sent = [x.pin_memory().to(self.device, non_blocking=True) for x in batch]
        computing.wait_stream(self._sending)
        for x in sent:
            x.record_stream(computing)  # or its memory would be given away while it is still read
        return sent

    def _use_less_memory(self, error: BaseException) -> None:
        if self._size > 1:
            self._size //= 2
            logger.info("%s: out of memory, batches of %d from now on", self._name, self._size)
        elif self.device != "cpu":
            logger.warning("%s: %s has too little memory, going on with cpu", self._name, self.device)
            self.device, self._size = "cpu", self._full_size
            if self._network is not None:
                self._network.to("cpu")
        else:
            raise too_little_memory(self._name) from error


@dataclass(frozen=True, slots=True)
class _Launched:
    """A batch whose copies on the CPU are complete after `done`; at once where there is none."""

    copies: tuple[Tensor, ...]
    done: torch.cuda.Event | None

    def results(self) -> tuple[Tensor, ...]:
        """The results, waited for."""
        if self.done is not None:
            self.done.synchronize()
        return self.copies


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    message = str(error).lower()
    return any(words in message for words in _OUT_OF_MEMORY)
