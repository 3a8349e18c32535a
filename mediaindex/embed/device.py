"""Which device a network runs on, and why not another.

A driver counts as usable only after a small product was computed on it: an installed card with a
wrong driver, or one older than this torch supports, fails there and not in the middle of a run.
"""

from __future__ import annotations

import os
import sys
import warnings

import torch

from mediaindex.embed.encoder import DEVICES
from mediaindex.errors import EncoderUnavailable, UsageError

_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")


def resolve_device(wanted: str) -> tuple[str, str | None]:
    """The device for `auto`, `cpu`, `cuda` or `mps`, and a line on an unusable driver or None.

    Raises:
        UsageError: another word.
        EncoderUnavailable: a device asked for by name cannot be used.
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
        if not _is_promised(device):
            continue
        reason = _unusable(device)
        if reason is None:
            return device, None
        if _is_expected(device):
            note = f"{device} cannot be used: {reason}; going on with cpu"
    return "cpu", note


def _is_promised(device: str) -> bool:
    """Whether this torch was built for the device and a driver may be there."""
    if device == "mps":
        return torch.backends.mps.is_built()
    return torch.version.cuda is not None or torch.version.hip is not None


def _is_expected(device: str) -> bool:
    """Whether a person may wonder why it is not used: torch is built for cuda on machines without a card."""
    return device != "cuda" or sys.platform != "linux" or any(map(os.path.exists, _DRIVERS))


def _unusable(device: str) -> str | None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            available = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
            if available:
                x = torch.ones(8, 8, device=device)
                return None if float((x @ x).sum().cpu()) == 512.0 else "it computes wrong products"
        except (RuntimeError, AssertionError) as error:
            return _first_line(error)
    return _first_line(said[0].message) if said else f"this torch finds no {device} device"


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
