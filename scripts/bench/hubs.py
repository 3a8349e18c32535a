"""What hub correction gains by bank, and whether it is on in the box: photographs, and the described clips.

    python scripts/bench/hubs.py --builtin ../shared/builtin --flickr8k GITDIR --left-out DIR --work DIR

Reads `val` and `val2` of --builtin (pixels of Flickr8k from the git directory --flickr8k), the sets of
scripts/_left_out_pairs.py below --left-out, and the clips of --videos in a library that holds them. The
vectors are kept in --work, so that a second run is quick. The baseline of a row is the same ranking without
correction. With --report FILE, the gate of the product's bank is written there, by these rules,
which stand in mediaindex/learn/fitting/hub_trial.py and were stated before they were measured.

No picture of a left-out source was seen by the bank, nor by the encoder of --left-out-files that ranks them,
a head of the kind left-out of scripts/builtin/train.py, of the same recipe as the shipped one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _builtin_pairs import jpegs_of, rows_of
from _left_out_pairs import SOURCES
from bench._report import Row, add_videos, flags, publish, say
from bench.recall import read_clips, searchable_clips, videos_of

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.builtin import load_builtin
from mediaindex.embed.families.builtin_files import FILES, builtin_bank, builtin_spec
from mediaindex.embed.loading import load_encoder
from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap, ranks, retrieval
from mediaindex.learn.fitting.hub_trial import Gains, points, verdict_of
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.channels.similarity import unit
from mediaindex.store.mapped.bank import BETA, hubness
from mediaindex.store.mapped.scores import SegmentScorer
from mediaindex.store.vectors.reader import consistent

PRODUCT = "the product's bank"
GENERAL, OF_A_KIND = 500, 750
CAPTIONS_OF_A_PICTURE = 3
MOST_OF_A_SOURCE = 2000
LOOKED_AT_BEFORE = {"coco-64": 1000}
"""Photographs that were looked at while constants were chosen: the verdict is read on others."""
QUICK = 40
BATCH = 16

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Items, and queries with one right item each.

    Attributes:
        texts: (Q, D) unit. right: (Q,) item of each.
        similarities: (B, I) of B unit queries to the items, corrected by a bank of queries, None for none.
    """

    name: str
    texts: Matrix
    right: NDArray[np.intp]
    similarities: Callable[[Matrix, Matrix | None], Matrix]

    def reciprocal_ranks(self, bank: Matrix | None) -> NDArray[np.float64]:
        """(Q,) in percent."""
        return 100.0 / (1.0 + self.ranks(bank))

    def ranks(self, bank: Matrix | None) -> NDArray[np.float64]:
        """(Q,) from 0."""
        return ranks(self.similarities(self.texts, bank), self.right)


def banks() -> dict[str, Matrix]:
    """The product's bank, and its parts alone."""
    queries = builtin_bank(FILES)
    return {
        PRODUCT: queries,
        "general captions alone": queries[:GENERAL],
        "training captions of one kind alone": queries[GENERAL : GENERAL + OF_A_KIND],
        "training captions of other kinds alone": queries[GENERAL + OF_A_KIND :],
    }


def less_hubs(similarity: Matrix, of_bank: Matrix | None, share: float = HUB_SHARE) -> Matrix:
    """Similarities (B, I) corrected by those of a bank (M, I)."""
    if of_bank is None:
        return similarity
    return np.asarray(similarity - share * hubness(of_bank, beta=BETA), dtype=np.float32)


def of_pictures(name: str, pictures: Matrix, texts: Matrix, right: NDArray[np.intp]) -> Gallery:
    """A gallery of photographs, each one frame."""

    def similarities(queries: Matrix, bank: Matrix | None) -> Matrix:
        return less_hubs(queries @ pictures.T, None if bank is None else bank @ pictures.T)

    return Gallery(name, texts, right, similarities)


def half_of(gallery: Gallery, names: Sequence[str], half: int) -> Gallery:
    """The queries of one half of the photographs, by the hash of their names, in the whole gallery."""
    of_item = np.array([hashlib.sha256(name.encode()).digest()[0] % 2 for name in names])
    own = of_item[gallery.right] == half
    title = f"{gallery.name}, {('one half', 'the other half')[half]}"
    return Gallery(title, gallery.texts[own], gallery.right[own], gallery.similarities)


