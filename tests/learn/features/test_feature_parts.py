"""Parts of a feature file: finished ones are kept, and the file appears whole."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from mediaindex.errors import NoSpace, UsageError, WriterBusy
from mediaindex.learn.features import feature_parts
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.feature_parts import FeatureParts
from mediaindex.learn.features.feature_rows import read_header, tables_in
from mediaindex.learn.features.feature_set import read_features
from tests.support.captioned_clips import header, keyed_clips
from tests.support.fake_encoder import FakeEncoder


def test_finished_parts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_parts, "PART_CLIPS", 2)
    target, spec = tmp_path / "f.parquet", FakeEncoder().spec
    rows = list(keyed_clips(5))
    with FeatureParts(target, header(spec)) as parts:
        for key, clip in rows:
            parts.add(key, [clip], [SkippedInput(f"{key} too", "too late")] if key == "key 1" else [])
    later = dataclasses.replace(header(spec), created="later")
    with FeatureParts(target, later) as parts:
        assert parts.done == {"key 0", "key 1", "key 2", "key 3"}
        assert parts.skipped == {"key 1": [SkippedInput("key 1 too", "too late")]}
        with pytest.raises(WriterBusy), FeatureParts(target, later):
            pass
        parts.add(*[(key, [clip]) for key, clip in rows][4])
        assert parts.finish({"key 0", "key 3", "key 4"}) == (3, 4, 4)
    assert read_features(target, encoder=spec).paths == ("0.mp4", "3.mp4", "4.mp4")
    assert read_header(target) == later
    assert sorted(os.listdir(tmp_path)) == ["f.parquet"]
    with pytest.raises(UsageError, match="exists; choose another --out"), FeatureParts(target, later):
        pass
    parts.folder.mkdir()
    with pytest.raises(UsageError, match="is what is left of its making"), FeatureParts(target, later):
        pass


def test_parts_of_another_run_are_refused(tmp_path: Path) -> None:
    target, spec = tmp_path / "f.parquet", FakeEncoder().spec
    with FeatureParts(target, header(spec)) as parts:
        for key, clip in keyed_clips(1):
            parts.add(key, [clip])
        parts.flush()
    for other in (header(spec, "val"), header(FakeEncoder(digest="3" * 64).spec)):
        with (
            pytest.raises(UsageError, match="another run, with the encoder fake for train"),
            FeatureParts(target, other),
        ):
            pass


def test_a_damaged_part_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    target, spec = tmp_path / "f.parquet", FakeEncoder().spec
    (row,) = keyed_clips(1)
    with FeatureParts(target, header(spec)) as parts:
        parts.add(row[0], [row[1]])
        parts.flush()
    part = parts.folder / "part-000000.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    with FeatureParts(target, header(spec)) as parts:
        assert parts.done == set()
        assert "its clips are made again" in caplog.text
        parts.add(row[0], [row[1]])
        assert parts.finish({row[0]}) == (1, 1, 1)
    assert len(list(tables_in(target))) == 1


def test_without_a_clip_there_is_no_file(tmp_path: Path) -> None:
    with FeatureParts(tmp_path / "f.parquet", header(FakeEncoder().spec)) as parts:
        (parts.folder / "notes.txt").write_text("of the user")
        assert parts.finish(set()) == (0, 0, 0)
    assert os.listdir(tmp_path) == ["f.parquet.partial"]
    assert os.listdir(parts.folder) == ["notes.txt"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(NoSpace, match="cannot be written: Not a directory"),
        FeatureParts(tmp_path / "file" / "f.parquet", header(FakeEncoder().spec)),
    ):
        pass
