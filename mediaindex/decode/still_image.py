"""A query image, opened in a bounded child process like every other file that nobody vouches for.

This is the parent's side; `still_image_child` answers.
"""

from __future__ import annotations

from pathlib import Path

from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import DecodeError, DecoderDied
from mediaindex.media import decoded

SHORT_SIDE = 384
"""Of the picture that the child sends, at most."""


def read_image(path: Path) -> bytes | None:
    """An image as an upright RGB JPEG of short side 384 at most; None where it is no image.

    Raises:
        MediaError: it is an image and cannot be read.
    """
    reader = ImageReader()
    try:
        return reader.read(path)
    finally:
        reader.close()


class ImageReader:
    """Reads images in one child process, which starts with the first; thread-confined but for `kill`."""

    def __init__(self) -> None:
        self._sandbox = Sandbox("mediaindex.decode.still_image_child", Limits())

    def read(self, path: Path) -> bytes | None:
        """As `read_image`."""
        replies = list(
            self._sandbox.ask({"path": str(path.absolute())})
        )  # to the end, or the child is killed
        picture = next((body for header, body in replies if header["kind"] == "picture"), None)
        if picture is not None:
            _prove(picture)
        return picture

    def kill(self) -> None:
        """End the child process at once and for good, from any thread."""
        self._sandbox.kill()

    def close(self) -> None:
        """End the child process."""
        self._sandbox.close()


def _prove(jpeg: bytes) -> None:
    """Decode what the child sent once, within bounds.

    Raises:
        DecoderDied: it is no picture.
    """
    try:
        decoded(jpeg, short_side=SHORT_SIDE)
    except DecodeError as error:
        raise DecoderDied(f"the decoder sent nonsense: {error.reason}") from error
