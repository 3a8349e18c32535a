"""What indexing costs in CPU time, beside the naive pipeline on the same clips.

    python scripts/bench/ingest.py --videos ../shared/corpus/videos     (104 clips: minutes)
    python scripts/bench/ingest.py --quick                              (6 clips)
    python scripts/bench/ingest.py --film 20        (a drawn film of 20 minutes, 1080p: 10 minutes and more)

Ours is the whole write corridor into a new library: scan, probe, decode in a child process, hash, frame
cache, embedding, both stores. The naive pipeline is one process without any store: PyAV decodes every frame,
one a second is kept, Pillow makes its square, and the plain layers of the same image network embed it
alone, in float32, in torch's own memory layout, none of them fused. Both use one torch thread, and count user
and system time of all processes; imports and loading of the encoder, done on a
warm-up clip before, are on neither side. Files are dropped from the page cache before each side.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN as CHILDREN
from resource import RUSAGE_SELF as SELF
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import av
import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clips import write_clip
from bench._moving_film import write_moving_film
from bench._report import Row, add_videos, flags, publish, say
from bench.recall import read_clips, some_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mediaindex.config import Config
    from mediaindex.decode.worker import DecodeWorker
    from mediaindex.embed.encoder import Encoder
    from mediaindex.embed.families.two_towers import TwoTowers

P = ParamSpec("P")
R = TypeVar("R")

QUICK_CLIPS = 6
CLIPS_GOAL, FILM_GOAL = 3, 8
SIDE = 224
DECODE, PREPROCESS, EMBED = "decode", "preprocess", "embed"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one side used.

    Attributes:
        parts: CPU seconds by step; they add up to `cpu_seconds`.
        disk_bytes: read from the disk, not from the page cache.
    """

    cpu_seconds: float
    frames: int
    parts: dict[str, float]
    disk_bytes: int = 0


class Stopwatch:
    """CPU time of threads by step; what a step calls that is a step itself counts there alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = threading.local()
        self._lock = threading.Lock()

    def timed(self, step: str, function: Callable[P, R]) -> Callable[P, R]:
        """The function, its thread's CPU time added to a step."""

        @functools.wraps(function)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            outer, self._inside.total = getattr(self._inside, "total", 0.0), 0.0
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                took = time.thread_time() - began
                with self._lock:
                    self.seconds[step] += took - self._inside.total
                self._inside.total = outer + took

        return measured


class Children:
    """Decoder processes that are started and warmed before the measurement, and read out at their end."""

    def __init__(self, config: Config, warm_up: Path) -> None:
        self._ready = [self._worker(config) for _ in range(config.jobs)]
        for worker in self._ready:
            _extract_all(worker, warm_up)
        processes = [psutil.Process(worker.pid) for worker in self._ready]
        self.cpu_before = sum(process.cpu_times().user + process.cpu_times().system for process in processes)
        self.disk_bytes_before = sum(map(disk_bytes, processes))

    def take(self) -> DecodeWorker:
        """One that runs already."""
        return self._ready.pop()

    def _worker(self, config: Config) -> DecodeWorker:
        from mediaindex.decode.sampling.policy import MAX_PIXELS
        from mediaindex.decode.sandbox.limits import Limits
        from mediaindex.decode.sandbox.process import Sandbox
        from mediaindex.decode.worker import DecodeWorker

        limits = Limits(memory_mib=config.decode_memory_mib, reply_seconds=config.decode_timeout_seconds)
        sandbox = Sandbox("mediaindex.decode.worker_child", limits)
        return DecodeWorker(sandbox, decoder=config.decoder, max_pixels=MAX_PIXELS)


def _extract_all(worker: DecodeWorker, path: Path) -> None:
    from mediaindex.decode.sampling.policy import Sampling
    from mediaindex.media import NotAVideo

    info = worker.probe(path)
    assert not isinstance(info, NotAVideo)
    for _ in worker.extract(path, info, Sampling()):
        pass


