"""Opening a media file with FFmpeg's demuxers: local files alone, films alone, errors in plain words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from mediaindex.decode.container.orientation import Orientation
from mediaindex.decode.container.reading import Search, patience_seconds
from mediaindex.decode.container.refusals import explain_refusal, is_fault_of_disk
from mediaindex.decode.ffmpeg_binary import FORMATS, PROTOCOLS
from mediaindex.errors import ProbeError

# FFmpeg's AVFMT_TS_DISCONT: formats whose clock may start again.
CLOCK_MAY_RESTART = 0x0200

_MAJOR = int(av.__version__.split(".")[0])
# PyAV 19 dropped the option: there, a tag in another encoding has lone surrogates instead of raising.
_METADATA_ERRORS: dict[str, Any] = {"metadata_errors": "replace"} if _MAJOR < 19 else {}


@contextlib.contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """The file's container, which is closed when the block ends.

    Raises:
        ProbeError: no demuxer takes it, or it cannot be read.
    """
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS}
    search = Search()
    try:
        container = av.open(
            f"file:{os.path.abspath(path)}",
            options=options,
            timeout=patience_seconds.get(),
            **_METADATA_ERRORS,
        )
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, av.error.ExitError):
            search.refuse_silent_disk()
        if isinstance(error, OSError) and is_fault_of_disk(error):
            raise ProbeError(f"the file cannot be read: {error.strerror}", transient=True) from error
        raise ProbeError(explain_refusal(path)) from error
    with container:
        yield container


def codec_of(stream: Stream) -> CodecContext | None:
    """The stream's decoder, None where no decoder here knows it (which PyAV's types do not say)."""
    return stream.codec_context


def start_seconds(container: InputContainer) -> float:
    """Where the container's clock starts; what a player shows as 0."""
    return (container.start_time or 0) / av.time_base


def pixel_aspect(stream: VideoStream) -> Fraction:
    """Width by height of one pixel, 1 where none is stated or the stated one is absurd."""
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and Fraction(1, 8) <= aspect <= 8 else Fraction(1)


def display_size(width: int, height: int, aspect: Fraction, orientation: Orientation) -> tuple[int, int]:
    """Width and height as displayed: wide pixels widen, tall pixels heighten, a quarter turn swaps."""
    if aspect >= 1:
        width = max(round(width * aspect), 1)
    else:
        height = max(round(height / aspect), 1)
    return (height, width) if orientation.is_sideways else (width, height)
