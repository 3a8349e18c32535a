"""The clips of a feature file or a benchmark as a page shows them: pictures are decoded from their videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker
from mediaindex.errors import MediaError
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.report_page.answered import Moment
from mediaindex.learn.report_page.page_data import PartKind, Picture
from mediaindex.media import NotAVideo, SampledFrame

NO_VIDEOS = "its features were measured, not its video"


class ClipGallery:
    """Items are numbers of clips.

    A clip is shown by the frame in the middle of those that its features were made from.

    Args:
        files: the video of a clip by the clip's name; empty where features alone were given.
        categories: of a clip by its name.
        new_decoder: starts a decoding process, at the first picture.
    """

    def __init__(
        self,
        features: Features,
        files: Mapping[str, Path],
        categories: Mapping[str, str],
        new_decoder: Callable[[], DecodeWorker],
        sampling: Sampling,
    ) -> None:
        self._features = features
        self._files = files
        self._categories = categories
        self._new_decoder = new_decoder
        self._sampling = sampling
        self._decoder: DecodeWorker | None = None
        self._pictures: dict[int, Picture] = {}

    def parts(self, item: int) -> Mapping[PartKind, str]:
        """The category of a clip, where its benchmark has categories."""
        category = self._categories.get(self._features.paths[item])
        return {} if category is None else {"category": category}

    def picture(self, moment: Moment) -> Picture:
        """The frame in the middle of a clip."""
        if moment.item not in self._pictures:
            self._pictures[moment.item] = self._decoded(moment.item)
        return self._pictures[moment.item]

    def close(self) -> None:
        """End the decoding process."""
        if self._decoder is not None:
            self._decoder.close()

    def _decoded(self, item: int) -> Picture:
        name = self._features.paths[item]
        path = self._files.get(name)
        if path is None:
            return Picture(name, lacks=NO_VIDEOS)
        times = self._features.seconds[item][self._features.mask[item]]
        seconds = float(times[len(times) // 2]) if len(times) and np.isfinite(times).all() else 0.0
        try:
            return Picture(path.name, "", seconds, self._frame(path, seconds))
        except MediaError as error:
            return Picture(path.name, "", seconds, lacks=error.reason)

    def _frame(self, path: Path, seconds: float) -> bytes | None:
        """The picture at a time.

        Raises:
            MediaError: it cannot be decoded any more.
        """
        if self._decoder is None:
            self._decoder = self._new_decoder()
        info = self._decoder.probe(path)
        if isinstance(info, NotAVideo):
            raise MediaError(info.reason)
        # To the end: a decoder that is left in the middle of an answer is ended.
        items = list(self._decoder.moment(path, info, self._sampling, seconds))
        return next((item.jpeg for item in items if isinstance(item, SampledFrame)), None)
