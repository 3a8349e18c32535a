"""The file that a table names: by its path from the folder on, else by its name in any subfolder."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from mediaindex.errors import MediaError
from mediaindex.sources.filetypes import MEDIA_EXTENSIONS, extension_of
from mediaindex.sources.rules import Rules

PICTURE_EXTENSIONS = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "tif", "tiff"})


class MediaNames:
    """The files below a folder by what a table may call them.

    Args:
        folder: absolute. rules: exclusion rules for the subfolders.
    """

    def __init__(self, folder: Path, rules: Rules) -> None:
        self._folder = folder
        self._resolved = folder.resolve()
        self._rules = rules
        self._by_name: dict[str, list[Path]] | None = None

    def path_of(self, name: str) -> Path:
        """The file of a name, which may lack folders and extension where one file alone fits.

        Raises:
            MediaError: no file fits, or more than one, or it lies outside the folder.
        """
        path = Path(os.path.normpath(os.path.join(self._folder, name)))
        if path.is_relative_to(self._resolved):  # an absolute path, while the folder is named through a link
            path = self._folder / path.relative_to(self._resolved)
        if not path.is_relative_to(self._folder):
            raise MediaError(f"it lies outside {self._folder}")
        if path.is_file():
            return path
        paths = self.named(name)
        if len(paths) > 1:
            raise MediaError(f"{paths[0]} and {paths[1]} both bear this name; write the path")
        if not paths:
            raise MediaError("there is no such file")
        return paths[0]

    def named(self, name: str) -> list[Path]:
        """The media files below the folder that bear this name, with or without their extension."""
        if self._by_name is None:
            self._by_name = self._files_by_name()
        return self._by_name.get(name, [])

    def _files_by_name(self) -> dict[str, list[Path]]:
        by_name: dict[str, list[Path]] = defaultdict(list)
        for where, folders, names in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if not self._rules.refuse_name(name))
            for name in sorted(names):
                if extension_of(name) in MEDIA_EXTENSIONS | PICTURE_EXTENSIONS:
                    path = Path(where, name)
                    by_name[name].append(path)
                    by_name[path.stem].append(path)
        return by_name
