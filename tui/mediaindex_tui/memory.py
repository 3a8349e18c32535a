"""What the interface remembers from one session to the next: theme, pictures, the view for each size."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import get_args

import msgspec
from textual.geometry import Size

from mediaindex_tui.list_layout import VIEWS, View
from mediaindex_tui.terminal_pictures import Images


class Memory:
    """A small file; without a path, or where it cannot be written, nothing is remembered.

    Attributes:
        theme, images: chosen last, None where none was. views: by class of size.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.views: dict[str, View] = {}
        self.theme: str | None = None
        self.images: str | None = None
        if path is not None:
            with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
                self._take(msgspec.json.decode(path.read_bytes(), type=dict[str, str]))

    def _take(self, kept: dict[str, str]) -> None:
        self.theme = kept.pop("theme", None)
        images = kept.pop("images", None)
        self.images = images if images in get_args(Images) else None
        self.views = {size: view for size, kept_view in kept.items() for view in VIEWS if view == kept_view}

    def view(self, size: Size) -> View | None:
        """The view that was chosen on a terminal of about this size."""
        return self.views.get(_class_of(size))

    def keep_view(self, size: Size, view: View) -> None:
        """Remember a view."""
        self.views[_class_of(size)] = view
        self._write()

    def keep_theme(self, theme: str) -> None:
        """Remember a theme."""
        self.theme = theme
        self._write()

    def keep_images(self, images: str) -> None:
        """Remember how pictures are drawn."""
        self.images = images
        self._write()

    def _write(self) -> None:
        if self.path is None:
            return
        named = {"theme": self.theme, "images": self.images}
        kept = {**self.views, **{name: value for name, value in named.items() if value is not None}}
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(kept))
            os.replace(new, self.path)


def _class_of(size: Size) -> str:
    """Sizes among which a view is shared."""
    return f"{'wide' if size.width >= 100 else 'narrow'} {'high' if size.height >= 30 else 'low'}"
