"""Claims: a pass within a pass leaves alone what is being read, and is told when that is over."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.ingest.reconcile.claims import Claims

PATHS = st.sets(st.sampled_from([Path(f"/{name}.mp4") for name in "abcdef"]))


def test_a_file_left_alone_is_given_once_when_its_reading_is_over() -> None:
    claims, path = Claims(), Path("/a.mp4")
    claims.claim([path])
    claims.leave_alone([path])
    assert claims.take_released() == []
    claims.release([path])
    assert claims.take_released() == [path]
    assert claims.take_released() == []


def test_what_is_claimed_now_does_not_change_later() -> None:
    claims = Claims()
    claims.claim([Path("/a.mp4")])
    before = claims.claimed()
    claims.release([Path("/a.mp4")])
    assert before == {Path("/a.mp4")}
    assert claims.claimed() == frozenset()


@given(claimed=PATHS, left_alone=PATHS, released=PATHS)
def test_no_file_is_lost_and_none_is_given_while_it_is_read(
    claimed: set[Path], left_alone: set[Path], released: set[Path]
) -> None:
    claims = Claims()
    claims.claim(claimed)
    claims.leave_alone(left_alone)
    claims.release(released)
    assert claims.claimed() == claimed - released
    early = claims.take_released()
    assert early == sorted(left_alone - (claimed - released))
    claims.release(claimed)
    assert sorted([*early, *claims.take_released()]) == sorted(left_alone)
