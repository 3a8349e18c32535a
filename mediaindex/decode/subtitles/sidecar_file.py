"""Sidecar subtitles: from a file of any encoding to its cues.

`mediaindex.sources.sidecars` tells which file belongs to which film, `encoding` what its text is, `formats`
what its words are.
"""

from __future__ import annotations

import os
import stat

from mediaindex.decode.subtitles.encoding import decoded
from mediaindex.decode.subtitles.formats import parse_subtitles
from mediaindex.errors import MediaError
from mediaindex.media import Cue
from mediaindex.sources.sidecars import SUBTITLE_EXTENSIONS, Sidecar, find_sidecars

__all__ = ["SUBTITLE_EXTENSIONS", "Sidecar", "find_sidecars", "read_sidecar"]

MOST_BYTES = 8 * 1024 * 1024
_VOBSUB = b"\x00\x00\x01\xba"


def read_sidecar(sidecar: Sidecar, *, fps: float | None = None) -> tuple[Cue, ...]:
    """The cues of a subtitle file, in the order of their times.

    Args:
        fps: of the film, for a MicroDVD file that does not name its own.

    Raises:
        MediaError: the file cannot be read, is too large, or is no text subtitle.
    """
    content = _content(sidecar)
    if content.startswith(_VOBSUB):
        raise MediaError("it holds pictures of words (VobSub), not text")
    lines = parse_subtitles(decoded(content, language=sidecar.language), fps=fps)
    return tuple(
        Cue(
            line.start_seconds,
            line.end_seconds,
            line.text,
            source=sidecar.path.name,
            language=sidecar.language,
            forced=sidecar.forced,
        )
        for line in lines
    )


def _content(sidecar: Sidecar) -> bytes:
    try:
        # O_NONBLOCK: if a pipe has taken the file's place, opening it must not block for ever.
        descriptor = os.open(sidecar.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise MediaError("it is not a regular file")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MediaError(f"it cannot be read: {error.strerror or error}", transient=True) from error
    if len(content) > MOST_BYTES:
        raise MediaError(f"it is larger than {MOST_BYTES // 1024**2} MiB")
    return content
