"""Opening: local films alone, and what a player would show."""

from __future__ import annotations

import errno
import os
from fractions import Fraction
from pathlib import Path

import av.error
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.container.opening import (
    codec_of,
    display_size,
    open_container,
    pixel_aspect,
    start_seconds,
)
from mediaindex.decode.container.orientation import Orientation
from mediaindex.errors import ProbeError
from tests.support.media import Clip, moving, write_clip
from tests.support.paths import REPORTED


def test_a_film_is_opened_and_closed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip \udcff:x?.mp4", moving(3))
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with open_container(path) as container:
        (stream,) = container.streams.video
        assert codec_of(stream) is not None
        assert start_seconds(container) == pytest.approx(0.0, abs=0.3)
    assert len(before) == (len(os.listdir("/proc/self/fd")) if before else 0)


def test_a_file_that_is_gone_may_come_back_and_another_kind_may_not(tmp_path: Path) -> None:
    with pytest.raises(ProbeError) as gone, open_container(tmp_path / "gone.mp4"):
        pass
    assert gone.value.transient
    (tmp_path / "words.mp4").write_text("words")
    with (
        pytest.raises(ProbeError, match="text, not a video") as words,
        open_container(tmp_path / "words.mp4"),
    ):
        pass
    assert not words.value.transient


@pytest.mark.parametrize(("number", "transient"), [(errno.EIO, True), (errno.EOPNOTSUPP, False)])
def test_what_ffmpeg_cannot_do_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, transient: bool
) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(3))
    monkeypatch.setattr("av.open", lambda *_, **__: av.error.err_check(-number))
    with pytest.raises(ProbeError) as refused, open_container(path):
        pass
    assert refused.value.transient is transient


def test_a_transport_stream_starts_where_its_clock_does() -> None:
    with open_container(REPORTED / "03-ts-offset" / "starts_at_5000.ts") as container:
        assert start_seconds(container) == pytest.approx(5000.0, abs=2.0)


@pytest.mark.parametrize("aspect", [None, Fraction(4, 3), Fraction(3, 4)])
def test_the_shape_of_a_pixel_is_read(tmp_path: Path, aspect: Fraction | None) -> None:
    with open_container(write_clip(tmp_path / "clip.mp4", moving(3), Clip(aspect=aspect))) as container:
        assert pixel_aspect(container.streams.video[0]) == (aspect or 1)


@given(
    st.integers(1, 9000),
    st.integers(1, 9000),
    st.fractions(Fraction(1, 8), 8),
    st.builds(Orientation, st.booleans(), st.sampled_from([0, 90, 180, 270])),
)
def test_pixels_are_made_square_by_growing_never_by_losing(
    width: int, height: int, aspect: Fraction, orientation: Orientation
) -> None:
    shown = display_size(width, height, aspect, orientation)
    upright = shown[::-1] if orientation.is_sideways else shown
    assert upright[0] >= width
    assert upright[1] >= height
    assert min(upright[0] - width, upright[1] - height) == 0