class Photographs:
    """Galleries of photographs; vectors are kept in a folder.

    Args:
        most: of each set, None for all.
    """

    def __init__(self, encoder: Encoder, work: Path, most: int | None) -> None:
        self._encoder = encoder
        self._work = work
        self._most = most

    def gallery(
        self, name: str, pictures: Iterator[NDArray[np.uint8]], captions: Sequence[Sequence[str]]
    ) -> Gallery:
        """Of photographs with their captions."""
        captions = [list(own)[:CAPTIONS_OF_A_PICTURE] for own in islice(captions, self._most)]
        file = self._work / f"{name}-{len(captions)}.npz"
        if not file.exists():
            say(f"embedding {len(captions)} photographs of {name}")
            vectors = self._embedded(islice(pictures, len(captions)))
            texts = self._encoder.texts([text for own in captions for text in own]).pooled
            np.savez(file, pictures=unit(vectors), texts=unit(texts))
        held = np.load(file, allow_pickle=False)
        right = np.repeat(np.arange(len(captions)), [len(own) for own in captions])
        return of_pictures(name, held["pictures"], held["texts"], right)

    def _embedded(self, pictures: Iterator[NDArray[np.uint8]]) -> Matrix:
        parts = []
        while batch := list(islice(pictures, BATCH)):
            parts.append(self._encoder.images(batch).vectors)
        return np.concatenate(parts)


def of_clips(videos: Path, library: Path | None, most: int | None) -> list[Gallery]:
    """The queries and the captions of the described clips, ranked by their best segment."""
    clips = read_clips(videos)[:most]
    with searchable_clips(clips, library) as held:
        reader = held.searcher.reader
        assert reader is not None
        space = consistent(held.library, reader.snapshot)
        ids = [video.video_id for video in videos_of(held, clips).values()]
        queries = unit(held.encoder.texts([clip.query for clip in clips]).pooled)
        captions = unit(held.encoder.texts([text for clip in clips for text in clip.captions]).pooled)
    frames, scorer = space.take(np.arange(space.rows)), SegmentScorer.of(space.segments)

    def similarities(queries: Matrix, bank: Matrix | None) -> Matrix:
        scored = [
            scorer.similarities(part @ frames.T, blend=held.space.blend)
            for part in (queries, *([] if bank is None else [bank]))
        ]
        of_segment = less_hubs(scored[0], scored[1] if bank is not None else None)
        return np.stack([of_segment[:, space.video == video].max(axis=1) for video in ids], axis=1)

    count = np.arange(len(clips))
    return [
        Gallery("clips, queries", queries, count, similarities),
        Gallery(
            "clips, captions",
            captions,
            np.repeat(count, [len(clip.captions) for clip in clips]),
            similarities,
        ),
    ]


def gain(gallery: Gallery, bank: Matrix) -> Interval:
    """The difference in MRR, in points, with its interval."""
    found = gains_with(gallery, bank)
    return paired_bootstrap(found.differences, found.group, seed=0)


def gains_with(gallery: Gallery, bank: Matrix) -> Gains:
    """The differences in reciprocal rank, in points."""
    return Gains(gallery.reciprocal_ranks(bank) - gallery.reciprocal_ranks(None), gallery.right)


def rows_for(gallery: Gallery, names: Sequence[str], of: dict[str, Matrix]) -> Iterator[Row]:
    """R@1 and MRR of a gallery with each bank, against none."""
    plain = gallery.ranks(None)
    for name in names:
        corrected, found = gallery.ranks(of[name]), gain(gallery, of[name])
        before, after = retrieval(plain), retrieval(corrected)
        title = f"{gallery.name}, {len(plain)} queries, {name}"
        yield Row(f"{title}: R@1", after.recall[1], "%", before.recall[1])
        yield Row(
            f"{title}: MRR, a difference of {found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]",
            100 * after.reciprocal_rank,
            "%",
            100 * before.reciprocal_rank,
        )


