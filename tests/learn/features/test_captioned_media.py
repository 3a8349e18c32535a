"""A folder and its captions: one clip for one content, one split for one group, the rest named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mediaindex.learn.features.captioned_media import find_captioned, split_of
from tests.support.captioned_clips import jsonl
from tests.support.films import film, srt


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
