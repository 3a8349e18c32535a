"""Three themes: dark, light, and one of high contrast, at least 7 to 1."""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        name="dark", dark=True, primary="#7aa2f7", accent="#e0af68", foreground="#d5d8e0",
        background="#13151a", surface="#13151a", panel="#1c1f26",
        success="#9ece6a", error="#f7768e", warning="#e0af68",
        variables={"text-muted": "#8a90a0", "rule": "#3a3f4b"},
    ),
    Theme(
        name="light", dark=False, primary="#1f5fbf", accent="#8a5a00", foreground="#1c1f26",
        background="#fbfbf8", surface="#fbfbf8", panel="#ecece6",
        success="#2e6b1f", error="#b3192f", warning="#8a5a00",
        variables={"text-muted": "#5c6270", "rule": "#c4c6cc"},
    ),
    Theme(
        name="high-contrast", dark=True, primary="#ffff00", accent="#ffff00", foreground="#ffffff",
        background="#000000", surface="#000000", panel="#000000",
        success="#5fff5f", error="#ff9f9f",
        warning="#ffff00", variables={"text-muted": "#d0d0d0", "rule": "#ffffff"},
    ),
)  # fmt: skip