def verdict(
    halves: Sequence[Gallery], left_out: Sequence[Gallery], bank: Matrix, left_out_bank: Matrix
) -> dict[str, Any]:
    """The gate by the rules of this file, as the product reads it."""
    decided = verdict_of(
        {gallery.name: gains_with(gallery, bank) for gallery in halves},
        {gallery.name: gains_with(gallery, left_out_bank) for gallery in left_out},
    )
    reason = (
        f"photographs like those of its training gain {points(decided.lesser_half)} MRR in the lesser "
        f"half of val2, other kinds {points(decided.pooled)}"
    )
    measured = {**decided.halves, **decided.sources, "left-out sources, pooled": decided.pooled}
    return {
        "gates": [
            {"component": "hubs", "on": decided.on, "by": "val2 and left-out sources", "reason": reason}
        ],
        "mrr": {name: asdict(one) for name, one in measured.items()},
        "beta": BETA,
        "share": HUB_SHARE,
    }


def add_report(path: Path, report: dict[str, Any]) -> None:
    """Put the report of the shipped head before those of others."""
    others = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    digest = builtin_spec(FILES).digest
    reports = {digest: report} | {key: other for key, other in others.items() if key != digest}
    path.write_text(json.dumps(reports, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """Run the benchmark."""
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="holds the clips; made where left out")
    parser.add_argument("--builtin", type=Path, metavar="DIR", help="photographs of the encoder's training")
    parser.add_argument("--flickr8k", type=Path, metavar="GITDIR", help="holds the pixels of Flickr8k")
    parser.add_argument("--left-out", type=Path, metavar="DIR", help="repositories of other photographs")
    parser.add_argument("--left-out-files", type=Path, default=FILES, metavar="DIR", help="of their encoder")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where vectors are kept")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the gate there")
    arguments = parser.parse_args()
    of = banks()
    most = QUICK if arguments.quick else None
    rows: list[Row] = []
    if arguments.builtin is not None:
        galleries, halves, left_out = photographs(arguments, most)
        for gallery in galleries:
            rows += rows_for(gallery, list(of), of)
        of_left_out = {PRODUCT: builtin_bank(arguments.left_out_files)}
        for gallery in halves:
            rows += rows_for(gallery, [PRODUCT], of)
        for gallery in left_out:
            rows += rows_for(gallery, [PRODUCT], of_left_out)
        if arguments.report is not None:
            report = verdict(halves, left_out, of[PRODUCT], of_left_out[PRODUCT])
            add_report(arguments.report, report)
    for gallery in of_clips(arguments.videos, arguments.library, most):
        rows += rows_for(gallery, list(of), of)
    publish("hubs", rows, arguments.json)
    return 0


def photographs(
    arguments: argparse.Namespace, most: int | None
) -> tuple[list[Gallery], list[Gallery], list[Gallery]]:
    """`val` and `val2`, the halves of `val2`, and the left-out sources."""
    for name in ("flickr8k", "left_out", "work"):
        if getattr(arguments, name) is None:
            sys.exit(f"--builtin needs --{name.replace('_', '-')} beside it")
    arguments.work.mkdir(parents=True, exist_ok=True)
    encoder = load_encoder("builtin", device="cpu", threads=1)
    make = Photographs(encoder, arguments.work, most)
    of_split = {
        split: [row.photograph for row in rows_of(arguments.builtin) if row.split == split]
        for split in ("val", "val2")
    }
    galleries = [
        make.gallery(split, _pixels(jpegs_of(own, arguments.flickr8k)), [one.captions for one in own])
        for split, own in of_split.items()
    ]
    names = [one.name for one in of_split["val2"]][:most]
    halves = [half_of(galleries[1], names, half) for half in (0, 1)]
    left_out = []
    make = Photographs(load_builtin(device="cpu", files=arguments.left_out_files), arguments.work, most)
    for source in SOURCES:
        begin = LOOKED_AT_BEFORE.get(source.name, 0)
        own = source.photographs(arguments.left_out)[begin : begin + MOST_OF_A_SOURCE]
        pixels = source.pixels(arguments.left_out, own)
        left_out.append(make.gallery(source.name, pixels, [one.captions for one in own]))
    return galleries, halves, left_out


def _pixels(jpegs: Iterator[bytes]) -> Iterator[NDArray[np.uint8]]:
    import io

    from PIL import Image

    for jpeg in jpegs:
        with Image.open(io.BytesIO(jpeg)) as image:
            yield np.asarray(image.convert("RGB"))


if __name__ == "__main__":
    sys.exit(main())
