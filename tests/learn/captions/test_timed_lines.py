"""Lines such as `1:15 a red boat`: captions, and lines that hold none, by their number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.captions.lines import CaptionLine
from mediaindex.learn.captions.timed_lines import timed_lines
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.safe_text import format_seconds
from mediaindex.store.notes.captions import Said

FILM = Path("/films/red.mp4")


def read(tmp_path: Path, text: str) -> list[Said | str]:
    """What each line says, or the reason why it says nothing."""
    path = tmp_path / "red.txt"
    path.write_text(text, encoding="utf-8")
    found = list(timed_lines(path, FILM))
    return [one.said if isinstance(one, CaptionLine) else one.reason for one in found]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0:05 the dog wakes up", Said(5.0, None, "the dog wakes up")),
        ("0:20-0:24.5 it runs", Said(20.0, 24.5, "it runs")),
        ("[1:02:10] - rain", Said(3730.0, None, "rain")),
        ("00:01,5 – 00:02: rain", Said(1.5, 2.0, "rain")),
        ("  12:00\t12 eggs", Said(720.0, None, "12 eggs")),
    ],
)
def test_a_time_and_what_is_seen(line: str, said: Said, tmp_path: Path) -> None:
    assert read(tmp_path, f"\n{line}\n") == [said]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("the dog wakes up", "does not begin with a time"),
        ("0:05", "does not begin with a time"),
        ("5 dogs", "does not begin with a time"),
        ("0:75 dogs", "0:75 is none"),
        ("0:05-0:75 dogs", "0:75 is none"),
        ("00:00:01,000 --> 00:00:02,000", "times of a subtitle"),
        ("path,start_seconds,caption", "does not begin with a time"),
    ],
)
def test_a_line_that_is_no_caption_is_named(line: str, reason: str, tmp_path: Path) -> None:
    first, second, third = read(tmp_path, f"0:01 before\n{line}\n0:02 after\n")
    assert (first, third) == (Said(1.0, None, "before"), Said(2.0, None, "after"))
    assert isinstance(second, str)
    assert reason in second


def test_the_number_of_a_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "red.txt"
    path.write_text("\n0:01 a\n\nb\n", encoding="utf-8")
    caption, skipped = timed_lines(path, FILM)
    assert isinstance(caption, CaptionLine)
    assert isinstance(skipped, SkippedInput)
    assert (caption.where, caption.media, skipped.path) == ("red.txt:2", FILM, "red.txt:4")


WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=20)


@given(st.integers(0, 3_000_000), st.lists(WORDS, min_size=1, max_size=5))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, tenths: int, words: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("notes")
    (said,) = read(folder, f"{format_seconds(tenths / 10)} {' '.join(words)}\n")
    assert isinstance(said, Said)
    assert said.start_seconds == pytest.approx(tenths / 10)
    assert said.text.split() == words
