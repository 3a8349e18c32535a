"""Shares of named colours."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.named_colours import COLOURS, colour_shares


@pytest.mark.parametrize("name", COLOURS)
def test_a_plain_picture_is_of_its_colour(name: str) -> None:
    picture = torch.tensor(COLOURS[name], dtype=torch.uint8).expand(1, 56, 56, 3)
    shares = colour_shares(picture)
    assert shares.shape == (1, len(COLOURS), 7, 7)
    torch.testing.assert_close(shares.sum(1), torch.ones(1, 7, 7))
    assert (shares.argmax(1) == list(COLOURS).index(name)).all()


def test_each_cell_has_its_own_shares() -> None:
    picture = torch.zeros(1, 56, 56, 3, dtype=torch.uint8)
    picture[:, :, 28:] = 255
    shares = colour_shares(picture, cells=2)
    names = list(COLOURS)
    black, white = (shares[0, names.index(name)] for name in ("black", "white"))
    assert black[:, 0].min() > 0.9 > 0.01 > black[:, 1].max()
    assert white[:, 1].min() > 0.8 > 0.01 > white[:, 0].max()
