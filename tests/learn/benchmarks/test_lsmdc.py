"""LSMDC, on a small file of its published form."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.lsmdc import BROKEN, FILES, LSMDC

CLIP = "0001_American_Beauty_00.00.51.926-00.00.54.129"


def line(clip: str, text: str) -> str:
    return f"{clip}\t00.00.51.926\t00.00.54.129\t00.00.51.915\t00.00.54.411\t{text}\n"


def test_broken_clips_are_left_out(folder: Path) -> None:
    assert len(BROKEN) == 6
    (folder / FILES["test"]).write_text(line(CLIP, "SOMEONE turns.") + "".join(line(c, "a") for c in BROKEN))
    (clip,) = LSMDC.read(folder, "test")
    assert (clip.id, clip.captions) == (CLIP, ("SOMEONE turns.",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip\ta sentence\n", "lacks 6 fields between tabs in every line"),
        (line(CLIP, ""), f"has no caption of {CLIP}"),
        (line(CLIP, "a") + line(CLIP, "b"), "twice"),
        ("", "lacks ids of videos"),
    ],
)
def test_another_version(text: str, said: str, folder: Path) -> None:
    (folder / FILES["train"]).write_text(text)
    with pytest.raises(UsageError, match=said):
        LSMDC.read(folder, "train")
