"""The embedder: cached frames become visible vectors, committed in batches of videos."""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from mediaindex.embed.encoder import Arithmetic, Encoder, arithmetic_of
from mediaindex.embed.families.builtin_files import is_superseded, newest_digest, wanted_scorer
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


LoadEncoder = Callable[[str, Arithmetic | None, str | None], Encoder]
"""Gives the encoder of a name, an arithmetic and a digest; see `embed.loading.load_encoder`."""


class Embedder:
    """Fills one embedding space. The encoder takes seconds to load and is loaded for the first frame.

    Args:
        encoder: name of the encoder whose space is filled.
        load: gives the encoder.
    """

    def __init__(self, library: Library, encoder: str, *, load: LoadEncoder) -> None:
        self.encoder = encoder
        self._renews = self._upgrades = False
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
        return self.flush() if self._embedded and self._is_enough(self._embedded) else 0

    def _is_enough(self, embedded: Sequence[Embedded]) -> bool:
        """Whether it is time to commit what is embedded."""
        vectors = sum(len(video.embeddings.vectors) for video in embedded)
        late = time.monotonic() - self._committed_at > SECONDS_A_COMMIT
        return late or len(embedded) >= VIDEOS_A_COMMIT or vectors >= VECTORS_A_COMMIT

    def flush(self) -> int:
        """Commit what is embedded; returns how many videos became visible."""
        batch, self._embedded = self._embedded, []
        if batch:
            commit.put(self._library, self.space, batch, scorer=self.batcher.encoder.spec.scorer)
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

        Where newer weights of the encoder came with this release, everything is then embedded with them into
        a space of its own; until that is complete, the other one serves, and what is new is in it.

        Args:
            attend: called between two batches. progress: told how many videos of how many are queued.
        """
        if not self.is_open and self._is_complete():
            return
        self._fill(attend, progress)
        self._let_serve()
        with self._library.read() as connection:
            self._upgrades = _is_due(connection, self.space)
        if self._upgrades:
            self._opened = None
            self._fill(attend, progress)
            self._let_serve()
        self._fill_regions(attend, progress)

    def _fill_regions(self, attend: Callable[[], None], progress: Callable[[int, int], None]) -> None:
        """Give what has vectors already the evidence of regions that it lacks, from the cached frames.

        A kill costs what is not committed yet: the next pass goes on there. Other requests may be carried out
        between two batches, so frames wait in a batcher of their own.
        """
        with self._library.read() as connection:
            serving = spaces.active_space(connection)
            if serving is None or serving.encoder != self.encoder or not _lacks_regions(connection, serving):
                return
        opened = self._open()
        space, encoder = opened[0], opened[1].encoder
        if space.id != serving.id or encoder.spec.scorer is None:
            return
        with self._library.read() as connection:
            missing = spaces.missing_regions(connection, space.id, encoder.spec.scorer)
        batcher = FrameBatcher(encoder, self._library.frames)
        waiting = deque(missing)
        embedded: list[Embedded] = []
        while (waiting or batcher.waiting) and self._opened is opened:
            while waiting and batcher.waiting < batcher.size:
                batcher.add(waiting.popleft())
            batch = batcher.step(partial=True)
            embedded += batch.embedded
            self._give_up(batch.unread)
            if embedded and (self._is_enough(embedded) or not batcher.waiting):
                commit.put_regions(self._library, space, embedded, scorer=encoder.spec.scorer)
                self._committed_at = time.monotonic()
                embedded = []
            progress(len(missing) - len(waiting), len(missing))
            attend()
        if missing:
            commit.remove_unowned_regions(self._library)

    def _fill(self, attend: Callable[[], None], progress: Callable[[int, int], None]) -> None:
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

    def _let_serve(self) -> None:
        """Let the space serve; not one that nobody asked for and in which videos would lose their vectors."""
        with self._library.write() as connection:
            keeps = self._upgrades and videos.any_evicted(connection, beside=self.space.id)
            if not keeps:
                spaces.switch_space(connection, self.space.id)
        self._upgrades = False
        if keeps:
            self._opened = None

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
            renew: take its newest weights, and where its vectors are in float32, choose the arithmetic anew,
                so that an encoder that serves gets another space where this machine has a quicker one.
        """
        self.flush()
        self.encoder, self._opened, self._renews, self._upgrades = encoder, None, renew, False
        self._count_of.clear()
        self._open()

    def _open(self) -> tuple[Space, FrameBatcher]:
        if self._opened is None:
            encoder = self._load(self.encoder, *self._arithmetic_and_weights())
            self._opened = self._space_of(encoder), FrameBatcher(encoder, self._library.frames)
        return self._opened

    def _arithmetic_and_weights(self) -> tuple[Arithmetic | None, str | None]:
        """Arithmetic and digest of the vectors that are there, so that all of a space are made alike.

        None stands for the quickest arithmetic, and for the newest weights.
        """
        with self._library.read() as connection:
            own = [space for space in spaces.all_spaces(connection) if space.encoder == self.encoder]
            kept = [space for space in own if space.state != "dropping"]
            kept.sort(key=lambda space: space.state != "serving")
            if not kept:
                return None, None
        newest = self._renews or self._upgrades or not is_superseded(self.encoder, kept[0].digest)
        arithmetic = arithmetic_of(kept[0].preprocessing)
        quickest = self._renews and arithmetic == "float32"
        return None if quickest else arithmetic, None if newest else kept[0].digest

    def _space_of(self, encoder: Encoder) -> Space:
        spec = encoder.spec
        with self._library.write() as connection:
            space = spaces.ensure_space(
                connection,
                encoder=spec.name,
                digest=spec.digest,
                preprocessing=spec.preprocessing,
                dim=spec.dim,
                evidence_dim=spec.evidence_dim,
                blend=spec.blend,
            )
            spaces.set_scorer(connection, space.id, spec.scorer)
            return space

    def _is_complete(self) -> bool:
        """Whether the encoder's space serves already and lacks nothing."""
        with self._library.read() as connection:
            serving = spaces.active_space(connection)
            if serving is None:
                return not videos.cached_frames(connection)
            return (
                serving.encoder == self.encoder
                and not _is_due(connection, serving)
                and not spaces.missing_vectors(connection, serving.id)
                and not _lacks_regions(connection, serving)
            )

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


def _lacks_regions(connection: Connection, space: Space) -> bool:
    """Whether evidence of the encoder's scorer can be made that the space lacks."""
    scorer = wanted_scorer(space.encoder, space.scorer)
    if scorer is None or (space.scorer == scorer and space.scored == space.vectors):
        return False
    return bool(spaces.missing_regions(connection, space.id, scorer))


def _is_due(connection: Connection, space: Space) -> bool:
    """Whether a space is to be made again with newer weights that came with this release.

    Not where frames have been evicted: of those videos the older vectors are all that there is.
    """
    if not is_superseded(space.encoder, space.digest):
        return False
    newest = newest_digest(space.encoder)
    begun = [
        one for one in spaces.all_spaces(connection) if (one.encoder, one.digest) == (space.encoder, newest)
    ]
    beside = next((one.id for one in begun if one.state != "dropping"), None)
    return not videos.any_evicted(connection, beside=beside)
