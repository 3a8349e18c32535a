"""The embedder: cached frames become visible vectors, committed in batches of videos."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mediaindex.embed.encoder import Arithmetic, Encoder, arithmetic_of
from mediaindex.ingest.frame_batcher import FrameBatcher, UnreadFrames
from mediaindex.ingest.progress import failed_row
from mediaindex.store import commit
from mediaindex.store.catalog import locations, videos
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.maintenance import housekeeping
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space, Unembedded

logger = logging.getLogger(__name__)

VIDEOS_A_COMMIT = 32
VECTORS_A_COMMIT = 20_000
SECONDS_A_COMMIT = 10.0
SECONDS_TO_A_FULL_BATCH = 2.0
"""Frames wait so long for others, then they are embedded in a padded batch."""


@dataclass(slots=True)
class VisibleVideos:
    """How many of the videos that one piece of work queued became visible."""

    count: int = 0


LoadEncoder = Callable[[str, Arithmetic | None], Encoder]


class Embedder:
    """Fills one embedding space. The encoder takes seconds to load and is loaded for the first frame.

    Args:
        encoder: name of the encoder whose space is filled.
        load: gives the encoder of a name, in an arithmetic, None for the quickest of this machine.
    """

    def __init__(self, library: Library, encoder: str, *, load: LoadEncoder) -> None:
        self.encoder = encoder
        self._renews = False
        self._library = library
        self._load = load
        self._opened: tuple[Space, FrameBatcher] | None = None
        self._embedded: list[Embedded] = []
        self._counts: list[VisibleVideos] = []
        self._count_of: dict[int, VisibleVideos] = {}
        self._failed: list[dict[str, str]] = []
        self._committed_at = self._fed_at = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the encoder is loaded."""
        return self._opened is not None

    @property
    def loaded(self) -> Encoder | None:
        """The encoder; None before it is loaded."""
        return None if self._opened is None else self._opened[1].encoder

    @property
    def space(self) -> Space:
        """The space that is being filled."""
        return self._open()[0]

    @property
    def batcher(self) -> FrameBatcher:
        """Where frames wait for their vectors."""
        return self._open()[1]

    @property
    def has_full_batch(self) -> bool:
        """Whether enough frames wait to fill a batch."""
        return self.is_open and self.batcher.waiting >= self.batcher.size

    @property
    def is_idle(self) -> bool:
        """Whether no frame has come for so long that a padded batch, which costs a full one, is worth it."""
        return time.monotonic() - self._fed_at > SECONDS_TO_A_FULL_BATCH

    def add(self, video: Unembedded) -> None:
        """Queue a video whose frames lie in the cache."""
        self.batcher.add(video)
        if self._counts:
            self._count_of[video.extraction_id] = self._counts[-1]
        self._fed_at = time.monotonic()

    @contextlib.contextmanager
    def counting(self, visible: VisibleVideos) -> Iterator[None]:
        """What is queued in the block counts here once it is visible, whichever pass embeds it."""
        self._counts.append(visible)
        try:
            yield
        finally:
            self._counts.pop()

    def step(self, *, partial: bool) -> int:
        """Embed one batch, and commit when enough is embedded or the last commit is long ago.

        Args:
            partial: embed also frames that do not fill a batch.

        Returns:
            How many videos became visible.
        """
        batch = self.batcher.step(partial=partial)
        self._embedded += batch.embedded
        self._give_up(batch.unread)
        vectors = sum(len(video.embeddings.vectors) for video in self._embedded)
        late = time.monotonic() - self._committed_at > SECONDS_A_COMMIT
        enough = len(self._embedded) >= VIDEOS_A_COMMIT or vectors >= VECTORS_A_COMMIT
        return self.flush() if enough or (self._embedded and late) else 0

    def flush(self) -> int:
        """Commit what is embedded; returns how many videos became visible."""
        batch, self._embedded = self._embedded, []
        if batch:
            commit.put(self._library, self.space, batch)
        for video in batch:
            self._count_of.pop(video.extraction_id, VisibleVideos()).count += 1
        self._committed_at = time.monotonic()
        return len(batch)

    def drain(self, attend: Callable[[], None]) -> int:
        """Embed and commit all that waits; returns how many videos became visible.

        Args:
            attend: called between two batches.
        """
        visible = 0
        while self.batcher.waiting:
            visible += self.step(partial=True)
            attend()
        return visible + self.flush()

    def complete(self, attend: Callable[[], None], progress: Callable[[int, int], None]) -> None:
        """Embed every video that lacks vectors in the space, then let it serve.

        Args:
            attend: called between two batches. progress: told how many videos of how many are queued.
        """
        if not self.is_open and self._is_complete():
            return
        self.drain(attend)
        with self._library.read() as connection:
            missing = spaces.missing_vectors(connection, self.space.id)
        for number, video in enumerate(missing):
            self.add(video)
            while self.has_full_batch:
                self.step(partial=False)
                progress(number, len(missing))
                attend()
        self.drain(attend)
        with self._library.write() as connection:
            spaces.switch_space(connection, self.space.id)

    def take_failed(self) -> list[dict[str, str]]:
        """The videos whose cached frames could not be read since the last call, as entries of a report."""
        failed, self._failed = self._failed, []
        return failed

    def tidy(self) -> None:
        """After a pass: merge small fragments of the space."""
        if self._opened is not None and self._library.vectors(self.space).exists:
            housekeeping.tidy(self._library, self.space)

    def use(self, encoder: str, *, renew: bool = False) -> None:
        """Fill the space of another encoder from now on; videos still waiting are then found in the cache.

        Args:
            renew: where its vectors are in float32, choose the arithmetic anew, so that an encoder that
                serves gets another space where this machine has a quicker one.
        """
        self.flush()
        self.encoder, self._opened, self._renews = encoder, None, renew
        self._count_of.clear()
        self._open()

    def _open(self) -> tuple[Space, FrameBatcher]:
        if self._opened is None:
            kept = self._arithmetic()
            quicker = self._renews and kept == "float32"
            encoder = self._load(self.encoder, None if quicker else kept)
            self._opened = self._space_of(encoder), FrameBatcher(encoder, self._library.frames)
        return self._opened

    def _arithmetic(self) -> Arithmetic | None:
        """That of the vectors which are there, so that all of a space are made alike."""
        with self._library.read() as connection:
            own = [space for space in spaces.all_spaces(connection) if space.encoder == self.encoder]
        kept = [space for space in own if space.state != "dropping"]
        kept.sort(key=lambda space: space.state != "serving")
        return arithmetic_of(kept[0].preprocessing) if kept else None

    def _space_of(self, encoder: Encoder) -> Space:
        spec = encoder.spec
        with self._library.write() as connection:
            return spaces.ensure_space(
                connection,
                encoder=spec.name,
                digest=spec.digest,
                preprocessing=spec.preprocessing,
                dim=spec.dim,
                evidence_dim=spec.evidence_dim,
                blend=spec.blend,
            )

    def _is_complete(self) -> bool:
        """Whether the encoder's space serves already and lacks nothing."""
        with self._library.read() as connection:
            serving = spaces.active_space(connection)
            if serving is None:
                return not videos.cached_frames(connection)
            return serving.encoder == self.encoder and not spaces.missing_vectors(connection, serving.id)

    def _give_up(self, unread: Sequence[UnreadFrames]) -> None:
        """Let the next index decode what is lost; a video that a request has removed meanwhile is no loss."""
        if not unread:
            return
        for item in unread:
            self._count_of.pop(item.video.extraction_id, None)
        with self._library.write() as connection:
            ids = videos.known_extractions(connection, [item.video.extraction_id for item in unread])
            known = [item for item in unread if item.video.extraction_id in ids]
            videos.mark_frames_lost(connection, [item.video.extraction_id for item in known if item.lost])
            places = [locations.places_of_content(connection, item.video.video_id) for item in known]
        for item, paths in zip(known, places, strict=True):
            reason = f"{item.reason}; the next index decodes it again" if item.lost else item.reason
            self._failed += [failed_row(place.path, "read", reason) for place in paths[:1]]
            logger.warning("%s: %s", item.video.frame_file, reason)
