"""What is stored of a frame: close to what was given, and nothing where that was no number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex_models.region_records import FLAT, RECORD_BYTES, REGIONS, WIDTH, packed, unpacked


def numbers_of(frames: int, seed: int = 0) -> NDArray[np.float32]:
    """What `region_evidence` gives: unit directions and pooled vectors, weights that sum to one, hubs."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((frames, REGIONS + 1, WIDTH))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    weights = random.dirichlet(np.ones(REGIONS), frames)
    hubs = random.normal(-4, 2, (frames, 1))
    return np.concatenate([vectors.reshape(frames, -1), weights, hubs], axis=1).astype(np.float32)


def test_a_frame_takes_2340_bytes() -> None:
    assert RECORD_BYTES == 2340
    assert packed(numbers_of(3)).shape == (3, 2340)
    assert packed(np.empty((0, FLAT), np.float32)).shape == (0, 2340)


def test_what_is_read_is_near_to_what_was_given() -> None:
    given_numbers = numbers_of(50)
    read = unpacked(packed(given_numbers))
    vectors = given_numbers[:, : (REGIONS + 1) * WIDTH].reshape(-1, REGIONS + 1, WIDTH)
    assert (np.einsum("nrd,nrd->nr", read.directions, vectors[:, :REGIONS]) > 0.9999).all()
    assert (np.einsum("nd,nd->n", read.pooled, vectors[:, REGIONS]) > 0.9999).all()
    np.testing.assert_allclose(np.linalg.norm(read.directions, axis=2), 1, atol=1e-6)
    np.testing.assert_allclose(read.weights, given_numbers[:, -REGIONS - 1 : -1], atol=1e-3)
    np.testing.assert_allclose(read.hubs, given_numbers[:, -1], atol=1e-2)
    assert read.known.all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e6])
@pytest.mark.parametrize("place", [0, WIDTH * REGIONS, FLAT - 2, FLAT - 1])
def test_what_is_no_number_costs_its_own_frame_alone(wrong: float, place: int) -> None:
    given_numbers = numbers_of(3)
    given_numbers[1, place] = wrong
    records = packed(given_numbers)
    assert not records[1].any()
    assert unpacked(records).known.tolist() == [True, False, True]


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES))
def test_damaged_bytes_give_finite_numbers(content: bytes) -> None:
    read = unpacked(np.frombuffer(content, np.uint8)[None])
    for part in (read.directions, read.weights, read.pooled, read.hubs):
        assert np.isfinite(part).all()
