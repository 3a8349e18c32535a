"""When frames are shown, by table or packets, as a decoder shows them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediaindex.decode import frame_times as frame_times_module
from mediaindex.decode.frame_times import even_rate, frame_times
from mediaindex.errors import DecodeError
from mediaindex.media import FrameTimes, Position
from tests.support.counted_films import FILMS, Film, write_film
from tests.support.media import cut_off, film


def times_of(path: Path) -> FrameTimes:
    *signs, times = frame_times(path, film(path))
    assert all(isinstance(sign, Position) for sign in signs)
    assert isinstance(times, FrameTimes)
    return times


@pytest.mark.parametrize("kind", FILMS, ids=lambda kind: kind.name)
def test_every_frame_has_the_time_at_which_it_is_decoded(kind: Film, tmp_path: Path) -> None:
    counted = write_film(tmp_path, kind)
    times = times_of(counted.path)
    assert times.count == kind.count
    if kind.stamps:
        assert times.rate is None
        assert [stamp * times.tick for stamp in times.stamps] == list(counted.times)
    else:
        assert (times.rate, times.stamps) == (kind.rate, ())
        assert times.first * times.tick == counted.times[0]
        assert abs((times.end - times.first) * times.tick - kind.count / kind.rate) < Fraction(1, 500)


def test_a_file_that_is_cut_off_has_the_frames_that_are_left(tmp_path: Path) -> None:
    counted = write_film(tmp_path, FILMS[1])
    whole = times_of(counted.path)
    left = times_of(cut_off(counted.path, 0.5))
    assert 0 < left.count < whole.count
    assert left.rate == whole.rate


def test_a_very_large_film_with_an_even_rate_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = write_film(tmp_path, FILMS[7])
    monkeypatch.setattr(frame_times_module, "READ_WHOLE_BYTES", 1)
    (times,) = frame_times(counted.path, film(counted.path))
    assert isinstance(times, FrameTimes)
    assert (times.rate, times.count) == (Fraction(25), 130)


def test_a_film_without_times_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = write_film(tmp_path, FILMS[1])
    info = film(counted.path)
    monkeypatch.setattr(frame_times_module, "packets", lambda *_: iter(()))
    with pytest.raises(DecodeError, match="no packet"):
        list(frame_times(counted.path, info))


def test_even_rates_of_ticks() -> None:
    tick = Fraction(1, 600)
    assert even_rate([0, 20, 40, 61, 81], tick) is not None
    assert even_rate([0, 20, 40, 80], tick) is None
    assert even_rate([0], tick, Fraction(25)) == 25
    assert even_rate([0, 0], tick) is None
    assert even_rate([0, 33, 67], Fraction(1, 1000), Fraction(30000, 1001)) == Fraction(30000, 1001)
