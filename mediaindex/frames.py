"""A film → its sampled frames, cuts and segments: the policy of the frame cache, and who carries it out.

`Sampling` states the policy, `mediaindex.sampler` carries it out inside the child process that a
`DecodeWorker` owns. Nothing here opens a media file, or imports what could.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from mediaindex import wire
from mediaindex.errors import DecoderDied, UsageError
from mediaindex.media import Cue, Keyframe, MediaInfo, NotAVideo, Outline, Position
from mediaindex.sandbox import MEMORY_MIB, REPLY_SECONDS, Limits, Sandbox

# Raise the first number when a change here may read what could not be read before.
DECODER_VERSION = f"1 av-{version('av')}"

MAX_PIXELS = 64_000_000
DECODERS = ("auto", "pyav", "ffmpeg")


@dataclass(frozen=True, slots=True)
class Sampling:
    """The policy of the frame cache.

    Attributes:
        short_side: pixels; smaller pictures keep their size.
        quality: of the JPEGs, 1..95.
        gap_seconds: two frames are at most this far apart where the film has pictures between them.
        max_pixels: a larger picture is not decoded.
    """

    short_side: int = 384
    quality: int = 85
    gap_seconds: float = 3.0
    max_pixels: int = MAX_PIXELS


class DecodeWorker:
    """Probes and decodes in one bounded child process of its own; thread-confined but for `kill`."""

    def __init__(self, sandbox: Sandbox, *, decoder: str, max_pixels: int) -> None:
        self._sandbox = sandbox
        self._decoder = decoder
        self._max_pixels = max_pixels

    def probe(self, path: Path) -> MediaInfo | NotAVideo:
        """What the file is.

        Raises:
            ProbeError: its headers cannot be read. DecoderDied: reading it killed the child.
        """
        request = {"do": "probe", "path": _wire_path(path), "max_pixels": self._max_pixels}
        values = [_unpacked(message) for message in self._sandbox.ask(request)]
        match values:
            case [MediaInfo() | NotAVideo() as found]:
                return found
            case _:
                raise DecoderDied("the decoder sent nonsense instead of a probe")

    def extract(
        self, path: Path, info: MediaInfo, sampling: Sampling
    ) -> Iterator[Keyframe | Cue | Position | Outline]:
        """The sampled frames in ascending time, cues, how far the file was read, and at last one Outline.

        Raises:
            DecodeError: no picture can be decoded. DecoderDied: decoding killed the child.
        """
        request = {
            "do": "extract",
            "path": _wire_path(path),
            "decoder": self._decoder,
            "info": wire.pack(info)[0],
            "sampling": asdict(sampling),
        }
        outline: Outline | None = None
        for message in self._sandbox.ask(request):
            value = _unpacked(message)
            if isinstance(value, MediaInfo | NotAVideo) or outline is not None:
                raise DecoderDied("the decoder sent nonsense instead of frames")
            if isinstance(value, Outline):
                outline = value
            else:
                yield value
        if outline is None:
            raise DecoderDied("the decoder ended without an outline")
        yield outline

    def close(self) -> None:
        """End the child process."""
        self._sandbox.close()

    def kill(self) -> None:
        """End the child process at once and for good, from any thread."""
        self._sandbox.kill()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None where none runs."""
        return self._sandbox.pid

    def __enter__(self) -> DecodeWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def new_worker(
    *,
    decoder: str = "auto",
    memory_mib: int = MEMORY_MIB,
    reply_seconds: float = REPLY_SECONDS,
    max_pixels: int = MAX_PIXELS,
) -> DecodeWorker:
    """A worker whose child starts with its first file.

    Args:
        decoder: `pyav`, `ffmpeg` (a binary on this machine), or `auto`, which is `pyav`.
        memory_mib: address space of the child above its libraries; 4K needs 512.
        reply_seconds: time without a sign of life after which the child is killed.
    """
    if decoder not in DECODERS:
        raise UsageError(f"unknown decoder {decoder!r}: one of {', '.join(DECODERS)}")
    limits = Limits(memory_mib=memory_mib, reply_seconds=reply_seconds)
    return DecodeWorker(Sandbox("mediaindex.decoder_child", limits), decoder=decoder, max_pixels=max_pixels)


def _unpacked(message: wire.Message) -> wire.Value:
    try:
        return wire.unpack(*message)
    except wire.WireError as error:
        raise DecoderDied(f"the decoder sent nonsense: {error}") from error


def _wire_path(path: Path) -> str:
    """The path for a child that runs in UTF-8 mode whatever the locale here."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")
