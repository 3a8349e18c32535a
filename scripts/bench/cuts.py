"""What each rule for decoding the gaps between keyframes costs, and what it finds.

    python scripts/bench/cuts.py --videos ../shared/corpus/videos     (104 clips: minutes on one core)
    python scripts/bench/cuts.py --quick                              (6 clips, one joined film)

CPU seconds are those of probing and sampling the clips in this process, JPEGs of the frame cache included; of
each clip the less of two turns, in which all rules follow each other, so that other work on the machine meets
them alike. Beside them stand those of decoding all pictures, and the keyframes alone, with nothing else done.
Recall is that of the plain similarity of the sampled frames, without hub correction. Cuts are compared with
the joints of the clips that the manifest says were joined, and with those of films that are made here of
clips without cuts, with keyframes as different encoders place them. The baseline of every row is the rule
that decodes every gap.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av.error
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._joined_films import CODINGS, SHORTEST_SECONDS, JoinedFilm, write_joined_films
from bench._plain_scores import PlainVideo, similarities
from bench._report import Row, add_videos, flags, publish, say
from bench.moments import Boundaries, compared
from bench.recall import Clip, read_clips, recall, some_of

from mediaindex.decode.backends.pyav import PyavDecoder
from mediaindex.decode.container.film_codec import bounded_codec
from mediaindex.decode.container.opening import open_container
from mediaindex.decode.container.probe import probe
from mediaindex.decode.sampling.gap_rule import GapRule
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.sampler import FrameSampler, demand
from mediaindex.embed.inputs import picture
from mediaindex.embed.loading import load_encoder
from mediaindex.media import NotAVideo, SampledFrame, Segmentation
from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog.lookup import SegmentRow

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder

EVERY_GAP = "every gap"
EVERYTHING, EVERY_KEYFRAME = "decoding everything", "decoding every keyframe"
TURNS = 2
RULES = {
    EVERY_GAP: GapRule(alike_gaps=1.0, trusts_packets=False),
    "keyframes alone": GapRule(gap_seconds=float("inf"), suspect_difference=1.0),
    "packets (ships)": GapRule(),
    "packets, alike gaps over 3.4 s filled": GapRule(alike_gaps=1.0),
    "packets, alike gaps up to 10.2 s left": GapRule(alike_gaps=3.0),
    "packets, whatever the sides": GapRule(certain_difference=1.0),
}
QUICK_CLIPS, QUICK_SCENES, SCENES = 6, 3, 13


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a rule made of one film."""

    frames: tuple[SampledFrame, ...]
    segmentation: Segmentation


Pairs = Sequence[tuple[Sampled, Sequence[float]]]
"""Films, each with the times of its joints."""


def sampled(path: Path, rule: GapRule) -> Sampled:
    """Probe and sample a film in this process."""
    sampling = Sampling()
    info = probe(path, max_pixels=sampling.max_pixels)
    if isinstance(info, NotAVideo):
        sys.exit(f"{path} is not a video")
    decoder = PyavDecoder(path, info, demand(sampling, info.duration_seconds))
    items = list(FrameSampler(decoder, info, sampling, rule).run())
    frames = tuple(item for item in items if isinstance(item, SampledFrame))
    (segmentation,) = (item for item in items if isinstance(item, Segmentation))
    return Sampled(frames, segmentation)


def decoded(path: Path, skip: Literal["DEFAULT", "NONKEY"]) -> None:
    """Open a film and decode its pictures, on one thread, and do nothing with them."""
    with open_container(path) as container:
        film = container.streams.video[0]
        codec = bounded_codec(film, Sampling().max_pixels)
        codec.skip_frame = skip
        with contextlib.suppress(av.error.FFmpegError):  # as far as it can be read
            for packet in container.demux(film):
                if packet.is_keyframe or not packet.size or skip == "DEFAULT":
                    with contextlib.suppress(av.error.FFmpegError, EOFError):
                        codec.decode(packet if packet.size else None)


def timed(
    paths: Sequence[Path], rules: Mapping[str, GapRule]
) -> tuple[dict[str, float], dict[str, list[Sampled]]]:
    """(CPU seconds of each rule and of plain decoding, what each rule made of each film)."""
    found: dict[str, list[Sampled]] = {}
    works: dict[str, Callable[[Path], object]] = {
        EVERYTHING: partial(decoded, skip="DEFAULT"),
        EVERY_KEYFRAME: partial(decoded, skip="NONKEY"),
    }
    works |= {name: partial(sampled, rule=rule) for name, rule in rules.items()}
    seconds = dict.fromkeys(works, 0.0)
    for path in paths:
        turns: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(TURNS):
            for name, work in works.items():
                began = time.process_time()
                made = work(path)
                turns[name].append(time.process_time() - began)
                if isinstance(made, Sampled) and turn == 0:
                    found.setdefault(name, []).append(made)
        seconds = {name: total + min(turns[name]) for name, total in seconds.items()}
    return seconds, found