def ours(clips: Sequence[Path], warm_up: Path, work: Path) -> Cost:
    """The write corridor over these files into a new library."""
    from mediaindex.assembly.reading import new_decoder
    from mediaindex.config import load_config

    encoder = one_threaded_encoder()
    config = load_config({"library": str(work / "library"), "device": "cpu", "threads": "1"})
    warm = load_config({"library": str(work / "warm"), "device": "cpu", "threads": "1"})
    _corridor(warm, [warm_up], encoder, lambda: new_decoder(warm))
    children, watch, me = Children(config, warm_up), Stopwatch(), psutil.Process()
    drop_from_cache(clips)
    with steps_timed(watch, encoder):
        disk, here, there = disk_bytes(me), cpu_seconds(SELF), cpu_seconds(CHILDREN)
        frames = _corridor(config, clips, encoder, children.take)
        own = cpu_seconds(SELF) - here
    decoding = cpu_seconds(CHILDREN) - there - children.cpu_before
    parts = {DECODE: decoding, **watch.seconds, "store, and all else": own - sum(watch.seconds.values())}
    return Cost(own + decoding, frames, parts, disk_bytes(me) - disk - children.disk_bytes_before)


def _corridor(
    config: Config, clips: Sequence[Path], encoder: Encoder, new_worker: Callable[[], DecodeWorker]
) -> int:
    """What `mediaindex index` does with the lock held, with what is loaded already; the frames it took."""
    from mediaindex.assembly.writing import writer_settings
    from mediaindex.ingest.writer.perform import Writer
    from mediaindex.ingest.writer.requests import IndexRequest
    from mediaindex.store.library import open_library

    with open_library(config.library, create=True) as library, library.lock():
        settings = writer_settings(library, config)
        settings = dataclasses.replace(
            settings,
            load_encoder=lambda _name, _arithmetic, _digest: encoder,
            decoding=dataclasses.replace(settings.decoding, new_worker=new_worker),
        )
        report = Writer(library, settings).perform(IndexRequest(tuple(clips)), lambda _: None).result
    if report["failed"] or report["skipped"] or report["decoded"] != len(clips):
        sys.exit(f"not everything was indexed: {report}")
    return int(report["frames"])


