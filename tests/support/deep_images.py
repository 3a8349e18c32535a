"""Images of more than eight bits a colour, written byte by byte: Pillow writes few of these kinds."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
Order = Literal["<", ">"]
_KINDS = {"u": UNSIGNED, "i": SIGNED, "f": FLOAT}
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def png16(values: NDArray[Any], transparent: tuple[int, ...] | None = None) -> bytes:
    """A PNG of 16 bits of (height, width, 1..4) values, perhaps with one value that is transparent."""
    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    clear = (
        b"" if transparent is None else _chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + clear
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def tiff(
    values: NDArray[Any], *, order: Order = "<", planes_apart: bool = False, white_is_zero: bool = False
) -> bytes:
    """An uncompressed TIFF of (height, width, 1..4) values as they are; a second or fourth one is alpha.

    Args:
        order: of bytes, "<" or ">".
    """
    height, width, channels = values.shape
    stored = values.astype(values.dtype.newbyteorder(order))
    strips = [stored[..., channel].tobytes() for channel in range(channels)] if planes_apart else []
    strips = strips or [stored.tobytes()]
    photometric = 2 if channels > 2 else 0 if white_is_zero else 1
    tags: dict[int, tuple[str, list[int]]] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [values.dtype.itemsize * 8] * channels),
        259: ("H", [1]),
        262: ("H", [photometric]),
        273: ("I", [0] * len(strips)),
        277: ("H", [channels]),
        278: ("I", [height]),
        279: ("I", [len(strip) for strip in strips]),
        284: ("H", [2 if planes_apart else 1]),
        **({338: ("H", [2])} if channels in (2, 4) else {}),
        339: ("H", [_KINDS[values.dtype.kind]] * channels),
    }
    first_strip = 8 + len(_directory(tags, order))
    tags[273] = ("I", [first_strip + sum(map(len, strips[:index])) for index in range(len(strips))])
    magic = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return magic + _directory(tags, order) + b"".join(strips)


def _directory(tags: dict[int, tuple[str, list[int]]], order: str) -> bytes:
    """The directory of a TIFF, which begins at byte 8, and the values that do not fit into it."""
    entries, values = struct.pack(f"{order}H", len(tags)), b""
    values_at = 8 + 2 + 12 * len(tags) + 4
    for tag, (kind, numbers) in sorted(tags.items()):
        data = struct.pack(f"{order}{len(numbers)}{kind}", *numbers)
        if len(data) > 4:
            data, values = struct.pack(f"{order}I", values_at + len(values)), values + data
        entries += struct.pack(f"{order}HHI", tag, {"H": 3, "I": 4}[kind], len(numbers)) + data.ljust(
            4, b"\0"
        )
    return entries + struct.pack(f"{order}I", 0) + values


def ramp(channels: int = 1, width: int = 64, height: int = 48) -> NDArray[np.float64]:
    """0 on the left to 1 on the right, (height, width, channels); alpha is 1 everywhere."""
    values = np.tile(np.linspace(0.0, 1.0, width)[None, :, None], (height, 1, channels))
    if channels in (2, 4):
        values[..., -1] = 1.0
    return values