class Recall:
    """Ranks of clips by the frames that a rule sampled; a frame that two rules share is embedded once."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = clips
        self._encoder: Encoder = load_encoder("builtin", device="cpu", threads=1)
        self._vectors: dict[bytes, NDArray[np.float32]] = {}
        self._queries: dict[str, NDArray[np.float32]] = {}

    def ranks(self, found: Sequence[Sampled], texts: Iterable[tuple[str, int]]) -> list[int]:
        """The rank of the clip of each (text, its place), ties counted against it."""
        self._embed(found)
        videos = [self._plain(one) for one in found]
        ranks = []
        for text, place in texts:
            query = self._query(text)
            best = [similarities(video, query, blend=self._encoder.spec.blend).max() for video in videos]
            ranks.append(sum(bool(value >= best[place]) for value in best))
        return ranks

    def _plain(self, found: Sampled) -> PlainVideo:
        seconds = [frame.seconds for frame in found.frames]
        segments = tuple(
            SegmentRow(
                number,
                segment.start_seconds,
                segment.end_seconds,
                segment.first_frame,
                tuple(seconds[segment.first_frame : segment.first_frame + segment.frame_count]),
            )
            for number, segment in enumerate(found.segmentation.segments)
        )
        return PlainVideo(0, segments, np.stack([self._vectors[frame.jpeg] for frame in found.frames]))

    def _embed(self, found: Sequence[Sampled]) -> None:
        jpegs = {frame.jpeg for one in found for frame in one.frames}
        new, size = sorted(jpegs - self._vectors.keys()), self._encoder.spec.batch
        for batch in (new[start : start + size] for start in range(0, len(new), size)):
            vectors = unit(self._encoder.images([picture(jpeg) for jpeg in batch]).vectors.astype(np.float32))
            self._vectors |= zip(batch, vectors, strict=True)

    def _query(self, text: str) -> NDArray[np.float32]:
        if text not in self._queries:
            self._queries[text] = unit(self._encoder.texts([text]).pooled[0])
        return self._queries[text]


def missed_and_false(found: Pairs) -> Boundaries:
    """Cuts of several films beside their joints, added up."""
    counts = [compared(one.segmentation.cuts, joints)[0] for one, joints in found]
    return Boundaries(
        sum(count.true for count in counts),
        sum(count.missed for count in counts),
        sum(count.false for count in counts),
    )


def measures(
    clips: Sequence[Clip],
    found: Sequence[Sampled],
    films: dict[str, JoinedFilm],
    rule: GapRule,
    ranking: Recall,
) -> dict[tuple[str, str], float]:
    """(what, unit) → value, of one rule."""
    queries = [(clip.query, place) for place, clip in enumerate(clips)]
    captions = [(text, place) for place, clip in enumerate(clips) for text in clip.captions]
    values: dict[tuple[str, str], float] = {
        ("sampled frames", "frames"): sum(len(one.frames) for one in found),
    }
    for what, texts in (("queries", queries), ("captions", captions)):
        ranks = ranking.ranks(found, texts)
        values |= {(f"{what} R@{depth}", "%"): recall(ranks, depth) for depth in (1, 5, 10)}
    joined = [
        (one, [scene.start_seconds for scene in clip.scenes[1:]])
        for clip, one in zip(clips, found, strict=True)
        if clip.scenes
    ]
    kinds: dict[str, Pairs] = {"joined clips": joined} if joined else {}
    kinds |= {name: [(sampled(film.path, rule), film.joints)] for name, film in films.items()}
    for name, pairs in kinds.items():
        count = missed_and_false(pairs)
        values[f"{name}, {count.true} cuts: missed", "cuts"] = count.missed
        values[f"{name}, {count.true} cuts: false", "cuts"] = count.false
    return values


def without_cuts(clips: Sequence[Clip], found: Sequence[Sampled], count: int) -> list[tuple[Path, float]]:
    """(path, seconds) of the first clips that move for some seconds without a cut."""
    calm = [
        (clip.path, one.segmentation.duration_seconds)
        for clip, one in zip(clips, found, strict=True)
        if not clip.scenes and not one.segmentation.cuts
    ]
    return [(path, seconds) for path, seconds in calm if seconds >= SHORTEST_SECONDS][:count]


def main() -> None:
    parser = flags(__doc__ or "")
    add_videos(parser)
    arguments = parser.parse_args()
    clips = read_clips(arguments.videos)
    if arguments.quick:
        clips = some_of(clips, QUICK_CLIPS, arguments.seed)
    paths = [clip.path for clip in clips]
    say("sampling by every rule")
    seconds, found = timed(paths, RULES)
    ranking, values = Recall(clips), {}
    with tempfile.TemporaryDirectory() as folder:
        scenes = without_cuts(clips, found[EVERY_GAP], QUICK_SCENES if arguments.quick else SCENES)
        say(f"joining {len(scenes)} scenes in {len(CODINGS)} ways")
        films = write_joined_films(Path(folder), scenes, arguments.seed)
        for name, rule in RULES.items():
            say(name)
            values[name] = {("CPU", "s"): seconds[name]}
            values[name] |= measures(clips, found[name], films, rule, ranking)
    rows = [
        Row(f"{name}: {what}", value, unit_, base, value / base if base else None)
        for name in RULES
        for (what, unit_), value in values[name].items()
        for base in (values[EVERY_GAP][what, unit_],)
    ]
    rows += [
        Row(
            f"{name}, beside {EVERYTHING}",
            seconds[name],
            "s",
            seconds[EVERYTHING],
            seconds[name] / seconds[EVERYTHING],
        )
        for name in (EVERY_KEYFRAME, *RULES)
    ]
    publish("cuts", rows, arguments.json)


if __name__ == "__main__":
    main()
