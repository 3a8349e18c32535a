"""The videos of a library as a page shows them: their folders, and pictures from the frame cache."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from mediaindex.errors import StoreError
from mediaindex.learn.report_page.answered import Moment
from mediaindex.learn.report_page.page_data import PartKind, Picture
from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog import lookup, sources
from mediaindex.store.catalog.lookup import Place
from mediaindex.store.catalog.videos import EVICTED
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space


class LibraryGallery:
    """Items are numbers into the ids of videos.

    Nothing of a folder for which the user wants no thumbnails gets a picture.

    Args:
        videos: ids, the gallery of the evaluation.
    """

    def __init__(self, library: Library, space: Space, videos: Sequence[int]) -> None:
        self._library = library
        self._space = space
        self._videos = videos
        self._known: dict[int, list[Place]] = {}

    @cached_property
    def _roots(self) -> list[Path]:
        with self._library.read() as connection:
            return [source.path for source in sources.all_sources(connection)]

    def parts(self, item: int) -> Mapping[PartKind, str]:
        """The folder that holds the video, from its source on."""
        places = self._places(item)
        return {"folder": self._folder(places[0].path)} if places else {}

    def picture(self, moment: Moment) -> Picture:
        """The cached frame that shows best what is seen at that time."""
        places = self._places(moment.item)
        if not places:
            return Picture("a video that was forgotten", lacks="it is not in the library any more")
        path = places[0].path
        jpeg: bytes | None = None
        if any(place.private for place in places):
            lacks = "its folder keeps no thumbnails"
        else:
            jpeg, seconds = self._frame(self._videos[moment.item], moment.seconds)
            lacks = "its frames are not in the cache any more" if jpeg is None else ""
            moment = Moment(moment.item, seconds if moment.seconds is None else moment.seconds)
        return Picture(path.name, self._folder(path), moment.seconds, jpeg, lacks)

    def _frame(self, video: int, seconds: float | None) -> tuple[bytes | None, float | None]:
        """The frame at a time, by default in the middle, with its time; None for what is not cached."""
        with self._library.read() as connection:
            shown = lookup.indexed_videos(connection, self._space.id, [video]).get(video)
            if shown is None:
                return None, None
            wanted = shown.duration_seconds / 2 if seconds is None else seconds
            at = lookup.frame_at(connection, shown.extraction_id, wanted)
        if at is None or shown.frame_file.startswith(EVICTED):
            return None, None
        try:
            return next(self._library.frames.read(shown.frame_file, [at.ordinal]), None), at.seconds
        except (StoreError, OSError):  # lost: a page without a picture is a page
            return None, None

    def _places(self, item: int) -> list[Place]:
        """Where a video lies, a place that exists first."""
        video = self._videos[item]
        if video not in self._known:
            with self._library.read() as connection:
                places = lookup.places(connection, [video]).get(video, [])
            self._known[video] = sorted(places, key=lambda place: not os.path.exists(place.path))
        return self._known[video]

    def _folder(self, path: Path) -> str:
        """The folder of a path with the name of its source, such as `Footage/2019/harbour`."""
        holding = [root for root in self._roots if lies_below(path, root) and path != root]
        outermost = min(holding, key=lambda root: len(root.parts), default=None)
        if outermost is None:
            return str(path.parent)
        return str(Path(outermost.name or outermost) / path.parent.relative_to(outermost))
