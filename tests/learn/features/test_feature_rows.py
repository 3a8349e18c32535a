"""Rows of a feature file: what is written is read, and the header says whose it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.learn.features.feature_rows import (
    header_for,
    opened,
    read_header,
    table_of,
    tables_in,
    write_tables,
)
from tests.support.captioned_clips import PlainEncoder, header, keyed_clips, write_clips
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder


def test_a_number_that_float16_cannot_hold_is_refused() -> None:
    ((_key, clip),) = keyed_clips(1)
    with pytest.raises(EncoderMismatch, match=r"0\.mp4 a number that is not finite"):
        table_of([dataclasses.replace(clip, frames=clip.frames + 1e6)], header(FakeEncoder().spec))


def test_a_file_says_which_encoder_made_it(tmp_path: Path) -> None:
    spec = FakeEncoder().spec
    path = write_clips(tmp_path / "f.parquet", 2)
    found = read_header(path)
    assert found == header(spec)
    assert (found.name, found.dim, found.evidence_dim, found.words) == ("fake", len(COLOURS), EVIDENCE, True)
    plain = header_for(PlainEncoder().spec, sampling="all", split="val", created="now")
    assert (plain.evidence_dim, plain.words, plain.split) == (None, False, "val")


def test_the_header_lies_under_the_key_of_the_format(tmp_path: Path) -> None:
    """docs/features-format.md names it: files that were made before must be read."""
    with opened(write_clips(tmp_path / "f.parquet", 1)) as file:
        assert set(file.schema_arrow.metadata) == {b"mediaindex.features"}


def test_each_table_is_a_row_group(tmp_path: Path) -> None:
    spec = FakeEncoder().spec
    tables = [
        table_of([clip for _key, clip in keyed_clips(count, first=first)], header(spec))
        for first, count in ((0, 2), (2, 3))
    ]
    write_tables(tmp_path / "f.parquet", tables)
    found = list(tables_in(tmp_path / "f.parquet"))
    assert [table["path"].to_pylist() for table in found] == [["0.mp4", "1.mp4"], ["2.mp4", "3.mp4", "4.mp4"]]
    assert [table.equals(own) for table, own in zip(found, tables, strict=True)] == [True, True]
    (some, _more) = tables_in(tmp_path / "f.parquet", columns=["captions"])
    assert some.column_names == ["captions"]


def test_vectors_are_kept_as_float16_with_their_norms() -> None:
    ((_key, clip),) = keyed_clips(1)
    row = table_of([clip], header(FakeEncoder().spec)).to_pylist()[0]
    assert row["frames"] == clip.frames.astype(np.float16).ravel().tolist()
    assert row["norms"] == pytest.approx(np.linalg.norm(clip.frames, axis=1).tolist())
    assert clip.words is not None
    assert row["word_counts"] == [len(words) for words in clip.words]
    assert (row["start_seconds"], row["end_seconds"]) == (None, 0.0)


def test_names_lose_what_a_terminal_would_obey() -> None:
    ((_key, clip),) = keyed_clips(1)
    hostile = dataclasses.replace(clip, path="\x1b[2J.mp4", sources=["\x07"] * len(clip.sources))
    row = table_of([hostile], header(FakeEncoder().spec)).to_pylist()[0]
    assert row["path"].isprintable()
    assert all(source.isprintable() for source in row["sources"])


def test_what_holds_no_header_is_no_feature_file(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), tmp_path / "other")
    (tmp_path / "text").write_text("text")
    for name in ("other", "text"):
        with pytest.raises(UsageError, match=f"{name} is no feature file"):
            read_header(tmp_path / name)
    with pytest.raises(UsageError, match="gone does not exist"):
        read_header(tmp_path / "gone")


def test_a_damaged_row_group_is_named(tmp_path: Path) -> None:
    path = write_clips(tmp_path / "f.parquet", 4)
    content = bytearray(path.read_bytes())
    content[100] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"f\.parquet is damaged"):
        list(tables_in(path))
