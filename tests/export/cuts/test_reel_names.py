"""Reel names fit their eight columns, and no two sources share one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.cuts.reel_names import reel_names
from tests.support.plain_cuts import plain_source


@given(
    st.lists(st.text(min_size=1, max_size=20).filter(lambda name: "/" not in name), max_size=40, unique=True)
)
def test_reels_fit_and_are_unique(names: list[str]) -> None:
    sources = [plain_source(f"/films/{name}") for name in names]
    reels = reel_names([*sources, *sources])
    assert len(reels) == len(names) == len(set(reels.values()))
    assert all(re.fullmatch(r"[A-Z0-9_]{1,8}", reel) and reel not in ("AX", "BL") for reel in reels.values())


def test_the_cameras_reel_comes_before_the_files_name() -> None:
    sources = [plain_source("/a/clip one.mov", reel_name="A001C002"), plain_source("/b/clip one.mov")]
    sources += [plain_source("/c/clip-one.mp4"), plain_source("/d/ax.mov"), plain_source("/e/日本.mov")]
    assert list(reel_names(sources).values()) == ["A001C002", "CLIPONE", "CLIPONE1", "AX1", "REEL1"]
