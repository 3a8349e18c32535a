"""The ETA of a first pass: extrapolated, and never said too early."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.ingest.eta import LEAST_SHARE, EtaEstimator


def test_a_forecast_is_what_is_left_at_the_speed_so_far() -> None:
    now = [100.0]
    forecast = EtaEstimator(1000.0, vector_bytes=10, clock=lambda: now[0])
    assert forecast.outlook(0.5).ready_at is None
    now[0] = 110.0
    forecast.add(250.0, frames=5, blob_bytes=950)
    outlook = forecast.outlook(0.75)
    assert (outlook.searchable, outlook.ready_at, outlook.disk_bytes) == (0.75, 140.0, 3000)
    assert outlook.speed == 25.0


@given(
    total=st.floats(1.0, 1e7),
    share=st.floats(0.0, 1.5),
    elapsed=st.floats(0.0, 1e6),
    blob_bytes=st.integers(0, 2**40),
)
def test_an_eta_is_never_past_and_comes_once_a_hundredth_is_decoded(
    total: float, share: float, elapsed: float, blob_bytes: int
) -> None:
    now = [1000.0]
    estimator = EtaEstimator(total, vector_bytes=16, clock=lambda: now[0])
    now[0] += elapsed
    estimator.add(share * total, frames=3, blob_bytes=blob_bytes)
    outlook = estimator.outlook(0.5)
    assert (
        (outlook.ready_at is None) == (outlook.disk_bytes is None) == (share * total <= LEAST_SHARE * total)
    )
    if outlook.ready_at is not None and outlook.disk_bytes is not None:
        assert outlook.ready_at >= now[0]
        assert outlook.disk_bytes >= 0


def test_a_pass_that_decoded_more_than_was_known_is_ready_now() -> None:
    estimator = EtaEstimator(100.0, vector_bytes=1, clock=lambda: 7.0)
    estimator.add(120.0, frames=1, blob_bytes=10)
    assert (estimator.outlook(1.0).ready_at, estimator.outlook(1.0).disk_bytes) == (7.0, 0)
