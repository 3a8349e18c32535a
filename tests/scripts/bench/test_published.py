"""The published loop of scripts/bench/_published.py computes what the network computes."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.denoiser import Direction, PaperDenoiser
from tests.support.paths import BENCH

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("direction", ["t2v", "v2t"])
def test_the_published_loop_computes_what_the_network_computes(
    monkeypatch: pytest.MonkeyPatch, direction: Direction
) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from bench._published import published_denoiser

    torch.manual_seed(0)
    network = PaperDenoiser(16, direction=direction)
    sides = [(3,), (3, 5)] if direction == "t2v" else [(3, 5), (3,)]
    text, video = torch.randn(*sides[0], 16), torch.randn(*sides[1], 4, 16)
    mask = torch.rand(*sides[1], 4) < 0.7
    x, t = torch.randn(3, 5), torch.tensor([0, 20, 49])
    with torch.no_grad():
        published, ours = (
            published_denoiser(network, x, t, text, video, mask),
            network(x, t, text, video, mask),
        )
    torch.testing.assert_close(published, ours, atol=1e-5, rtol=0.0)
