"""What a file is, whatever its name: a quick hash of samples and the full hash of its bytes.

The partial hash is a hint (an edit between the samples escapes it), the full hash is identity.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from mediaindex.errors import MediaError

SAMPLES = 5
SAMPLE_BYTES = 64 * 1024
CHUNK_BYTES = 1024 * 1024
LEAD_BYTES = 64 * 1024 * 1024


def partial_hash(path: Path) -> str:
    """BLAKE2b of five samples of 64 KiB (start, quarters, end), or of all of a smaller file; 32 hex digits.

    Raises:
        MediaError: the file cannot be read, or shrinks while it is read.
    """
    with _reading(path) as (descriptor, size):
        digest = hashlib.blake2b(digest_size=16)
        for offset, length in _samples(size):
            sample = os.pread(descriptor, length, offset)
            if len(sample) != length:
                raise _shrunk()
            digest.update(sample)
        return digest.hexdigest()


def full_hash(path: Path, *, cancelled: Callable[[], bool] = lambda: False) -> str:
    """SHA-256 of the whole file, 64 hex digits.

    Args:
        cancelled: asked before each MiB.

    Raises:
        MediaError: the file cannot be read, changes its size while it is read, or `cancelled` said so.
    """
    return _digest(path, lambda _offset: not cancelled())


class HashReader:
    """The full hash made beside a decoder, at most `lead_bytes` ahead of it, so the disk is read once.

    Used as a context manager; leaving it gives up what is not finished.
    """

    def __init__(self, path: Path, *, lead_bytes: int = LEAD_BYTES) -> None:
        self._path = path
        self._lead_bytes = lead_bytes
        self._position = 0
        self._finished = False
        self._cancelled = False
        self._changed = threading.Condition()
        self._outcome: str | MediaError | None = None
        self._thread = threading.Thread(target=self._run, name="hash", daemon=True)

    def start(self) -> HashReader:
        """Begin to read, in a thread."""
        self._thread.start()
        return self

    def advance(self, position: int) -> None:
        """The decoder has read `position` bytes from the file's start; a smaller number changes nothing."""
        with self._changed:
            self._position = max(self._position, position)
            self._changed.notify_all()

    def finish(self) -> None:
        """The decoder has ended: the rest is read without a bound."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Give up; the thread ends with the chunk it is reading."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def result(self) -> str:
        """The full hash, as `full_hash`, once the file is read to its end (this implies `finish`).

        Raises:
            MediaError: as `full_hash`.
        """
        self.finish()
        self._thread.join()
        if isinstance(self._outcome, MediaError):
            raise self._outcome
        assert self._outcome is not None
        return self._outcome

    def __enter__(self) -> HashReader:
        return self.start()

    def __exit__(self, *_: object) -> None:
        # No join: a read that hangs on a dead share must not hold up the files after it.
        self.cancel()

    def _run(self) -> None:
        try:
            self._outcome = _digest(self._path, self._may_read)
        except MediaError as error:
            self._outcome = error

    def _may_read(self, offset: int) -> bool:
        """Wait until the chunk at `offset` lies within the lead; False once cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or self._within_lead(offset))
            return not self._cancelled

    def _within_lead(self, offset: int) -> bool:
        return self._finished or offset + CHUNK_BYTES <= self._position + self._lead_bytes


def _digest(path: Path, may_read: Callable[[int], bool]) -> str:
    with _reading(path) as (descriptor, size):
        _announce_sequential(descriptor)
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(CHUNK_BYTES))
        offset = 0
        while True:
            if not may_read(offset):
                raise MediaError("reading was cancelled", transient=True)
            count = os.readv(descriptor, [buffer])
            if count == 0:
                break
            digest.update(buffer[:count])
            offset += count
        if offset != size:
            raise MediaError("the file changed its size while it was read", transient=True)
        return digest.hexdigest()


def _samples(size: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of what the partial hash reads; the whole where the samples would cover it."""
    if size <= SAMPLES * SAMPLE_BYTES:
        yield 0, size
        return
    for number in range(SAMPLES):
        yield number * (size - SAMPLE_BYTES) // (SAMPLES - 1), SAMPLE_BYTES


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[tuple[int, int]]:
    """A descriptor and the size of a regular file, I/O errors translated."""
    try:
        # O_NONBLOCK: a pipe put in the file's place must not block the open for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise MediaError("it is not a regular file")
            yield descriptor, status.st_size
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MediaError(f"it cannot be read: {error.strerror or error}", transient=True) from error


def _announce_sequential(descriptor: int) -> None:
    if hasattr(os, "posix_fadvise"):  # macOS has none
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)


def _shrunk() -> MediaError:
    return MediaError("the file became shorter while it was read", transient=True)
