"""What every form of caption file is read into, and how a file of text is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mediaindex.decode.subtitles.encoding import decoded
from mediaindex.errors import UsageError
from mediaindex.store.notes.captions import Said

MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """A caption as a file has it.

    Attributes:
        where: `FILE:LINE`, for messages.
        media: the video, absolute; a data set may leave out the ending of its name.
        is_bare: the file named it without a folder, so that it may lie anywhere.
    """

    where: str
    media: Path
    said: Said
    is_bare: bool = False


def text_of(path: Path) -> str:
    """The text of a file, whatever its encoding.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; split it")
    return decoded(content)
