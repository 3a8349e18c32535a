"""The sampling policy is one value with sound defaults."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from mediaindex.decode.sampling.policy import MAX_PIXELS, Sampling
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS


def test_a_segment_has_room_for_the_frames_of_the_default_policy() -> None:
    assert SEGMENT_SECONDS / Sampling().gap_seconds <= SEGMENT_FRAMES


def test_eight_k_fits_and_more_does_not() -> None:
    assert 7680 * 4320 <= Sampling().max_pixels == MAX_PIXELS < 16384 * 8192


def test_a_policy_crosses_the_pipe_as_its_fields_and_cannot_change() -> None:
    policy = Sampling(short_side=200, gap_seconds=1.0)
    assert Sampling(**asdict(policy)) == policy
    with pytest.raises(AttributeError):
        policy.quality = 1  # type: ignore[misc]
