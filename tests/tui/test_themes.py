from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from mediaindex_tui.themes import THEMES


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as the Web Content Accessibility Guidelines define it."""
    lights = []
    for colour in (Color.parse(one), Color.parse(other)):
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
        ]
        lights.append(0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def colours(theme: Theme) -> list[str]:
    found = [
        theme.foreground,
        theme.primary,
        theme.accent,
        theme.success,
        theme.error,
        theme.variables["text-muted"],
    ]
    return [colour for colour in found if colour is not None]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: str(theme.name))
def test_every_colour_can_be_read(theme: Theme) -> None:
    least = 7.0 if theme.name == "high-contrast" else 4.5
    assert theme.background is not None
    assert {
        colour: contrast(colour, theme.background) >= least for colour in colours(theme)
    } == dict.fromkeys(colours(theme), True)
