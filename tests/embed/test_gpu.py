"""A GPU answers as the CPU does: the same ten best of the real clips, in float32."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.embed.encoder import Encoder
from mediaindex.embed.inputs import picture
from mediaindex.embed.loading import load_encoder
from mediaindex.media import MediaInfo, SampledFrame
from mediaindex.search.channels.similarity import unit

pytestmark = [pytest.mark.gpu, pytest.mark.corpus]

BEST = 10


@pytest.mark.timeout(900)
def test_the_gpu_finds_the_same_ten_clips_as_the_cpu(shared: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    videos = shared / "corpus" / "videos"
    rows = [json.loads(line) for line in (videos / "MANIFEST.jsonl").read_text("utf-8").splitlines()]
    frames = [_frames(videos / row["file"]) for row in rows]
    queries = [row["query"] for row in rows]
    on_cpu = _order(load_encoder("builtin", device="cpu"), frames, queries)
    on_gpu = _order(load_encoder("builtin", device="cuda"), frames, queries)
    np.testing.assert_array_equal(on_gpu, on_cpu)


def _frames(path: Path) -> list[np.ndarray]:
    with new_worker() as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        items = worker.extract(path, info, Sampling())
        return [picture(item.jpeg) for item in items if isinstance(item, SampledFrame)]


def _order(encoder: Encoder, clips: list[list[np.ndarray]], queries: list[str]) -> np.ndarray:
    """The ten best clips of each query, by their best frame."""
    asked = unit(encoder.texts(queries).pooled)
    scores = [(asked @ unit(encoder.images(clip).vectors).T).max(axis=1) for clip in clips]
    return np.argsort(-np.stack(scores, axis=1), axis=1, kind="stable")[:, :BEST]