@contextlib.contextmanager
def replaced(seams: Sequence[tuple[object, str, object]]) -> Iterator[None]:
    """Attributes (of what, name, value) replaced for a while."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in seams]
    for owner, name, value in seams:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def steps_timed(watch: Stopwatch, encoder: TwoTowers) -> contextlib.AbstractContextManager[None]:
    """Steps of the corridor timed where one module calls the next."""
    from mediaindex.ingest import frame_batcher
    from mediaindex.ingest.pools import threads
    from mediaindex.sources import content_hash

    seams: list[tuple[object, str, str]] = [
        (content_hash, "_digest", "hash"),
        (threads, "extract", "receive frames, write the frame cache"),
        (frame_batcher, "picture", PREPROCESS),
        (encoder, "_prepare", PREPROCESS),
        (encoder._images, "_launch", EMBED),
    ]
    return replaced([(owner, name, watch.timed(step, getattr(owner, name))) for owner, name, step in seams])


def naive(clips: Sequence[Path], warm_up: Path) -> Cost:
    """Every frame decoded, one a second kept, one embedded at a time."""
    embed_alone, watch = naive_tower(), Stopwatch()
    for picture in one_a_second(warm_up):
        embed_alone(square(picture))
    prepare, embed = watch.timed(PREPROCESS, square), watch.timed(EMBED, embed_alone)
    drop_from_cache(clips)
    frames, here = 0, cpu_seconds(SELF)
    for path in clips:
        for picture in one_a_second(path):
            embed(prepare(picture))
            frames += 1
    total = cpu_seconds(SELF) - here
    return Cost(total, frames, {DECODE: total - sum(watch.seconds.values()), **watch.seconds})


def naive_tower() -> Callable[[NDArray[np.uint8]], object]:
    """Embeds one square, in float32 on one thread, by the layers of the model as they are."""
    import torch

    from mediaindex.embed.families.builtin import image_tower
    from mediaindex.embed.preprocess import centre_squares

    torch.set_num_threads(1)
    tower = image_tower().to(memory_format=torch.contiguous_format)

    def embedded(picture: NDArray[np.uint8]) -> object:
        with torch.inference_mode():
            return tower(centre_squares([picture], size=SIDE))

    return embedded


def one_threaded_encoder() -> TwoTowers:
    """The built-in encoder, as quick as this machine allows on one torch thread."""
    from mediaindex.embed.families.two_towers import TwoTowers
    from mediaindex.embed.loading import load_encoder

    encoder = load_encoder("builtin", device="cpu", threads=1, arithmetic=None)
    assert isinstance(encoder, TwoTowers)
    return encoder


def one_a_second(path: Path) -> Iterator[av.VideoFrame]:
    """Every frame is decoded, the first of each second is given."""
    from mediaindex.decode.container.opening import open_container

    with open_container(path) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream)
        stream.thread_count = 1
        second = None
        for frame in container.decode(stream):
            if frame.pts is not None and int(frame.time) != second:
                second = int(frame.time)
                yield frame


def square(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The centre square, as Pillow makes it."""
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    scale = SIDE / min(image.size)
    width, height = (max(SIDE, round(length * scale)) for length in image.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    scaled = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(scaled.crop((left, top, left + SIDE, top + SIDE)))


def drop_from_cache(clips: Sequence[Path]) -> None:
    """Forget the files' pages, so that what is read comes from the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in clips:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def cpu_seconds(who: int) -> float:
    """User and system time, of this process with all its threads or of children that have ended."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def disk_bytes(process: psutil.Process) -> int:
    """What a process and its ended children have read from the disk; 0 where the system does not tell."""
    return int(process.io_counters().read_bytes) if hasattr(process, "io_counters") else 0


def rows_of(our_cost: Cost, naive_cost: Cost, file_bytes: int, *, goal: int) -> list[Row]:
    """Totals beside the naive pipeline, then where the time goes, then the disk."""
    bound = our_cost.parts[DECODE] + our_cost.parts[EMBED]
    each, other_each = (
        1000 * our_cost.cpu_seconds / our_cost.frames,
        1000 * naive_cost.cpu_seconds / naive_cost.frames,
    )
    return [
        Row(
            f"CPU, ours beside the naive pipeline (times as fast: at least {goal})",
            our_cost.cpu_seconds,
            "s",
            naive_cost.cpu_seconds,
            naive_cost.cpu_seconds / our_cost.cpu_seconds,
        ),
        Row("CPU of one frame (times as fast at equal frames)", each, "ms", other_each, other_each / each),
        Row(
            "frames (naive to ours)",
            our_cost.frames,
            "frames",
            naive_cost.frames,
            naive_cost.frames / our_cost.frames,
        ),
        *_shares("ours", our_cost),
        *_shares("naive", naive_cost),
        Row(
            "bound: our decoding and embedding alone (ours to it)",
            bound,
            "s",
            our_cost.cpu_seconds,
            our_cost.cpu_seconds / bound,
        ),
        Row(
            "read from the disk, with the hash, to the files' bytes (under 1.1)",
            our_cost.disk_bytes / 1e6,
            "MB",
            file_bytes / 1e6,
            our_cost.disk_bytes / file_bytes,
        ),
    ]


def _shares(who: str, cost: Cost) -> list[Row]:
    return [
        Row(f"{who}: {step} (share)", seconds, "s", cost.cpu_seconds, seconds / cost.cpu_seconds)
        for step, seconds in cost.parts.items()
    ]


def index_wall_seconds(clips: Sequence[Path], library: Path) -> float:
    """Seconds that `mediaindex index` takes with its default settings, its start included."""
    began = time.monotonic()
    command = [sys.executable, "-m", "mediaindex", "index", *map(str, clips), "--library", str(library)]
    subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=True)
    return time.monotonic() - began


def main() -> None:
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--film", type=int, metavar="MINUTES", help="a drawn film of 1080p in place of clips")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if arguments.film:
            paths, goal = [work / "film.mp4"], FILM_GOAL
            say(f"drawing a film of {arguments.film} minutes")
            write_moving_film(paths[0], 60 * arguments.film, arguments.seed)
            warm_up = work / "warm_up.mp4"
            write_clip(warm_up, random.Random(arguments.seed))
        else:
            clips = read_clips(arguments.videos)
            if arguments.quick:
                clips = some_of(clips, QUICK_CLIPS, arguments.seed)
            paths, goal = [clip.path for clip in clips], CLIPS_GOAL
            warm_up = min(paths, key=lambda path: path.stat().st_size)
        say(f"indexing {len(paths)} videos")
        our_cost = ours(paths, warm_up, work)
        say("the naive pipeline")
        naive_cost = naive(paths, warm_up)
        file_bytes = sum(path.stat().st_size for path in paths)
        rows = rows_of(our_cost, naive_cost, file_bytes, goal=goal)
        wall_seconds = index_wall_seconds(paths, work / "index")
        rows.append(Row("wall time of `mediaindex index`, by default", wall_seconds, "s"))
    publish("ingest", rows, arguments.json)


if __name__ == "__main__":
    main()
