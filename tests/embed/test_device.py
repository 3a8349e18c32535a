"""Which device is taken and what is said of the others."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
import torch

from mediaindex.embed import device as device_module
from mediaindex.embed.device import has_bfloat16, quickest_arithmetic, resolve_device
from mediaindex.errors import EncoderUnavailable, UsageError


@pytest.fixture
def no_mps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: False)


def test_cpu_is_always_there() -> None:
    assert resolve_device("cpu") == ("cpu", None)


def test_the_quickest_arithmetic_is_that_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "has_bfloat16", lambda: True)
    assert quickest_arithmetic("cpu") == "bfloat16"
    assert quickest_arithmetic("cuda") == "float32"
    monkeypatch.setattr(device_module, "has_bfloat16", lambda: False)
    assert quickest_arithmetic("cpu") == "float32"


def test_a_torch_that_cannot_tell_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    assert not has_bfloat16()


def test_another_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="auto, cpu, cuda, mps, not 'gpu'"):
        resolve_device("gpu")


@pytest.mark.usefixtures("no_mps")
def test_auto_names_the_driver_and_takes_the_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device_module, "_DRIVERS", (tmp_path,))

    def old_driver() -> bool:
        warnings.warn("CUDA initialization: The NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", old_driver)
    taken, note = resolve_device("auto")
    assert taken == "cpu"
    assert note is not None
    assert "driver on your system is too old; going on with cpu" in note


@pytest.mark.skipif(sys.platform != "linux", reason="where drivers have a file")
@pytest.mark.usefixtures("no_mps")
def test_nobody_expects_a_card_without_a_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device_module, "_DRIVERS", (tmp_path / "none",))
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == ("cpu", None)
    monkeypatch.setattr(device_module, "_unusable", lambda _device: None)
    assert resolve_device("auto") == ("cuda", None), (
        "a card that works is taken, whatever its driver is called"
    )


@pytest.mark.usefixtures("no_mps")
def test_a_build_without_cuda_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    assert resolve_device("auto") == ("cpu", None)


def test_a_device_asked_for_by_name_must_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EncoderUnavailable, match="cuda cannot be used: this torch finds no cuda device"):
        resolve_device("cuda")


def test_a_card_that_cannot_compute_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    ones = torch.ones

    def broken(*size: int, device: str = "cpu") -> torch.Tensor:
        if device == "cuda":
            raise RuntimeError("no kernel image is available for execution on the device\nmore")
        return ones(*size)

    monkeypatch.setattr(torch, "ones", broken)
    with pytest.raises(EncoderUnavailable, match="no kernel image is available for execution on the device;"):
        resolve_device("cuda")


def test_a_working_device_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    ones = torch.ones
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch, "ones", lambda *size, device: ones(*size))
    assert resolve_device("mps") == ("mps", None)
    assert resolve_device("auto") == ("mps", None)
