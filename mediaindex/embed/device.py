"""Which device a network runs on, and why not another.

A device counts as usable only after a small product was computed on it: a card with a wrong driver, or
one older than this torch supports, fails there and not in the middle of a run.
"""

from __future__ import annotations

import os
import sys
import warnings

import torch

from mediaindex.embed.encoder import DEVICES, Arithmetic
from mediaindex.errors import EncoderUnavailable, UsageError

_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")


def resolve_device(wanted: str) -> tuple[str, str | None]:
    """The device for `auto`, `cpu`, `cuda` or `mps`, and a line on an unusable driver or None.

    Raises:
        UsageError: `wanted` is another word.
        EncoderUnavailable: `wanted` names a device that cannot be used.
    """
    if wanted not in DEVICES:
        raise UsageError(f"--device is one of {', '.join(DEVICES)}, not {wanted!r}")
    if wanted == "cpu":
        return "cpu", None
    if wanted != "auto":
        reason = _unusable(wanted)
        if reason is not None:
            raise EncoderUnavailable(f"{wanted} cannot be used: {reason}; take --device cpu")
        return wanted, None
    note = None
    for device in ("cuda", "mps"):
        if not _may_exist(device):
            continue
        reason = _unusable(device)
        if reason is None:
            return device, None
        if _is_expected(device):
            note = f"{device} cannot be used: {reason}; going on with cpu"
    return "cpu", note


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 by instructions of its own."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # public in no torch yet
    return supported is not None and bool(supported())


def quickest_arithmetic(device: str) -> Arithmetic:
    """In which numbers pictures are embedded the fastest, without finding less.

    Args:
        device: as `resolve_device` gave it.
    """
    return "bfloat16" if device == "cpu" and has_bfloat16() else "float32"


def _may_exist(device: str) -> bool:
    """Whether this torch was built for the device and a driver may be there."""
    if device == "mps":
        return torch.backends.mps.is_built()
    return torch.version.cuda is not None or torch.version.hip is not None


def _is_expected(device: str) -> bool:
    """Whether its absence deserves a note: for CUDA on Linux only if a driver is installed."""
    return device != "cuda" or sys.platform != "linux" or any(map(os.path.exists, _DRIVERS))


def _unusable(device: str) -> str | None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            available = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
            if available:
                x = torch.ones(8, 8, device=device)
                return None if float((x @ x).sum().cpu()) == 512.0 else "it computes wrong products"
        except (RuntimeError, AssertionError) as error:
            return _first_line(error)
    return _first_line(caught[0].message) if caught else f"this torch finds no {device} device"


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
