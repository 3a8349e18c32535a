"""The benchmarks by name."""

from __future__ import annotations

from mediaindex.learn.benchmarks.activitynet import ACTIVITYNET
from mediaindex.learn.benchmarks.annotation_split import Benchmark
from mediaindex.learn.benchmarks.didemo import DIDEMO
from mediaindex.learn.benchmarks.lsmdc import LSMDC
from mediaindex.learn.benchmarks.msrvtt import MSRVTT
from mediaindex.learn.benchmarks.msvd import MSVD

BENCHMARKS: dict[str, Benchmark] = {one.name: one for one in (MSRVTT, MSVD, LSMDC, ACTIVITYNET, DIDEMO)}
