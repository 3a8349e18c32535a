"""The errors a user can meet, each one line that names the cause and the remedy.

    MediaIndexError                  1  the command failed
    ├── UsageError                   2  the words of the command do not fit
    │   ├── ConfigError              2  a setting is unknown or has a wrong value
    │   └── QueryError               2  a query or filter cannot be read
    ├── WriterBusy                   3  another process is the writer
    ├── EncoderUnavailable           4  encoder or weights are not here
    │   └── EncoderMismatch          4  weights of another shape or another encoder
    ├── GeneratorUnavailable         4  no generator for the encoder is here
    ├── MediaError                   5  one media file cannot be read
    │   ├── ProbeError               5  its headers cannot be read
    │   ├── DecodeError              5  its pictures cannot be decoded
    │   └── DecoderDied              5  the decoding process was killed or crashed
    ├── StoreError                   6  the library is damaged
    │   └── SchemaTooNew             6  a newer mediaindex wrote this library
    └── NoSpace                      7  no space, no permission or an unfit file system

The number is the exit code. Two more codes have no class: 0 done, 130 interrupted.
"""

from __future__ import annotations

import errno

DONE = 0
SOME_MEDIA_FAILED = 5
INTERRUPTED = 130

_NO_ROOM = {errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EDQUOT}


def is_no_room(error: OSError) -> bool:
    """Whether a file of the library cannot be written for lack of space or of permission."""
    return error.errno in _NO_ROOM


class MediaIndexError(Exception):
    """Anything a user is told in one line; `str()` of it is that line."""

    exit_code = 1


class UsageError(MediaIndexError):
    """The words of the command do not fit."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown or has a wrong value."""


class QueryError(UsageError):
    """A query or filter cannot be read."""


class WriterBusy(MediaIndexError):
    """Another process holds the writer lock and a request cannot serve."""

    exit_code = 3


class EncoderUnavailable(MediaIndexError):
    """The encoder or its weights are not on this machine."""

    exit_code = 4


class EncoderMismatch(EncoderUnavailable):
    """The weights have another shape than the model, or belong to another encoder."""


class GeneratorUnavailable(MediaIndexError):
    """A search was to be reranked, and no generator for its encoder is on this machine."""

    exit_code = 4


class MediaError(MediaIndexError):
    """One media file cannot be read; the run goes on.

    Args:
        reason: what a person reads, without the path.
        transient: True where a later try may succeed (I/O error, time-out, memory).
    """

    exit_code = SOME_MEDIA_FAILED
    stage = "read"

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.transient = transient


class ProbeError(MediaError):
    """The headers of a file cannot be read."""

    stage = "probe"


class DecodeError(MediaError):
    """The pictures of a file cannot be decoded."""

    stage = "decode"


class DecoderDied(MediaError):
    """The decoding process was killed or crashed on this file; dead at the second time."""

    stage = "decode"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, transient=True)


class StoreError(MediaIndexError):
    """The library is damaged; `mediaindex check --repair` is the remedy."""

    exit_code = 6


class SchemaTooNew(StoreError):
    """A newer mediaindex wrote this library."""


class NoSpace(MediaIndexError):
    """No space, no permission, or a file system on which a library cannot live."""

    exit_code = 7
