"""What every widget that draws its own lines shares: the styles of the style sheet, by meaning."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rich.style import Style
from textual.widget import Widget

from mediaindex_tui.look import ASCII, Glyphs, Look

_CLASSES = tuple(f.name for f in fields(Look) if f.name != "glyphs")


class Drawn(Widget):
    """A widget with a look; the application says once whether the terminal has more than ASCII."""

    COMPONENT_CLASSES = {f"look--{name}" for name in _CLASSES}  # noqa: RUF012  Textual's own form
    _look: Look | None = None
    _base: Style | None = None

    @property
    def look(self) -> Look:
        """The styles of this widget, read anew when the theme changed."""
        if self._look is None:
            styles: dict[str, Any] = {
                name: self.get_component_rich_style(f"look--{name}") for name in _CLASSES
            }
            self._look = Look(**styles, glyphs=ASCII if getattr(self.app, "is_ascii", False) else Glyphs())
        return self._look

    @property
    def base(self) -> Style:
        """The style below all others; the widget's own would be put together anew for each row."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def notify_style_update(self) -> None:
        """Forget the styles: a rule of the style sheet or the theme changed."""
        self._look = self._base = None
        super().notify_style_update()
