"""From the colours of HDR and wide-gamut films to those of BT.709, which screens and encoders expect.

Done here on pictures that are scaled down already, because not every build of FFmpeg has a filter for it.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNSPECIFIED = 2


class Primaries(IntEnum):
    """Codes of ITU-T H.273 for the colours that red, green and blue are."""

    BT709 = 1
    BT2020 = 9
    DCI_P3 = 11
    DISPLAY_P3 = 12


class Transfer(IntEnum):
    """Codes of ITU-T H.273 for how levels become light."""

    PQ = 16
    HLG = 18


WHITE_NITS = 203.0  # ITU-R BT.2408: how bright white paper is in a film of high dynamic range
PQ_PEAK_NITS = 10_000.0
HLG_PEAK_NITS = 1000.0
HLG_SYSTEM_GAMMA = 1.2
SCREEN_GAMMA = 2.4  # ITU-R BT.1886
# Up to this share of white the tone curve changes nothing.
TONE_KNEE = 0.5

_WHITE_POINT = (0.3127, 0.3290)  # D65; also for DCI_P3, whose own is another, so that white stays white
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_CHROMATICITIES = {
    Primaries.BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    Primaries.BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    Primaries.DCI_P3: _P3,
    Primaries.DISPLAY_P3: _P3,
}


def is_bt709(primaries: int, transfer: int) -> bool:
    """Whether a film with these tags is shown as it is.

    True of what is not listed here, too: other primaries differ too little to be seen, and other transfers
    are close to the screen's.
    """
    return transfer not in set(Transfer) and _known(primaries, transfer) == Primaries.BT709


def to_bt709(pixels: NDArray[np.uint8], primaries: int, transfer: int) -> NDArray[np.uint8]:
    """RGB levels of a film, (..., 3), as levels of BT.709.

    Args:
        primaries, transfer: as the film is tagged, by H.273.
    """
    known = _known(primaries, transfer)
    light = _light_of_levels(transfer)[pixels]
    if transfer == Transfer.HLG:
        luminance = light @ _rgb_to_xyz(known)[1].astype(np.float32)
        light *= luminance[..., None] ** np.float32(HLG_SYSTEM_GAMMA - 1)
        light *= np.float32(HLG_PEAK_NITS / WHITE_NITS)
    light = np.maximum(light @ _to_bt709_primaries(known), np.float32(0))
    if transfer in set(Transfer):
        light = _tone_mapped(light)
    return np.asarray(np.rint(255 * np.minimum(light, 1) ** np.float32(1 / SCREEN_GAMMA)), np.uint8)


def _known(primaries: int, transfer: int) -> Primaries:
    if primaries == UNSPECIFIED and transfer in set(Transfer):
        return Primaries.BT2020
    return Primaries(primaries) if primaries in _CHROMATICITIES else Primaries.BT709


@lru_cache
def _light_of_levels(transfer: int) -> NDArray[np.float32]:
    """Light for each of 256 levels: of the scene for HLG, else of the screen, with 1 for white."""
    levels = np.linspace(0.0, 1.0, 256)
    if transfer == Transfer.PQ:  # SMPTE ST 2084
        root = levels ** (32 / 2523)
        ratio = np.maximum(root - 3424 / 4096, 0.0) / (2413 / 128 - 2392 / 128 * root)
        light = ratio ** (8192 / 1305) * PQ_PEAK_NITS / WHITE_NITS
    elif transfer == Transfer.HLG:  # ARIB STD-B67
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(levels <= 0.5, levels**2 / 3, (np.exp((levels - c) / a) + b) / 12)
    else:
        light = levels**SCREEN_GAMMA
    return light.astype(np.float32)


def _tone_mapped(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light up to the peak of PQ squeezed into 0..1 by Möbius' curve over the strongest of the colours.

    All three are scaled alike, so that the hue stays.
    """
    peak, knee = PQ_PEAK_NITS / WHITE_NITS, TONE_KNEE
    a = -(knee**2) * (peak - 1) / (knee**2 - 2 * knee + peak)
    b = (knee**2 - 2 * knee * peak + peak) / (peak - 1)
    strongest = np.maximum(light.max(axis=-1, keepdims=True), np.float32(knee))
    squeezed = (b**2 + 2 * b * knee + knee**2) / (b - a) * (strongest + a) / (strongest + b)
    return np.asarray(light * (squeezed / strongest), np.float32)


@lru_cache
def _to_bt709_primaries(primaries: Primaries) -> NDArray[np.float32]:
    """The matrix from light of other primaries, a row of three, to a row of BT.709's."""
    matrix = np.linalg.solve(_rgb_to_xyz(Primaries.BT709), _rgb_to_xyz(primaries))
    return np.ascontiguousarray(matrix.T, np.float32)


def _rgb_to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """The matrix from light, a column of three, to CIE XYZ, with Y = 1 for white."""

    def xyz(x: float, y: float) -> tuple[float, float, float]:
        return x / y, 1.0, (1 - x - y) / y

    columns = np.array([xyz(*point) for point in _CHROMATICITIES[primaries]]).T
    return np.asarray(columns * np.linalg.solve(columns, np.array(xyz(*_WHITE_POINT))))
