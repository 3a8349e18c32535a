"""LSMDC: clips of films with one sentence each; 1 000 of the challenge to test on.

The annotations are tab-separated: clip_id, start_aligned, end_aligned, start_extracted, end_extracted,
sentence. They are handed out by the authors alone, so that this reader was never run on the real ones.
"""

from __future__ import annotations

from pathlib import Path

from mediaindex.learn.benchmarks.annotation_split import (
    Benchmark,
    BenchmarkClip,
    another_version,
    caption_of,
    checked_ids,
    read_text,
    required_file,
    with_captions,
)
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.clip_protocol import ClipProtocol

FILES: dict[Split, str] = {
    "train": "LSMDC16_annos_training.csv",
    "val": "LSMDC16_annos_val.csv",
    "test": "LSMDC16_challenge_1000_publictect.csv",
}
FIELDS = 6
# Clips that are handed out broken; the published protocol leaves them out.
BROKEN = frozenset(
    {
        "0017_Pianist_00.23.28.872-00.23.34.843",
        "0017_Pianist_00.30.36.767-00.30.38.009",
        "3064_SPARKLE_2012_01.41.07.000-01.41.11.793",
        "3087_WE_BOUGHT_A_ZOO_01.37.34.502-01.37.39.361",
        "3044_KNOCKED_UP_00.45.19.000-00.45.23.549",
        "3023_DISTRICT_9_01.12.44.778-01.12.48.729",
    }
)


def read(folder: Path, split: Split) -> list[BenchmarkClip]:
    """The clips of a split, without the broken ones.

    Raises:
        UsageError: the file lacks, or is of another version.
    """
    path = required_file(folder, FILES[split])
    lines = [line.split("\t") for line in read_text(path).splitlines() if line.strip()]
    if any(len(fields) != FIELDS for fields in lines):
        raise another_version(path, f"{FIELDS} fields between tabs in every line")
    kept = [(fields[0].strip(), fields[-1]) for fields in lines if fields[0].strip() not in BROKEN]
    checked_ids(path, [name for name, _text in kept])
    clips = [BenchmarkClip(name, tuple(filter(None, [caption_of(path, text)]))) for name, text in kept]
    return with_captions(path, clips)


LSMDC = Benchmark("lsmdc", "LSMDC", ClipProtocol(12, 32), (1000, 1000), read)
