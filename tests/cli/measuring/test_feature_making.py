"""Features of a benchmark: its folders, and how its sampling is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.cli.measuring.feature_making import benchmark_media, sampling_name
from mediaindex.config import load_config
from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS
from tests.support.made_benchmarks import made_benchmark

MSVD = BENCHMARKS["msvd"]


def test_the_media_of_a_split(tmp_path: Path) -> None:
    made = made_benchmark("msvd", tmp_path, {"red": "red"})
    seen: list[tuple[int, int]] = []
    media, left_out = benchmark_media(
        MSVD,
        "test",
        str(made.videos),
        str(made.annotations),
        load_config({}),
        lambda *step: seen.append(step),
    )
    assert ([item.name for item in media], left_out) == (["red_1_4"], [])
    assert seen[-1] == (1, 1)


@pytest.mark.parametrize(
    ("videos", "annotations", "said"),
    [
        (None, ".", "needs --videos DIR"),
        (".", None, "needs --videos DIR"),
        (".", "gone", "--annotations gone is no"),
    ],
)
def test_folders_that_are_not_given_or_not_there(
    videos: str | None, annotations: str | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        benchmark_media(MSVD, "test", videos, annotations, load_config({}), lambda _done, _total: None)


def test_the_sampling_of_a_benchmark_names_its_protocol() -> None:
    config = load_config({})
    by_protocol = sampling_name(config, MSVD, MSVD.protocol)
    assert by_protocol == "msvd: 1 frame a second, 12 of a clip, 32 tokens of a caption"
    assert sampling_name(config, MSVD, None) == sampling_name(config, None, None) != by_protocol
