r"""Feature maps of frames of films without captions, for experiments with the scorer's training.

    python scripts/builtin/prepare_films.py --repositories DIR --films DIR

Writes DIR/SOURCE.npz for each set of `_films.py`, and leaves what is there: the maps of eight frames of each
film, one of the middle of each of eight equal parts, as prepare.py makes them of photographs; of each frame
its film and its segment; of each film its name, the longer film that it was cut from, and what it shows.
Films are decoded in the bounded child process, and segments are those of the product's sampler. A film that
cannot be decoded is named and left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_clips import FRAMES, frames_of
from builtin._films import SOURCES, Film, FilmSource
from builtin.prepare import SIDE, maps_of

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker, new_worker
from mediaindex.embed.device import quickest_arithmetic
from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES
from mediaindex.embed.preprocess import centre_squares
from mediaindex.errors import DecodeError, MediaError
from mediaindex.media import MediaInfo, Segmentation

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen of a film.

    Attributes:
        squares: (8, 224, 224, 3). segments: the number of each frame's segment in its film.
    """

    film: Film
    squares: torch.Tensor
    segments: list[int]


def seen_films(source: FilmSource, repositories: Path, films: Sequence[Film]) -> Iterator[Seen]:
    """The films that can be decoded; the others are named."""
    with new_worker() as worker, tempfile.TemporaryDirectory() as folder:
        for film in films:
            path = Path(folder) / f"film{source.ending}"
            path.write_bytes(source.content(repositories, film))
            try:
                segments = _segments(worker, path)
                squares = centre_squares(frames_of(worker, path), SIDE)
            except MediaError as error:
                print(f"{source.name}: {film.name} is left out: {error}", flush=True)
                continue
            yield Seen(film, squares, segments)


def _segments(worker: DecodeWorker, path: Path) -> list[int]:
    """Of each of the eight frames, by the product's sampler."""
    info = worker.probe(path)
    if not isinstance(info, MediaInfo) or info.duration_seconds is None:
        raise DecodeError(f"{path.name} is no film whose length is known")
    *_, last = worker.extract(path, info, Sampling())
    assert isinstance(last, Segmentation)
    starts = [segment.start_seconds for segment in last.segments]
    times = [(place + 0.5) * info.duration_seconds / FRAMES for place in range(FRAMES)]
    return [max(0, bisect_right(starts, seconds) - 1) for seconds in times]


def write_films(source: FilmSource, repositories: Path, path: Path, *, most: int | None = None) -> int:
    """Write the file of a source; how many films it has.

    Args:
        most: films, the first by name.
    """
    tower = image_tower(FILES, fused=True, arithmetic=quickest_arithmetic("cpu"))
    films, segments, maps = [], [], []
    for seen in seen_films(source, repositories, source.films(repositories)[:most]):
        films.append(seen.film)
        segments.append(seen.segments)
        maps.append(maps_of(seen.squares, tower))
    if not films:
        return 0
    unfinished = path.with_suffix(".new.npz")
    np.savez(
        unfinished,
        allow_pickle=False,
        films=np.array([[film.name, film.longer, film.kind] for film in films]),
        segments=np.array(segments),
        **{name: np.concatenate([own[name] for own in maps]) for name in maps[0]},
    )
    unfinished.rename(path)
    return len(films)


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--repositories", type=Path, required=True, metavar="DIR", help="of _films.py")
    parser.add_argument("--films", type=Path, required=True, metavar="DIR", help="kept between runs")
    parser.add_argument("--most", type=int, metavar="N", help="films of a set, the first by name (all)")
    parser.add_argument("--quick", action="store_true", help="two films of each: whether it runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.films.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        path = arguments.films / f"{source.name}.npz"
        if path.exists() or not (arguments.repositories / source.repository).is_dir():
            continue
        count = write_films(
            source, arguments.repositories, path, most=2 if arguments.quick else arguments.most
        )
        print(f"{source.name}: {count} films, {time.process_time():.0f} s", flush=True)


if __name__ == "__main__":
    main()
