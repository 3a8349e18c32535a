"""Made-up libraries of any size: rows and vectors as indexing leaves them, for films that nobody decoded.

Every video has a file of its name, size and time, without content, so that a rescan finds nothing new. Its
frames count as evicted from the cache. The vectors are like those of films: one direction common to all of
them, another for each video, a jump at each cut, small steps between.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import say
from bench._scale_place import COMPLETE, FOLDER, LIBRARY, VIDEOS
from bench.words import VOCABULARY, word

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.media import Cue, FrameEmbeddings, MediaInfo, Segment
from mediaindex.sources.places.volumes import volume_of
from mediaindex.store import commit
from mediaindex.store.catalog import fulltext, schema, sources, videos, volumes
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from mediaindex.store.words.folding import folded

FRAMES_AT_ONCE = 20_000
SECONDS_OF_A_FRAME = 1.2
FOLDERS = 100
"""Each holds 1 % of the videos, or one."""
YEARS = range(2005, 2025)
DAY_OF_HALF = "2015-01-01"
"""The videos recorded since then are half of all."""
LEAST_FILMS = 10
CLIP_FRAMES, FILM_FRAMES, FILM_LINES = 6, 5900, 1000
SHORTEST_SHOT, LONGEST_SHOT = 2, 8
STEP = 0.3

QUERIES = 5
COMMON = tuple(word(1000 + number) for number in range(QUERIES))
"""Each stands in 1 of 13 names and lines."""
RARE = tuple(word(2000 + number) for number in range(QUERIES))
"""Each stands in 1 of 1000, and in one at least."""
COMMON_EVERY, RARE_EVERY = 13, 1000
OTHER_WORDS, FIRST_OTHER_WORD = 5, 3000


@dataclass(frozen=True, slots=True)
class Shape:
    """What the videos of a library are.

    Attributes:
        frames: of a video. lines: of its subtitles.
        shortest_shot, longest_shot: frames of a segment, which is a shot.
    """

    name: str
    frames: int
    lines: int
    shortest_shot: int
    longest_shot: int

    def shots(self, choose: random.Random) -> list[Segment]:
        """The segments of a video, one a shot."""
        found, first = [], 0
        while first < self.frames:
            count = min(choose.randint(self.shortest_shot, self.longest_shot), self.frames - first)
            start, end = SECONDS_OF_A_FRAME * first, SECONDS_OF_A_FRAME * (first + count)
            found.append(Segment(start, end, first, count))
            first += count
        return found


CLIPS = Shape("clips", CLIP_FRAMES, 0, CLIP_FRAMES, CLIP_FRAMES)


def shape_of(name: str, frames: int) -> Shape:
    """The shape of a library with so many frames: short films where it would have less than ten."""
    if name == CLIPS.name:
        return CLIPS
    of_a_film = min(FILM_FRAMES, frames // LEAST_FILMS)
    return Shape("films", of_a_film, FILM_LINES * of_a_film // FILM_FRAMES, SHORTEST_SHOT, LONGEST_SHOT)


def make(place: Path, shape: Shape, frames: int, seed: int) -> None:
    """Make a library of so many frames in a folder, unless it is there.

    Raises:
        SystemExit: the folder holds one that was not finished.
    """
    if (place / COMPLETE).exists():
        return
    if place.exists():
        raise SystemExit(f"{place} holds an unfinished library: remove it and run again")
    (place / VIDEOS).mkdir(parents=True)
    with open_library(place / LIBRARY, create=True) as library, library.lock():
        with library.write() as connection:
            sources.add_source(connection, place / VIDEOS)
        count = frames // shape.frames
        folders = [FOLDER.format(FOLDERS * number // count) for number in range(count)]
        at_once = max(1, FRAMES_AT_ONCE // shape.frames)
        for start in range(0, count, at_once):
            add(library, place, shape, folders[start : start + at_once], seed)
            if start // at_once % 10 == 0:
                say(f"{place.name}: {start} of {count} videos")
        commit.settle(library)
    (place / COMPLETE).touch()


def add(library: Library, place: Path, shape: Shape, folders: Sequence[str], seed: int) -> None:
    """Add a video in each of these folders, in one commit; only for the holder of the writer lock."""
    with library.write() as connection:
        target = _space(connection)
        newest = connection.execute(sa.select(sa.func.max(schema.video.c.id))).scalar() or 0
        chosen = random.Random(f"{seed} {newest}")
        numbers = range(newest + 1, newest + 1 + len(folders))
        made = [
            _Video(number, _file(place, folder, number, chosen), shape.shots(chosen))
            for number, folder in zip(numbers, folders, strict=True)
        ]
        _insert(connection, made, shape, place / VIDEOS)
        for video in made if shape.lines else ():
            about = fulltext.SubtitleFile("stream 2", "en")
            fulltext.add_subtitle(connection, video.id, about, _cues(video, shape, chosen))
    vectors = _vectors(target, made, seed)
    commit.put(library, target, [Embedded(video.id, video.id, part) for video, part in vectors])


@dataclass(frozen=True, slots=True)
class _Video:
    """A video whose rows all have its number."""

    id: int
    path: Path
    shots: list[Segment]

    @property
    def frames(self) -> int:
        return self.shots[-1].first_frame + self.shots[-1].frame_count

    @property
    def seconds(self) -> float:
        return self.shots[-1].end_seconds

    @property
    def size(self) -> int:
        """Bytes, another for each video, so that no two look alike."""
        return 1000 + self.id

    @property
    def mtime_ns(self) -> int:
        return 10**18 + self.id


def _space(connection: sa.Connection) -> Space:
    spec = builtin_spec(FILES)
    return spaces.ensure_space(
        connection,
        encoder=spec.name,
        digest=spec.digest,
        preprocessing=spec.preprocessing,
        dim=spec.dim,
        evidence_dim=spec.evidence_dim,
        blend=spec.blend,
    )


def _file(place: Path, folder: str, number: int, chosen: random.Random) -> Path:
    """The path of a video, whose name is some words."""
    name = f"{_text(number, chosen)} {number}.mp4"
    return place / VIDEOS / folder / name


def _text(number: int, chosen: random.Random) -> str:
    """Some words, with each common one in every 13th text and each rare one in every 1000th."""
    words = [word(FIRST_OTHER_WORD + int(VOCABULARY * chosen.random() ** 3)) for _ in range(OTHER_WORDS)]
    words += [text for place, text in enumerate(COMMON) if number % COMMON_EVERY == place]
    words += [text for place, text in enumerate(RARE) if number % RARE_EVERY == place + 1]
    return " ".join(words)


def _cues(video: _Video, shape: Shape, chosen: random.Random) -> Iterator[Cue]:
    every = video.seconds / shape.lines
    for line in range(shape.lines):
        text = _text(video.id * shape.lines + line, chosen)
        yield Cue(every * line, every * (line + 0.9), text, "stream 2", "en")


def _insert(connection: sa.Connection, made: Sequence[_Video], shape: Shape, root: Path) -> None:
    """The rows of videos as a pass writes them, a statement for each table."""
    mounted = volume_of(root)
    volume_id = volumes.ensure_volume(
        connection, uid=mounted.uid, label=mounted.label, mount_point=mounted.mount_point
    )
    rows: dict[sa.Table, list[dict[str, Any]]] = {
        schema.video: [_video_row(video) for video in made],
        schema.location: [_location_row(video, volume_id) for video in made],
        schema.extraction: [_extraction_row(video) for video in made],
        schema.segment: [row for video in made for row in _segment_rows(video)],
        schema.frame: [
            {"extraction_id": video.id, "ordinal": ordinal, "seconds": SECONDS_OF_A_FRAME * ordinal}
            for video in made
            for ordinal in range(video.frames)
        ],
        schema.word: [row for video in made for row in _name_rows(video)],
    }
    for table, of_table in rows.items():
        connection.execute(sa.insert(table), of_table)
    for video in made:
        video.path.parent.mkdir(exist_ok=True)
        video.path.touch()
        os.truncate(video.path, video.size)
        os.utime(video.path, ns=(video.mtime_ns, video.mtime_ns))


def _video_row(video: _Video) -> dict[str, Any]:
    day = f"{YEARS[video.id % len(YEARS)]}-06-01"
    info = MediaInfo(video.seconds, 1920, 1080, 25.0, "h264", 0, "mp4", 0, recorded_day=day)
    identity = {"hash": f"{video.id:064x}", "size": video.size, "partial_hash": f"{video.id:032x}"}
    return {"id": video.id, **identity, **videos.metadata_values(info), "added_at": time.time()}


def _location_row(video: _Video, volume_id: int) -> dict[str, Any]:
    seen = {"path": video.path, "size": video.size, "mtime_ns": video.mtime_ns, "confirmed": True}
    return {"id": video.id, "volume_id": volume_id, "video_id": video.id, **seen}


def _extraction_row(video: _Video) -> dict[str, Any]:
    return {
        "id": video.id,
        "video_id": video.id,
        "frame_file": f"{videos.EVICTED}{video.id}",
        "blob_bytes": 0,
        "decoder": "made up",
        "sampling": "made up",
        "frames": video.frames,
        "cuts": [shot.start_seconds for shot in video.shots[1:]],
        "damaged_packets": 0,
        "created_at": time.time(),
    }


def _segment_rows(video: _Video) -> Iterator[dict[str, Any]]:
    for ordinal, shot in enumerate(video.shots):
        yield {
            "extraction_id": video.id,
            "ordinal": ordinal,
            "start_seconds": shot.start_seconds,
            "end_seconds": shot.end_seconds,
            "first_frame": shot.first_frame,
            "frame_count": shot.frame_count,
        }


def _name_rows(video: _Video) -> Iterator[dict[str, Any]]:
    for field, text in (("name", video.path.stem), ("folder", video.path.parent.name)):
        words = {"text": text, "folded": folded(text)}
        yield {"video_id": video.id, "location_id": video.id, "field": field, **words}


def _vectors(target: Space, made: Sequence[_Video], seed: int) -> Iterator[tuple[_Video, FrameEmbeddings]]:
    """The embeddings of each video."""
    common = _normal(np.random.default_rng(seed), target.dim)
    chance = np.random.default_rng((seed, made[0].id))
    for video in made:
        jumps = _normal(chance, len(video.shots), target.dim)
        of_shots = np.repeat(jumps, [shot.frame_count for shot in video.shots], axis=0)
        embedded = _normal(chance, video.frames, target.dim)
        embedded *= STEP
        embedded += of_shots + _normal(chance, target.dim) + common
        evidence = None
        if target.evidence_dim is not None:
            evidence = _normal(chance, video.frames, target.evidence_dim).astype(np.float16)
        yield video, FrameEmbeddings(embedded, evidence)


def _normal(chance: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return chance.standard_normal(shape, np.float32)


def main() -> None:
    """Make a library (PLACE SEED SHAPE FRAMES), or add clips to one (PLACE SEED COUNT)."""
    place, seed, *rest = sys.argv[1:]
    if len(rest) == 2:
        make(Path(place), shape_of(rest[0], int(rest[1])), int(rest[1]), int(seed))
        return
    with open_library(Path(place, LIBRARY)) as library, library.lock():
        add(library, Path(place), CLIPS, ["new"] * int(rest[0]), int(seed))
        commit.settle(library)


if __name__ == "__main__":
    main()
