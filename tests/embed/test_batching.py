"""Batches of one size, halved and moved where memory runs out."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor, nn

from mediaindex.embed.batching import BatchedNetwork
from mediaindex.errors import EncoderMismatch, EncoderUnavailable


class Narrow(nn.Module):
    """Doubles its input, and fails as torch does above a number of rows or on a device."""

    def __init__(self, *, most: int, error: type[Exception] = RuntimeError, refuses: str = "") -> None:
        super().__init__()
        self.most, self.error, self.refuses = most, error, refuses
        self.seen: list[int] = []
        self.device = "cpu"

    def to(self, *args: object, **kwargs: object) -> Narrow:
        self.device = str(args[0])
        return self

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.most or self.device == self.refuses:
            raise self.error("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")
        self.seen.append(len(x))
        return 2 * x


def _batched(
    network: nn.Module, *, size: int = 8, device: str = "cpu", padded: bool = True
) -> BatchedNetwork:
    return BatchedNetwork(lambda: network, size=size, device=device, name="tiny", padded=padded)


def test_every_batch_has_the_fixed_size() -> None:
    network = Narrow(most=8)
    rows = torch.arange(11.0)[:, None]
    (result,) = _batched(network)(rows)
    assert torch.equal(result, 2 * rows)
    assert network.seen == [8, 8]


def test_unpadded_batches_are_as_long_as_what_is_left() -> None:
    network = Narrow(most=8)
    _batched(network, padded=False)(torch.arange(11.0)[:, None])
    assert network.seen == [8, 3]


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, torch.OutOfMemoryError])
def test_out_of_memory_halves_the_batch_and_keeps_it(error: type[Exception]) -> None:
    network = Narrow(most=3, error=error)
    batched = _batched(network)
    rows = torch.arange(5.0)[:, None]
    assert torch.equal(batched(rows)[0], 2 * rows)
    assert network.seen == [2, 2, 2]
    batched(rows[:1])
    assert network.seen[-1] == 2


def test_a_device_without_memory_gives_way_to_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    network = Narrow(most=8, refuses="meta")
    batched = _batched(network, device="meta")
    with caplog.at_level(logging.WARNING):
        # the failing network never looks at its input, so an absent device needs no tensors on it
        results = batched(torch.arange(3.0)[:, None])
    assert torch.equal(results[0], torch.tensor([[0.0], [2.0], [4.0]]))
    assert batched.device == "cpu"
    assert network.seen == [8]
    assert [record.getMessage() for record in caplog.records] == [
        "tiny: meta has too little memory, going on with cpu"
    ]


def test_not_even_one_row_fits() -> None:
    with pytest.raises(EncoderUnavailable, match="tiny needs more memory"):
        _batched(Narrow(most=0))(torch.zeros(2, 1))


def test_another_error_passes() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        _batched(Broken())(torch.zeros(2, 1))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_result_that_is_not_finite_names_the_encoder(value: float) -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x * value

    with pytest.raises(EncoderMismatch, match="the encoder tiny gave numbers that are not finite"):
        _batched(Broken())(torch.ones(2, 1))


class Halves(nn.Module):
    """Two results of each row, one in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((), 0.5))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.weight * x, (self.weight * x).half()


def test_results_of_several_batches_come_in_the_order_of_the_rows() -> None:
    rows = torch.arange(20.0)[:, None]
    full, half = _batched(Halves(), size=3)(rows)
    assert torch.equal(full, rows / 2)
    assert torch.equal(half, rows / 2)
    assert half.dtype == torch.float32


@pytest.mark.gpu
def test_a_gpu_computes_many_batches_as_one() -> None:
    """Copies run beside the computation: no batch is read before it has arrived, or after it was reused."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    rows = torch.randn(4096, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    network = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 30 * 30, 8)).double()
    with torch.inference_mode():
        expected = network.cpu()(rows.double()).float()
    (result,) = _batched(network, size=64, device="cuda")(rows.double())
    torch.testing.assert_close(result, expected, rtol=1e-6, atol=1e-6)
