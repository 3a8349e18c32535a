"""Films as an export needs them: looked at where they are here, else by what the library knows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import absence, stored_name
from mediaindex.assembly.reading import new_decoder
from mediaindex.config import Config
from mediaindex.errors import MediaError, UsageError
from mediaindex.export.cuts.clock import EvenClock, clock_of
from mediaindex.export.cuts.grid import first_grid
from mediaindex.export.cuts.path_map import PathRule, mapped
from mediaindex.export.cuts.source import Source, shape_of, sounds_of
from mediaindex.media import MediaInfo, NotAVideo

if TYPE_CHECKING:
    from mediaindex.decode.worker import DecodeWorker
    from mediaindex.export.cuts.clock import Clock
    from mediaindex.store.library import Library


class SourceMissing(UsageError):
    """A film cannot be exported.

    Args:
        is_final: nothing that the user does to the command changes that, so the rest goes on without it.
    """

    def __init__(self, path: Path, reason: str, *, is_final: bool = False) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class _Known:
    """What the library knows of a film at a path, and of its drive."""

    path: Path
    info: MediaInfo
    volume: str


@dataclass
class FilmSources:
    """The films of one export; each is looked at once, in one decoding process.

    Args:
        library: None where there is none: files are then looked at.
        rules: how paths are written for another machine.
        only_online: films on drives that are away cannot be exported.

    Attributes:
        notes: what was assumed of films that are offline, each a line for a person.
    """

    library: Library | None
    config: Config
    rules: Sequence[PathRule] = ()
    only_online: bool = False
    notes: list[str] = field(default_factory=list)
    _worker: DecodeWorker | None = None
    _found: dict[Path, Source] = field(default_factory=dict)

    def at(self, path: Path) -> Source:
        """The film at an absolute path, indexed or not.

        Raises:
            SourceMissing: there is none, or it is offline and the library does not know enough of it.
        """
        if path in self._found:
            return self._found[path]
        if os.path.exists(path):
            return self._keep(self._looked_at(path))
        known = self._known_at(path)
        if known is None:
            raise SourceMissing(path, "there is no such file, and the library knows none")
        return self._away(known)

    def of_video(self, video_id: int, path: Path) -> Source:
        """An indexed film, at the path where it was found or at another one where it lies.

        Raises:
            SourceMissing: it is gone, changed since it was indexed, or offline and too little is known.
        """
        places = self._places_of(video_id)
        if not places:
            raise SourceMissing(path, "was forgotten, or is in the library no more; search again")
        if path not in places:
            path = places[0]
        here = next((place for place in (path, *places) if os.path.exists(place)), None)
        if here is None:
            known = self._known_at(path)
            assert known is not None
            return self._away(known)
        if here not in self._found:
            self._check_unchanged(video_id, here)
        return self._found.get(here) or self._keep(self._looked_at(here))

    def _keep(self, source: Source) -> Source:
        self._found[source.path] = source
        return source

    def _looked_at(self, path: Path) -> Source:
        if self._worker is None:
            self._worker = new_decoder(self.config)
        try:
            info = self._worker.probe(path)
            if isinstance(info, NotAVideo):
                raise SourceMissing(path, info.reason)
            times = self._worker.frame_times(path, info)
        except MediaError as error:
            raise SourceMissing(path, error.reason) from error
        return self._source(path, info, clock_of(times), container_start=times.container_start)

    def _away(self, known: _Known) -> Source:
        """A film that cannot be looked at now.

        Raises:
            SourceMissing: it is gone, or its frames cannot be told without it.
        """
        assert self.library is not None
        with self.library.read() as connection:
            reason = absence(connection, known.path)
        if not reason.startswith("offline"):
            raise SourceMissing(known.path, reason)
        if self.only_online:
            raise SourceMissing(known.path, reason)
        info = known.info
        if info.variable_rate:
            raise SourceMissing(
                known.path, f"{reason}: its frame rate varies, so the file is needed", is_final=True
            )
        rate = _stored_rate(info)
        if rate is None:
            raise SourceMissing(
                known.path, f"{reason}: its frame rate is no usual one, so the file is needed", is_final=True
            )
        if info.frame_rate is None:
            told = f"offline, and indexed before exact rates were stored; {rate} frames a second assumed"
            self.notes.append(f"{known.path}: {told}")
        begins = Fraction(info.film_start or 0)
        count = max(int((Fraction(info.duration_seconds or 0) - begins) * rate), 1)
        return self._keep(self._source(known.path, info, EvenClock(rate, begins, count), volume=known.volume))

    def _source(
        self,
        path: Path,
        info: MediaInfo,
        clock: Clock,
        *,
        container_start: Fraction = Fraction(0),
        volume: str | None = None,
    ) -> Source:
        return Source(
            path=path,
            target=mapped(path, self.rules),
            clock=clock,
            rate=first_grid(clock),
            start_timecode=info.timecode,
            shape=shape_of(info),
            sounds=sounds_of(info.streams),
            reel_name=info.reel_name,
            container_start=container_start,
            offline_volume=volume,
            stream=info.video_stream,
        )

    def _places_of(self, video_id: int) -> list[Path]:
        from mediaindex.store.catalog import lookup

        assert self.library is not None
        with self.library.read() as connection:
            return [place.path for place in lookup.places(connection, [video_id]).get(video_id, [])]

    def _known_at(self, path: Path) -> _Known | None:
        from mediaindex.store.catalog import lookup

        if self.library is None:
            return None
        stored = stored_name(self.library, path)
        with self.library.read() as connection:
            video_id = lookup.video_at(connection, stored)
            if video_id is None:
                return None
            places = lookup.places(connection, [video_id])[video_id]
            volume = next(place.volume for place in places if place.path == stored)
            return _Known(stored, lookup.media_info_of(connection, video_id), volume)

    def _check_unchanged(self, video_id: int, path: Path) -> None:
        """See that a file is still what was indexed, as `index` would see it.

        Raises:
            SourceMissing: it is another one.
        """
        from mediaindex.sources.content_hash import partial_hash
        from mediaindex.store.catalog import locations, videos

        assert self.library is not None
        with self.library.read() as connection:
            place = locations.location_at(connection, path)
            identity = videos.identity_of(connection, video_id)
        try:
            status = os.stat(path)
            if place is not None and (place.size, place.mtime_ns) == (status.st_size, status.st_mtime_ns):
                return
            if identity.size == status.st_size and identity.partial_hash == partial_hash(path):
                return
        except (OSError, MediaError) as error:
            raise SourceMissing(path, f"cannot be read: {error}") from error
        raise SourceMissing(path, "has changed since it was indexed; run 'mediaindex index' and search again")

    def __enter__(self) -> FilmSources:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._worker is not None:
            self._worker.close()


def _stored_rate(info: MediaInfo) -> Fraction | None:
    """The rate that the library stores; of a film that was indexed before, the standard one within 1e-4."""
    from mediaindex.decode.frame_rate import standard_rate
    from mediaindex.export.cuts.timecode import is_countable

    if info.frame_rate is not None:
        return Fraction(info.frame_rate)
    if info.fps is None:
        return None
    rate = standard_rate(Fraction(info.fps))
    return rate if is_countable(rate) else None
