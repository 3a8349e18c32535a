"""A query image, opened in a bounded child process like every other file that nobody vouches for.

This is the parent's side; `still_image_child` answers.
"""

from __future__ import annotations

from pathlib import Path

from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox


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
        return next((body for header, body in replies if header["kind"] == "picture"), None)

    def kill(self) -> None:
        """End the child process at once and for good, from any thread."""
        self._sandbox.kill()

    def close(self) -> None:
        """End the child process."""
        self._sandbox.close()
