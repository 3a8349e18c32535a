"""Shares of named colours in the cells of a picture.

A pixel belongs to the colours near it in CIE Lab, whose distances follow what people see as unlike. The names
are the eleven basic colour terms of Berlin and Kay (1969) with shades that captions tell apart.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

COLOURS = {
    "black": (0, 0, 0),
    "dark grey": (70, 70, 70),
    "grey": (128, 128, 128),
    "light grey": (190, 190, 190),
    "white": (255, 255, 255),
    "red": (200, 30, 35),
    "orange": (240, 135, 25),
    "brown": (115, 75, 40),
    "yellow": (245, 220, 60),
    "light green": (130, 190, 65),
    "green": (30, 105, 45),
    "turquoise": (85, 200, 210),
    "blue": (40, 90, 200),
    "dark blue": (20, 30, 90),
    "purple": (120, 50, 150),
    "pink": (240, 150, 180),
    "skin": (215, 170, 140),
}
"""sRGB of each name, 0..255."""

_SPREAD = 12.0  # Lab units within which a pixel still belongs to a colour
_PIXELS_TOGETHER = 4  # a side of the squares that are averaged before they are named


def colour_shares(pictures: Tensor, *, cells: int = 7) -> Tensor:
    """uint8 (B, H, W, 3), square → (B, 17, cells, cells) shares of the named colours, summing to one."""
    rgb = pictures.permute(0, 3, 1, 2).float() / 255
    lab = _lab(F.avg_pool2d(rgb, _PIXELS_TOGETHER))  # (B, 3, H / 4, W / 4)
    palette = _lab(torch.tensor(list(COLOURS.values())).float()[:, :, None, None] / 255)[
        :, :, 0, 0
    ]  # (17, 3)
    flat = lab.flatten(2).mT  # (B, P, 3)
    logits = -torch.cdist(flat, palette.to(flat)).square() / (2 * _SPREAD**2)
    shares = torch.softmax(logits, dim=-1).mT.reshape(len(flat), -1, *lab.shape[2:])
    return F.adaptive_avg_pool2d(shares, cells)


def _lab(rgb: Tensor) -> Tensor:
    """sRGB (B, 3, H, W) in 0..1 → CIE Lab of a D65 white, the same shape."""
    linear = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = rgb.new_tensor(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ) / rgb.new_tensor([0.9505, 1.0, 1.089]).unsqueeze(1)
    x = torch.einsum("ij,bjhw->bihw", to_xyz, linear)
    f = torch.where(x > 0.008856, x.clamp(min=1e-6) ** (1 / 3), 7.787 * x + 16 / 116)
    return torch.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], dim=1)
