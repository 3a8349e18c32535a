"""Captioned media become feature files, and what is wrong with either is named while the rest goes on."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.segments import cut_into_segments
from mediaindex.decode.worker import new_worker
from mediaindex.embed.encoder import EncoderSpec
from mediaindex.errors import (
    EncoderMismatch,
    NoSpace,
    UsageError,
    WriterBusy,
)
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features import feature_parts, feature_pass
from mediaindex.learn.features.caption_tables import (
    SkippedInput,
    TableLine,
    read_table,
)
from mediaindex.learn.features.captioned_media import (
    CaptionedMedia,
    find_captioned,
    split_of,
)
from mediaindex.learn.features.clip_frames import frames_within
from mediaindex.learn.features.feature_parts import FeatureParts
from mediaindex.learn.features.feature_pass import FeatureSummary, make_features
from mediaindex.learn.features.feature_rows import (
    ClipFeatures,
    Header,
    header_for,
    read_header,
    table_of,
    tables_in,
    write_tables,
)
from mediaindex.learn.features.feature_set import (
    Features,
    joined,
    read_features,
)
from mediaindex.media import (
    FrameEmbeddings,
    QueryFeatures,
    Segment,
)
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder
from tests.support.films import film, jpeg, srt

DECODING = Decoding(Sampling(), 1, new_worker)


class CountingEncoder(FakeEncoder):
    """The colours, counting the pictures that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = 0

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        self.pictures += len(pictures)
        return super().images(pictures)


class PlainEncoder(FakeEncoder):
    """The colours without evidence and token features."""

    def __init__(self) -> None:
        super().__init__(name="plain", digest="1" * 64)
        self.spec = dataclasses.replace(self.spec, evidence_dim=None, has_tokens=False)

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        return FrameEmbeddings(super().images(pictures).vectors)

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        assert not tokens
        return super().texts(texts)


def header(spec: EncoderSpec, split: str = "train") -> Header:
    return header_for(spec, sampling="as the index", split=split, created="2026-01-01T00:00:00+00:00")


def make(
    media: Sequence[CaptionedMedia], target: Path, encoder: FakeEncoder | None = None
) -> tuple[FeatureSummary, Features]:
    encoder = encoder or FakeEncoder()
    with FeatureParts(target, header(encoder.spec)) as parts:
        made = make_features(media, encoder, parts, DECODING)
    return made, read_features(target, encoder=encoder.spec)


def lines(path: Path) -> list[TableLine]:
    return [line for line in read_table(path) if isinstance(line, TableLine)]


def bad(path: Path) -> list[tuple[str, str]]:
    return [(line.path, line.reason) for line in read_table(path) if isinstance(line, SkippedInput)]


def jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures and a film of two shots."""
    made = tmp_path / "media"
    for colour in ("red", "green", "blue", "yellow", "black"):
        (made / "stills").mkdir(parents=True, exist_ok=True)
        jpeg(made / "stills" / f"{colour}.jpg", colour)
    film(made / "film.mp4", "red", "blue")
    return made


# Tables


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("csv", ";"), ("tsv", "\t"), ("txt", "|")])
def test_a_table_names_its_columns_in_any_order(tmp_path: Path, suffix: str, delimiter: str) -> None:
    rows = [
        ["Caption", "note", "IMAGE", "start", "end_seconds", "split", "group", "language", "source"],
        ["a red thing", "x", "a.mp4", "1.5", "2", "validation", "g1", "eng", "me"],
        ["", "", "", "", "", "", "", "", ""],
        ['"two\nlines"', "", "b.mp4", "", "", "", "", "", ""],
    ]
    table = tmp_path / f"t.{suffix}"
    table.write_text("\ufeff" + "\r\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    assert lines(table) == [
        TableLine(f"{table.name}:2", "a.mp4", ("a red thing",), 1.5, 2.0, "val", "g1", "en", "me"),
        TableLine(f"{table.name}:4", "b.mp4", ("two lines",), source=table.name),
    ]
    assert bad(table) == [(f"{table.name}:3", "it names no media file")]


def test_json_lines_may_list_several_captions(tmp_path: Path) -> None:
    table = jsonl(
        tmp_path / "t.jsonl",
        {"file": "a.jpg", "captions": ["one", "two", "one"], "width": 3},
        {"image": 17, "text": "seventeen", "start": 0, "group": 4, "language": "elvish"},
    )
    first, second = lines(table)
    assert first.captions == ("one", "two")
    assert (second.media, second.group, second.language, second.start_seconds) == ("17", "4", None, 0.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("[1]", "it is no JSON object"),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ('"' + "x" * (1 << 20) + '"', "longer than"),
        ('{"caption": "a"}', "names no media file"),
        ('{"path": "\\u0000", "caption": "a"}', "names no media file"),
        ('{"path": true, "caption": "a"}', "names no media file"),
        ('{"path": "%s", "caption": "a"}' % ("x" * 5000), "longer than 4096"),
        ('{"path": "a"}', "has no caption"),
        ('{"path": "a", "caption": "\\u0007"}', "has no caption"),
        ('{"path": "a", "captions": ["b", 3]}', "is no text"),
        ('{"path": "a", "captions": [%s"b"]}' % ('"b",' * 1000), "more than 1000"),
        ('{"path": "a", "caption": "b", "split": "holdout"}', "'holdout' is none of train, val, test"),
        ('{"path": "a", "caption": "b", "group": [1]}', "its group is no text"),
        ('{"path": "a", "caption": "b", "start": "soon"}', "'soon' is no time"),
        ('{"path": "a", "caption": "b", "start": NaN}', "is no time"),
        ('{"path": "a", "caption": "b", "end": -1}', "is no time"),
        ('{"path": "a", "caption": "b", "end": true}', "is no time"),
        ('{"path": "a", "caption": "b", "start": 5, "end": 5}', "before it begins"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_goes_on(tmp_path: Path, row: str, reason: str) -> None:
    table = tmp_path / "t.jsonl"
    table.write_text(f'{row}\n\n{{"path": "a", "caption": "b"}}\n')
    ((where, said),) = bad(table)
    assert where == "t.jsonl:1"
    assert reason in said
    assert [line.where for line in lines(table)] == ["t.jsonl:3"]


def test_cells_that_do_not_fit_the_first_line_are_named(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"path,caption\na,b,c\n\na\nc,{'x' * 200_000}\nd,e\n")
    assert [where for where, _reason in bad(table)] == ["t.csv:2", "t.csv:4", "t.csv:5"]
    assert [line.media for line in lines(table)] == ["d"]


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        ('a,"a dog runs\nb,a cat\nc,a car\n', [2]),
        ('a,"a dog runs\nb,a cat\nc,"a car"\n', [2]),
        ('a,"a dog" runs\nb,a cat\nc,"a car"\n', [2]),
        ('b,a cat\nc,a car\na,"a dog runs', [4]),
        ('"a,a dog\nb,a cat\n"x,y\nc,a car\n', [2, 4]),
    ],
)
def test_an_open_quote_costs_its_line_alone(tmp_path: Path, rows: str, lost: list[int]) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"path,caption\n{rows}")
    assert [where for where, _reason in bad(table)] == [f"t.csv:{number}" for number in lost]
    assert [(line.media, line.captions) for line in lines(table)] == [("b", ("a cat",)), ("c", ("a car",))]


def test_a_quoted_caption_may_go_over_lines(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text('path,caption\na,"a dog\nruns"\nb,a cat\nc\n')
    assert [(line.where, line.captions) for line in lines(table)] == [
        ("t.csv:2", ("a dog runs",)), ("t.csv:4", ("a cat",)),
    ]  # fmt: skip
    assert [where for where, _reason in bad(table)] == ["t.csv:5"]


def test_a_caption_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"path,caption\na,caf\xe9\nb\xe9,cafe\n")
    assert bad(table) == [("t.csv:2", "its caption is no UTF-8")]
    assert [os.fsencode(line.media) for line in lines(table)] == [b"b\xe9"], "a name keeps its bytes"


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.csv cannot be read: No such file"):
        lines(tmp_path / "gone.csv")
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=r"odd\.csv:1: the first line must name the columns"):
        lines(tmp_path / "odd.csv")
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(UsageError, match="larger than 1024 MiB"):
        lines(tmp_path / "huge.csv")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]), st.booleans())
def test_no_bytes_break_a_table(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, kind: str, head: bool
) -> None:
    table = tmp_path_factory.getbasetemp() / f"noise.{kind}"
    table.write_bytes((b"path,caption\n" if head else b"") + noise)
    try:
        found = list(read_table(table))
    except UsageError as error:
        assert "noise" in str(error)
        return
    for line in found:
        if isinstance(line, TableLine):
            assert line.media
            assert all(line.captions)
            assert not any(re.search("[\x00-\x1f\x7f\ud800-\udfff]", text) for text in line.captions)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text("ab c,;\"'\n\t|é", min_size=1), st.text('xyz,"\n é', min_size=1)), max_size=5)
)
def test_what_a_csv_writer_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    import csv

    table = tmp_path_factory.getbasetemp() / "written.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "caption"), *rows])
    wanted = [(n.strip(), (" ".join(c.split()),)) for n, c in rows if n.strip() and c.split()]
    assert [(line.media, line.captions) for line in lines(table)] == wanted


# Media


def test_names_are_found_below_the_folder_where_one_file_bears_them(folder: Path) -> None:
    film(folder / "other" / "film.mp4", "green")
    table = jsonl(
        folder / "captions.jsonl",
        {"path": "stills/red.jpg", "caption": "red"},
        {"path": "green.jpg", "caption": "green"},
        {"path": "blue", "caption": "blue"},
        {"path": str(folder / "film.mp4"), "caption": "whole path"},
        {"path": "film", "caption": "which"},
        {"path": "gone.jpg", "captions": ["a", "b"]},
        {"path": "gone.jpg", "caption": "c"},
        {"path": "../secret.jpg", "caption": "out"},
        {"path": "captions.jsonl", "caption": "itself"},
    )
    media, skipped = find_captioned(folder, table=table)
    assert [item.name for item in media] == [
        "captions.jsonl", "film.mp4", "stills/blue.jpg", "stills/green.jpg", "stills/red.jpg",
    ]  # fmt: skip
    reasons = {row.path.removeprefix(f"{folder}/"): row.reason for row in skipped}
    outside = str(folder.parent / "secret.jpg")
    assert set(reasons) == {"film", "gone.jpg", outside}
    assert "both bear this name" in reasons["film"]
    assert reasons["gone.jpg"] == "there is no such file (captions.jsonl:6); captions left out: 3"
    assert "outside" in reasons[outside]


def test_a_cue_that_ends_before_it_begins_is_counted(folder: Path) -> None:
    srt(folder / "film.srt", (0.0, 1.0, "red"), (2.0, 1.0, "backwards"), (1.0, 1.0, "never"))
    (media,), skipped = find_captioned(folder)
    assert [clip.captions[0].text for clip in media.clips] == ["red"]
    assert [(Path(row.path).name, row.reason) for row in skipped] == [
        ("film.srt", "cues that end before they begin, left out: 2")
    ]


def test_a_name_that_no_file_can_bear_costs_its_line_alone(folder: Path) -> None:
    table = jsonl(
        folder / "captions.jsonl",
        {"path": "n" * 300 + ".png", "caption": "long"},
        {"path": "stills/red.jpg", "caption": "red"},
    )
    media, skipped = find_captioned(folder, table=table)
    assert [item.name for item in media] == ["stills/red.jpg"]
    assert ["File name too long" in row.reason for row in skipped] == [True]


def test_a_folder_behind_a_link_may_be_named_by_either_path(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    table = jsonl(
        folder / "captions.jsonl",
        {"path": str(folder / "stills/red.jpg"), "caption": "red"},
        {"path": str(link / "stills/green.jpg"), "caption": "green"},
    )
    media, skipped = find_captioned(link, table=table)
    assert ([item.name for item in media], skipped) == (["stills/green.jpg", "stills/red.jpg"], [])


def test_without_a_table_the_subtitles_are_the_captions(folder: Path) -> None:
    srt(folder / "film.de.srt", (0.0, 1.5, "etwas Rotes"), (2.0, 3.0, "etwas <i>Blaues</i>\u202e\x1b[2J"))
    (folder / "film.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.500\nsomething red\n")
    (folder / "film.sub").write_bytes(b"\x00\x00\x01\xba")
    media, skipped = find_captioned(folder)
    (only,) = media
    assert [(clip.start_seconds, clip.end_seconds) for clip in only.clips] == [(0.0, 1.5), (2.0, 3.0)]
    assert [(c.text, c.language, c.source) for c in only.clips[0].captions] == [
        ("etwas Rotes", "de", "film.de.srt"),
        ("something red", None, "film.vtt"),
    ]
    assert "\x1b" not in only.clips[1].captions[0].text
    assert [(Path(row.path).name, row.reason.split(" (")[0]) for row in skipped] == [
        ("film.sub", "it holds pictures of words")
    ]


def test_copies_are_one_clip_and_stay_in_one_split(folder: Path) -> None:
    for name in ("copy", "of-test", "of-group"):
        (folder / f"{name}.jpg").write_bytes((folder / "stills/red.jpg").read_bytes())
    table = jsonl(
        folder / "captions.jsonl",
        {"path": "copy.jpg", "caption": "a copy", "split": "train"},
        {"path": "of-group.jpg", "caption": "lost", "group": "another"},
        {"path": "of-test.jpg", "caption": "lost", "split": "test"},
        {"path": "stills/red.jpg", "caption": "red"},
    )
    media, skipped = find_captioned(folder, table=table)
    assert [(item.name, item.split) for item in media] == [("copy.jpg", "train")]
    assert [caption.text for caption in media[0].clips[0].captions] == ["a copy", "red"]
    assert [row.reason.partition("copy.jpg")[2] for row in skipped] == [
        ", which is of another group: left out",
        ", which is in another split: left out",
        ", where its captions are counted",
    ]


def test_a_group_is_never_split(folder: Path) -> None:
    table = jsonl(
        folder / "captions.jsonl",
        {"path": "red", "caption": "a", "group": "warm", "split": "val"},
        {"path": "yellow", "caption": "b", "group": "warm"},
        {"path": "blue", "caption": "c", "group": "cold", "split": "val"},
        {"path": "green", "caption": "d", "group": "cold", "split": "train"},
        {"path": "black", "caption": "e", "group": "one"},
        {"path": "black", "caption": "f", "group": "two"},
    )
    media, skipped = find_captioned(folder, table=table)
    assert {(item.path.stem, item.split) for item in media} == {("red", "val"), ("yellow", "val")}
    assert Counter(row.reason for row in skipped) == {
        "the captions of its group are in two splits: train, val": 2,
        "the captions of its group are in two groups": 1,
    }


def test_a_group_of_its_own_is_its_content(folder: Path) -> None:
    table = jsonl(
        folder / "captions.jsonl", {"path": "red", "caption": "a"}, {"path": "blue", "caption": "b"}
    )
    before, _ = find_captioned(folder, table=table)
    (folder / "stills/red.jpg").rename(folder / "stills/aka.jpg")
    jsonl(table, {"path": "aka", "caption": "a"}, {"path": "blue", "caption": "b"})
    after, _ = find_captioned(folder, table=table)
    assert {(item.group, item.split) for item in before} == {(item.group, item.split) for item in after}
    assert {item.key for item in before} & {item.key for item in after} == {
        item.key for item in before if item.path.stem == "blue"
    }


def test_splits_keep_their_shares() -> None:
    counts = Counter(split_of(f"group {number}") for number in range(5000))
    assert 0.77 < counts["train"] / 5000 < 0.83
    assert 0.08 < counts["val"] / 5000 < 0.12


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 6000), min_size=1, max_size=60, unique=True).map(sorted),
    st.integers(0, 6000),
    st.integers(0, 6000),
)
def test_a_stretch_has_its_own_frames(tenths: list[int], one: int, other: int) -> None:
    seconds = [tenth / 10 for tenth in tenths]
    start, stop = sorted((one / 10, other / 10))
    found = frames_within(seconds, start, stop, cut_into_segments([100.0, 200.0], seconds, 600.0))
    inside = [time for time in seconds if start <= time <= stop]
    assert len(found) == min(12, max(1, len(inside)))
    assert found == sorted(set(found))
    assert all(start <= seconds[i] <= stop for i in found) or not inside


def test_a_stretch_between_two_frames_has_the_one_of_its_shot() -> None:
    segments = (Segment(0.0, 2.0, 0, 1), Segment(2.0, 4.0, 1, 1))
    assert frames_within([0.0, 2.0], 1.8, 1.9, segments) == [0]
    assert frames_within([0.0, 2.0], 3.8, 3.9, segments) == [1]
    assert frames_within([0.0, 2.0], 1.8, 2.0, segments) == [1]


# Files


def test_a_folder_becomes_features(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.mp4").write_bytes((folder / "film.mp4").read_bytes()[:200])
    (folder / "letter.mp4").write_text("text " * 200)
    (folder / "song.jpg").write_text("text")
    table = jsonl(
        folder / "captions.jsonl",
        {"path": "red", "captions": ["something red", "it is red red red"], "language": "en"},
        {"path": "film.mp4", "caption": "red then blue"},
        {"path": "film.mp4", "caption": "blue", "start": 2.0, "end": 3.5},
        {"path": "film.mp4", "caption": "a blink", "start": 1.01, "end": 1.02},
        {"path": "film.mp4", "caption": "after the end", "start": 60},
        *({"path": name, "caption": "x"} for name in ("broken.mp4", "letter.mp4", "song.jpg")),
    )
    media, skipped = find_captioned(folder, table=table)
    assert skipped == []
    encoder = FakeEncoder()
    made, features = make(media, tmp_path / "f.parquet")
    assert (made.clips, made.captions) == (4, 5)
    assert made.frames == features.mask.sum()
    assert {Path(row.path).name for row in made.skipped} == {
        "broken.mp4", "film.mp4@60", "letter.mp4", "song.jpg",
    }  # fmt: skip
    assert features.paths == ("film.mp4", "film.mp4", "film.mp4", "stills/red.jpg")
    assert features.captions[-2:] == ("something red", "it is red red red")
    assert features.languages == (None, None, None, "en", "en")
    assert features.clip.tolist() == [0, 1, 2, 3, 3]
    assert np.isnan(features.spans[[0, 3]]).all()
    assert features.spans[2].tolist() == [2.0, 3.5]
    assert len(set(features.groups)) == 2
    # the pictures of each clip are those of its stretch
    colours = list(COLOURS)
    named = [
        {colours[i] for i in row[mask].argmax(1)}
        for row, mask in zip(features.frames, features.mask, strict=True)
    ]
    assert named == [{"red", "blue"}, {"red"}, {"blue"}, {"red"}]
    assert (features.seconds[2][features.mask[2]] >= 2.0).all()
    assert features.mask[1].sum() == 1
    # and the numbers those of the encoder, in float16
    said = encoder.texts(features.captions, tokens=True)
    np.testing.assert_array_equal(features.text, said.pooled.astype(np.float16))
    assert said.tokens is not None
    assert said.mask is not None
    assert features.words is not None
    assert features.word_mask is not None
    width = features.words.shape[1]
    np.testing.assert_array_equal(features.words, said.tokens[:, :width].astype(np.float16))
    np.testing.assert_array_equal(features.word_mask, said.mask[:, :width])
    assert features.evidence is not None
    assert features.evidence.shape == (*features.mask.shape, EVIDENCE)
    norms = np.linalg.norm(features.frames.astype(np.float32), axis=2)
    np.testing.assert_allclose(features.norms, norms, atol=1e-3)
    assert features.names[0] == "film.mp4: red then blue"


def test_an_encoder_may_lack_evidence_and_tokens(folder: Path, tmp_path: Path) -> None:
    table = jsonl(folder / "captions.jsonl", {"path": "red", "caption": "red"})
    media, _ = find_captioned(folder, table=table)
    _made, features = make(media, tmp_path / "f.parquet", PlainEncoder())
    assert (features.evidence, features.words, features.word_mask) == (None, None, None)


def test_a_long_film_gives_twelve_frames(tmp_path: Path) -> None:
    source = tmp_path / "media"
    film(source / "long.mp4", *[(colour, 4.0) for colour in list(COLOURS)[:8]])
    media, _ = find_captioned(source, table=jsonl(tmp_path / "t.jsonl", {"path": "long", "caption": "all"}))
    _made, features = make(media, tmp_path / "f.parquet")
    assert features.frames.shape[:2] == (1, 12)
    assert features.mask.all()
    assert {list(COLOURS)[i] for i in features.frames[0].argmax(1)} == set(list(COLOURS)[:8])


def clips(count: int, *, first: int = 0) -> Iterator[tuple[str, ClipFeatures]]:
    encoder = FakeEncoder()
    random = np.random.default_rng(first)
    for number in range(first, first + count):
        frames = 1 + number % 3
        texts = [f"red {'blue ' * (number % 4)}", "green"][: 1 + number % 2]
        said = encoder.texts(texts, tokens=True)
        assert said.tokens is not None
        assert said.mask is not None
        yield (
            f"key {number}",
            ClipFeatures(
                path=f"{number}.mp4",
                start_seconds=None,
                end_seconds=float(number),
                group=str(number),
                split="train",
                seconds=list(range(frames)),
                frames=random.normal(size=(frames, encoder.spec.dim)).astype(np.float32),
                evidence=random.normal(size=(frames, EVIDENCE)).astype(np.float16),
                captions=texts,
                sources=["test"] * len(texts),
                languages=["en", None][: len(texts)],
                texts=said.pooled,
                words=[tokens[mask] for tokens, mask in zip(said.tokens, said.mask, strict=True)],
            ),
        )


def written(path: Path, count: int = 4, *, spec: EncoderSpec | None = None, first: int = 0) -> Path:
    table = table_of([clip for _key, clip in clips(count, first=first)], header(spec or FakeEncoder().spec))
    write_tables(path, [table])
    return path


def test_files_are_joined(tmp_path: Path) -> None:
    spec = FakeEncoder().spec
    one = read_features(written(tmp_path / "1", 1), encoder=spec)
    other = read_features(written(tmp_path / "2", 3, first=1), encoder=spec)
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
    path = written(tmp_path / "f")
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
    path = written(tmp_path / "f")
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
        "1 to 12 frames, and a caption",
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
        written(path)
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


def test_a_number_that_float16_cannot_hold_is_refused() -> None:
    ((_key, clip),) = clips(1)
    with pytest.raises(EncoderMismatch, match=r"0\.mp4 a number that is not finite"):
        table_of([dataclasses.replace(clip, frames=clip.frames + 1e6)], header(FakeEncoder().spec))


# Parts


def test_finished_parts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_parts, "PART_CLIPS", 2)
    target, spec = tmp_path / "f.parquet", FakeEncoder().spec
    rows = list(clips(5))
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
        for key, clip in clips(1):
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
    (row,) = clips(1)
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


def test_what_is_done_is_neither_decoded_nor_embedded_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_pass, "GATHERED_PICTURES", 1)
    monkeypatch.setattr(feature_pass, "GATHERED_BATCHES", 0)
    monkeypatch.setattr(feature_parts, "PART_CLIPS", 2)
    colours = ("red", "blue", "green", "black")
    table = jsonl(folder / "captions.jsonl", *({"path": name, "caption": name} for name in colours))
    media, _ = find_captioned(folder, table=table)
    target, encoder = tmp_path / "f.parquet", CountingEncoder()

    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with FeatureParts(target, header(encoder.spec)) as parts, pytest.raises(KeyboardInterrupt):
        make_features(media, encoder, parts, DECODING, progress=stop)
    assert encoder.pictures == 3
    told: list[tuple[int, int]] = []
    with FeatureParts(target, header(encoder.spec)) as parts:
        made = make_features(media, encoder, parts, DECODING, progress=lambda *now: told.append(now))
    assert (made.clips, encoder.pictures) == (4, 5)  # the third was in no finished part
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert set(read_features(target, encoder=encoder.spec).captions) == set(colours)
