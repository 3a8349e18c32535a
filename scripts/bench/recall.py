"""How often a sentence finds its video: recall on described clips, by their pictures alone.

    python scripts/bench/recall.py --videos ../shared/corpus/videos     (104 clips: minutes on 2 cores)
    python scripts/bench/recall.py --quick                              (6 clips)
    python scripts/bench/recall.py --rerank on                          (and by the generators)

Indexes the folder with `mediaindex index` into a temporary library (or takes `--library`), asks for every
`query` and every one of the `captions` of MANIFEST.jsonl, and ranks videos by their first moment. The
baseline is the same similarity over the same times decoded anew at full size, without the frame cache and
without hub correction.
With `--rerank on` the results of the same texts are reranked as well, by `--generator` or by all; the
baseline of those rows is the instant order of the same run. `--processes N` compares the reranked order of N
processes.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish, say
from bench._reranked import order_row, reranked_rows

from mediaindex.search.ranking.gate import MODES, Mode
from mediaindex.search.ranking.generator_registry import PRESETS
from mediaindex.search.ranking.hub_correction import hub_gate

if TYPE_CHECKING:
    import numpy as np
    from bench._plain_scores import PlainVideo
    from numpy.typing import NDArray

    from mediaindex.embed.encoder import Encoder
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.catalog.lookup import IndexedVideo
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space

QUICK_CLIPS = 6
MOMENTS = 100_000
DEPTHS = (1, 5, 10)
LEAST = {1: 57, 5: 80, 10: 88}
ORDERED_QUERIES = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """A described stretch of a clip that was joined of several."""

    start_seconds: float
    end_seconds: float
    query: str


@dataclass(frozen=True, slots=True)
class Clip:
    """One line of MANIFEST.jsonl."""

    path: Path
    query: str
    captions: tuple[str, ...]
    scenes: tuple[Scene, ...]


@dataclass(frozen=True, slots=True)
class SearchableClips:
    """A library with the clips, and what searches it."""

    library: Library
    space: Space
    encoder: Encoder
    searcher: Searcher

    def corrects_hubs(self, mode: Mode = "auto") -> bool:
        """Whether `search` corrects hubs here."""
        return hub_gate(self.space, mode, self.library.root).on


def read_clips(folder: Path) -> list[Clip]:
    """The clips that the folder's MANIFEST.jsonl describes, in its order."""
    folder = folder.resolve()
    try:
        lines = (folder / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}; name the folder of described clips with --videos")
    return [_clip(folder, json.loads(line)) for line in lines]


def _clip(folder: Path, entry: Mapping[str, Any]) -> Clip:
    scenes = tuple(Scene(s["start_s"], s["end_s"], s["query"]) for s in entry.get("segments", ()))
    return Clip(folder / entry["file"], entry["query"], tuple(entry["captions"]), scenes)


def some_of(clips: list[Clip], count: int, seed: int) -> list[Clip]:
    """A random choice, at most `count`."""
    return random.Random(seed).sample(clips, min(count, len(clips)))


@contextlib.contextmanager
def searchable_clips(clips: Sequence[Clip], library: Path | None) -> Iterator[SearchableClips]:
    """These clips in a library that has them, else in a temporary one."""
    from mediaindex.assembly.serving import load_space_encoder, serving_space
    from mediaindex.config import load_config
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import open_library

    with contextlib.ExitStack() as stack:
        if library is None:
            library = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library"
            index([clip.path for clip in clips], library)
        config = load_config({"library": str(library), "device": "cpu", "threads": "1"})
        opened = stack.enter_context(open_library(library))
        space = serving_space(opened)
        if space is None:
            sys.exit(f"{library} has nothing indexed; leave --library out to index the clips")
        encoder = load_space_encoder(opened, space, config)
        yield SearchableClips(opened, space, encoder, Searcher(opened, space, encoder))


def index(paths: Sequence[Path], library: Path) -> None:
    """`mediaindex index` of these files; everything must be indexed."""
    say(f"indexing {len(paths)} clips")
    command = [sys.executable, "-m", "mediaindex", "index", *map(str, paths), "--library", str(library)]
    environment = {**os.environ, "MEDIAINDEX_THREADS": "1"}
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, env=environment, check=True)
    report = json.loads(done.stdout)
    if report["failed"] or report["skipped"]:
        sys.exit(f"not everything was indexed: {report['failed']} {report['skipped']}")


