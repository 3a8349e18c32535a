"""How near training pictures are to the frames of the test clips, and to the photographs of the tests.

    python scripts/builtin/overlap.py --builtin ../shared/builtin --work DIR --videos ../shared/corpus/videos

Prints, for each pair of sets, in how many of 64 bits the perceptual hashes of the two nearest pictures
differ, and how many pictures of the first set have one of the second within 4, 8 and 12 bits. Pictures that
have nothing to do with each other differ in 32 bits on average; the nearest of millions of pairs in 8 to 10.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._fingerprints import fingerprint, fingerprints_of, nearest
from builtin._photographs import Item, read_items

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.media import MediaInfo, SampledFrame, decoded
from mediaindex.sources.filetypes import MEDIA_EXTENSIONS, extension_of

WITHIN = (4, 8, 12)

Hashes = NDArray[np.uint64]


def of_clips(folder: Path) -> Hashes:
    """(F,) of one frame a second of every film below a folder."""
    found: list[np.uint64] = []
    with new_worker() as worker:
        for path in sorted(each for each in folder.rglob("*") if extension_of(each.name) in MEDIA_EXTENSIONS):
            info = worker.probe(path)
            if isinstance(info, MediaInfo):
                values = worker.every_second(path, info, Sampling(), last_second=None)
                frames = [value for value in values if isinstance(value, SampledFrame)]
                found += [fingerprint(np.asarray(decoded(frame.jpeg), np.uint8)) for frame in frames]
    return np.array(found, np.uint64)


def of_pooled(builtin: Path) -> Hashes:
    """Of the training pictures of which pooled features are all that is there."""
    with gzip.open(builtin / "features" / "features.jsonl.gz", "rt", encoding="utf-8") as lines:
        return np.array([int(json.loads(line)["phash"], 16) for line in lines], np.uint64)


def of_prepared(work: Path) -> Callable[[Callable[[Item], bool]], Hashes]:
    """A function from what is wanted of the prepared photographs to their hashes."""
    items = [item for own in read_items(work).values() for item in own]
    hashes = fingerprints_of(work)
    return lambda wanted: hashes[[wanted(item) for item in items]]


def table(pairs: Mapping[str, tuple[Hashes, Hashes]]) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"| pictures | nearest | {' | '.join(f'within {bits}' for bits in WITHIN)} |"
    yield f"|---|--:|{'--:|' * len(WITHIN)}"
    for title, (some, others) in pairs.items():
        distances, _ = nearest(some, others)
        counts = [str(int((distances <= bits).sum())) for bits in WITHIN]
        sizes = f"{title} ({len(some)} and {len(others)})"
        yield f"| {sizes} | {distances.min()} | {' | '.join(counts)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="with features/")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--videos", type=Path, required=True, metavar="DIR", help="the test clips")
    arguments = parser.parse_args()
    prepared, frames = of_prepared(arguments.work), of_clips(arguments.videos)
    trained_on = np.concatenate([prepared(lambda item: item.trains_heads), of_pooled(arguments.builtin)])
    scorers = prepared(lambda item: item.split == "train")
    pairs = {"training pictures of heads and scorers, frames of the clips": (trained_on, frames)}
    for split in ("fresh", "sealed", "val2", "val", "held"):
        own = prepared(lambda item, split=split: item.split == split)  # type: ignore[misc]
        pairs[f"{split}, training photographs of scorers"] = (own, scorers)
    print("\n".join(table({title: both for title, both in pairs.items() if all(map(len, both))})))


if __name__ == "__main__":
    main()
