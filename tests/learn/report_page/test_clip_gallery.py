"""Clips on a page: decoded from their videos in the bounded child; features alone have no picture."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediaindex.assembly.reading import new_decoder, sampling_of
from mediaindex.config import load_config
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.report_page.answered import Moment
from mediaindex.learn.report_page.clip_gallery import NO_VIDEOS, ClipGallery
from mediaindex.media import decoded
from tests.support.films import film


def features(*names: str) -> Features:
    """Clips with frames at 0, 1 and 2 seconds, the last of them padding."""
    count = len(names)
    return Features(
        paths=names,
        groups=names,
        splits=("test",) * count,
        spans=np.full((count, 2), np.nan),
        frames=np.ones((count, 3, 4), np.float16),
        mask=np.array([[True, True, False]] * count),
        norms=np.ones((count, 3), np.float32),
        seconds=np.array([[0.0, 1.0, 2.0]] * count),
        evidence=None,
        captions=names,
        sources=("made",) * count,
        languages=(None,) * count,
        clip=np.arange(count),
        text=np.ones((count, 4), np.float16),
        words=None,
        word_mask=None,
    )


def test_the_frame_in_the_middle_is_shown(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", ("red", 0.8), ("blue", 1.2))
    broken = tmp_path / "b.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + b"no film" * 50)
    config = load_config({})
    started = []

    def start():  # type: ignore[no-untyped-def]
        started.append(1)
        return new_decoder(config)

    gallery = ClipGallery(
        features("a", "b", "c"), {"a": path, "b": broken}, {"a": "music"}, start, sampling_of(config)
    )
    with closing(gallery):
        assert started == [], "a page without pictures starts no decoder"
        shown = gallery.picture(Moment(0))
        assert (shown.name, shown.seconds, shown.lacks) == ("a.mp4", 1.0, "")
        assert shown.jpeg is not None
        red, _green, blue = decoded(shown.jpeg).convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        assert blue > red
        assert gallery.picture(Moment(0)) is shown
        unread = gallery.picture(Moment(1))
        assert unread.jpeg is None
        assert unread.lacks != ""
        assert gallery.picture(Moment(2)).lacks == NO_VIDEOS
        assert gallery.parts(0) == {"category": "music"}
        assert gallery.parts(1) == {}
        assert started == [1]


def test_a_clip_whose_times_are_unknown_is_shown_from_its_start(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", "red")
    config = load_config({})
    unknown = replace(features("a"), seconds=np.full((1, 3), np.nan))
    with closing(
        ClipGallery(unknown, {"a": path}, {}, lambda: new_decoder(config), sampling_of(config))
    ) as one:
        assert one.picture(Moment(0)).seconds == 0.0


@pytest.mark.parametrize("name", ["a", "\udcff"])
def test_features_alone_are_named(name: str) -> None:
    config = load_config({})
    gallery = ClipGallery(features(name), {}, {}, lambda: new_decoder(config), sampling_of(config))
    assert gallery.picture(Moment(0)).name == name