def searched_rank(
    searcher: Searcher, text: str, clip: Path, count: int, *, candidates: int = 0, corrects_hubs: bool = False
) -> int:
    """The rank of a clip among the videos that `search` gives, `count` where it is not among them."""
    from mediaindex.search.answer import Question

    question = Question(
        text,
        limit=MOMENTS,
        per_video=1,
        channel="pictures",
        candidates=candidates,
        corrects_hubs=corrects_hubs,
    )
    answer = searcher.search(question)
    paths = [hit.path for hit in answer.hits]
    return paths.index(str(clip)) + 1 if str(clip) in paths else count


class FreshRanking:
    """The ranking of `search` over frames that are decoded anew at the times of the sampled ones."""

    def __init__(self, held: SearchableClips, clips: Sequence[Clip]) -> None:
        self._encoder = held.encoder
        self._videos = {
            path: replace(video, frames=self._embedded(path, video))
            for path, video in plain_videos(held, clips).items()
        }

    @property
    def videos(self) -> int:
        """How many videos are ranked."""
        return len(self._videos)

    def rank(self, text: str, clip: Path) -> int:
        """The rank of a clip, ties counted against it."""
        from bench._plain_scores import similarities

        from mediaindex.search.channels.similarity import unit

        query = unit(self._encoder.texts([text]).pooled[0])
        blend = self._encoder.spec.blend
        best = {path: similarities(video, query, blend=blend).max() for path, video in self._videos.items()}
        return sum(bool(similarity >= best[clip]) for similarity in best.values())

    def _embedded(self, path: Path, video: PlainVideo) -> NDArray[np.float32]:
        import numpy as np

        from mediaindex.search.channels.similarity import unit

        pictures = pictures_at(path, [time for segment in video.segments for time in segment.frames])
        vectors = []
        while batch := list(itertools.islice(pictures, self._encoder.spec.batch)):
            vectors.append(self._encoder.images(batch).vectors)
        return unit(np.concatenate(vectors))


def videos_of(held: SearchableClips, clips: Sequence[Clip]) -> dict[Path, IndexedVideo]:
    """The indexed video of each clip."""
    from mediaindex.store.catalog import lookup

    with held.library.read() as connection:
        ids = {clip.path: lookup.video_at(connection, clip.path) for clip in clips}
        present = [video_id for video_id in ids.values() if video_id is not None]
        videos = lookup.indexed_videos(connection, held.space.id, present)
    missing = [str(path) for path, video_id in ids.items() if video_id not in videos]
    if missing:
        sys.exit(f"not in the library: {', '.join(missing)}; leave --library out to index the clips")
    return {path: videos[video_id] for path, video_id in ids.items() if video_id is not None}


def plain_videos(held: SearchableClips, clips: Sequence[Clip]) -> dict[Path, PlainVideo]:
    """The segments and frames of each clip, as the library stores them."""
    from bench._plain_scores import read_videos

    ids = {path: video.video_id for path, video in videos_of(held, clips).items()}
    videos = read_videos(held.library, held.space, ids.values())
    return {path: videos[video_id] for path, video_id in ids.items()}


def pictures_at(path: Path, seconds: Sequence[float]) -> Iterator[NDArray[np.uint8]]:
    """The picture shown at each of these ascending times, full size and upright, every frame decoded."""
    wanted = list(seconds)
    shown: Callable[[], NDArray[np.uint8]] | None = None
    for time, picture in _pictures(path):
        while wanted and shown is not None and time > wanted[0] + 1e-3:
            yield shown()
            wanted.pop(0)
        shown = picture
    if shown is not None:
        for _ in wanted:
            yield shown()


