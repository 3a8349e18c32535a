"""Feature files as padded arrays: joined, of one encoder, and nothing damaged among them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.learn.features.feature_set import joined, read_features
from tests.support.captioned_clips import PlainEncoder, header, write_clips
from tests.support.fake_encoder import FakeEncoder


def test_files_are_joined(tmp_path: Path) -> None:
    spec = FakeEncoder().spec
    one = read_features(write_clips(tmp_path / "1", 1), encoder=spec)
    other = read_features(write_clips(tmp_path / "2", 3, first=1), encoder=spec)
    both = joined([one, other])
    assert both.paths == ("0.mp4", "1.mp4", "2.mp4", "3.mp4")
    assert both.clip.tolist() == [0, 1, 1, 2, 3, 3]
    assert both.mask.sum(1).tolist() == [1, 2, 3, 1]
    np.testing.assert_array_equal(both.frames[1:], other.frames)
    assert not both.frames[~both.mask].any()
    assert both.words is not None
    assert both.word_mask is not None
    assert both.word_mask.sum() == one.word_mask.sum() + other.word_mask.sum()  # type: ignore[union-attr]
    without = read_features(tmp_path / "2", encoder=spec, words=False)
    assert joined([one, without]).words is None
    assert joined([one]) is one
    with pytest.raises(UsageError, match="at least one"):
        joined([])
    narrow = dataclasses.replace(one, frames=one.frames[..., :2], text=one.text[..., :2])
    with pytest.raises(UsageError, match="of one encoder"):
        joined([one, narrow])


def test_a_file_of_another_encoder_is_refused_by_name(tmp_path: Path) -> None:
    path = write_clips(tmp_path / "f")
    with pytest.raises(EncoderMismatch, match=r"features of the encoder fake, not of plain; make them again"):
        read_features(path, encoder=PlainEncoder().spec)
    with pytest.raises(EncoderMismatch, match="other weights of fake"):
        read_features(path, encoder=FakeEncoder(digest="2" * 64).spec)


def test_what_is_no_feature_file_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    spec = FakeEncoder().spec
    with pytest.raises(UsageError, match="does not exist"):
        read_features(tmp_path / "gone", encoder=spec)
    (tmp_path / "text").write_text("text")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other")
    for name in ("text", "other"):
        with pytest.raises(UsageError, match="is no feature file"):
            read_features(tmp_path / name, encoder=spec)
    path = write_clips(tmp_path / "f")
    table = pq.read_table(path)

    def refused(match: str, changed: Any, **told: object) -> None:
        metadata = {"mediaindex.features": json.dumps(dataclasses.asdict(header(spec)) | told)}
        pq.write_table(changed.replace_schema_metadata(metadata), path)
        with pytest.raises(UsageError, match=match):
            read_features(path, encoder=spec)

    refused("newer mediaindex", table, schema=2)
    refused("its header does not fit", table, dim=0)
    refused("its header does not fit", table, encoder=7)
    refused("is no feature file", table, colour="red")
    refused("its column words lacks", table.drop_columns(["words"]))
    refused("its column split lacks", table.set_column(4, "split", pa.array([1] * 4)))
    refused("holds 0 clips", table.slice(0, 0))
    refused(
        "1 to 64 frames, and a caption",
        table.set_column(9, "captions", pa.array([[]] * 4, pa.list_(pa.string()))),
    )
    refused("lengths of frames", table.set_column(6, "frames", pa.array([[1.0]] * 4, pa.list_(pa.float16()))))
    nan = pa.array([[float("nan")] * len(row) for row in table["frames"].to_pylist()], pa.list_(pa.float16()))
    refused("frames lacks or is not finite", table.set_column(6, "frames", nan))
    refused("lengths of sources", table.set_column(10, "sources", pa.array([["a"] * 5] * 4)))
    for number, name in enumerate(table.column_names):
        if name in ("path", "group", "split"):
            held = [None, *table[name].to_pylist()[1:]]
            refused(f"a {name} lacks", table.set_column(number, name, pa.array(held, pa.string())))
        if name in ("captions", "sources"):
            listed = [[None] * len(row) for row in table[name].to_pylist()]
            null = pa.array(listed, pa.list_(pa.string()))
            refused(f"one of the {name} lacks", table.set_column(number, name, null))
    refused("the split of a clip is none of train", table.set_column(4, "split", pa.array(["hold"] * 4)))
    zero = pa.array([[0] * len(row) for row in table["word_counts"].to_pylist()], pa.list_(pa.int32()))
    refused("1 to 1024 tokens", table.set_column(14, "word_counts", zero))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_byte_is_noticed_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "whole.parquet"
    if not path.exists():
        write_clips(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    (folder / "flipped.parquet").write_bytes(content)
    spec = FakeEncoder().spec
    try:
        found = read_features(folder / "flipped.parquet", encoder=spec)
    except (UsageError, EncoderMismatch) as error:
        assert "flipped.parquet" in str(error)
    else:
        np.testing.assert_array_equal(found.frames, read_features(path, encoder=spec).frames)