def _pictures(path: Path) -> Iterator[tuple[float, Callable[[], NDArray[np.uint8]]]]:
    """(seconds, what makes the picture) of every frame in the order in which they are shown."""
    import av
    import numpy as np

    from mediaindex.decode.container.opening import (
        display_size,
        open_container,
        pixel_aspect,
        start_seconds,
    )
    from mediaindex.decode.container.orientation import UPRIGHT, orientation_of

    with open_container(path) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream)
        start, aspect = start_seconds(container), pixel_aspect(stream)

        def upright(frame: av.VideoFrame) -> NDArray[np.uint8]:
            width, height = display_size(frame.width, frame.height, aspect, UPRIGHT)
            pixels = frame.reformat(width, height, "rgb24", interpolation="BICUBIC").to_ndarray()
            upright_pixels = orientation_of(frame).upright(np.asarray(pixels, np.uint8))
            return np.ascontiguousarray(upright_pixels)

        for frame in container.decode(stream):
            if frame.pts is not None:
                yield frame.time - start, partial(upright, frame)


def rows_of(what: str, ranks: Sequence[int], fresh: Sequence[int], *, goals: bool) -> list[Row]:
    """R@1, R@5, R@10 and the median rank, beside the same from fresh frames."""
    rows = []
    for depth in DEPTHS:
        value, beside = recall(ranks, depth), recall(fresh, depth)
        goal = f" (at least {LEAST[depth]})" if goals else ""
        rows.append(Row(f"{what} R@{depth}{goal}", value, "%", beside, value / beside if beside else None))
    middle, beside = statistics.median(ranks), statistics.median(fresh)
    return [*rows, Row(f"{what} MdR", middle, "rank", beside, middle / beside)]


def recall(ranks: Sequence[int], depth: int) -> float:
    """The share of ranks up to `depth`, percent."""
    return 100.0 * sum(rank <= depth for rank in ranks) / len(ranks)


def main() -> None:
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="a library that has the clips already")
    parser.add_argument("--hubs", choices=MODES, default="auto", help="correct hubs, as in search (auto)")
    parser.add_argument("--rerank", choices=("on", "off"), default="off", help="rerank as well (off)")
    parser.add_argument("--generator", choices=PRESETS, action="append", help="by which (default: by all)")
    parser.add_argument("--candidates", type=int, default=64, metavar="K", help="how many to rerank (64)")
    parser.add_argument(
        "--processes", type=int, default=0, metavar="N", help="compare the reranked order of N processes (0)"
    )
    arguments = parser.parse_args()
    clips = read_clips(arguments.videos)
    if arguments.quick:
        clips = some_of(clips, QUICK_CLIPS, arguments.seed)
    with searchable_clips(clips, arguments.library) as held:
        say("decoding the same frames anew")
        fresh = FreshRanking(held, clips)
        queries = [(clip.query, clip.path) for clip in clips]
        captions = [(caption, clip.path) for clip in clips for caption in clip.captions]
        corrects_hubs = held.corrects_hubs(arguments.hubs)
        ranked = partial(searched_rank, count=fresh.videos, corrects_hubs=corrects_hubs)
        rows = measure("query", queries, partial(ranked, held.searcher), fresh, goals=True)
        rows += measure("captions", captions, partial(ranked, held.searcher), fresh, goals=False)
        presets = arguments.generator or PRESETS
        for preset in presets if arguments.rerank == "on" else ():
            rank_of = partial(ranked, candidates=arguments.candidates)
            kinds = {"query": queries, "captions": captions}
            rows += reranked_rows(
                preset,
                kinds,
                held.searcher,
                rank_of,
                candidates=arguments.candidates,
                corrects_hubs=corrects_hubs,
            )
            if arguments.processes:
                texts = [text for text, _clip in queries[:ORDERED_QUERIES]]
                rows.append(order_row(preset, texts, held.library.root, arguments.processes))
    publish("recall", rows, arguments.json)


def measure(
    what: str,
    queries: Sequence[tuple[str, Path]],
    rank_of: Callable[[str, Path], int],
    fresh: FreshRanking,
    *,
    goals: bool,
) -> list[Row]:
    """The rows of one kind of text; clips beyond rank ten are named on stderr."""
    ranks = [rank_of(text, clip) for text, clip in queries]
    for (text, clip), rank in zip(queries, ranks, strict=True):
        if rank > DEPTHS[-1]:
            say(f"{what}: rank {rank}: {text} ({clip.name})")
    return rows_of(what, ranks, [fresh.rank(text, clip) for text, clip in queries], goals=goals)


if __name__ == "__main__":
    main()
