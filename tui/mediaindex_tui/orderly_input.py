"""An input that holds no control, and edits in the order of the keys, also where many come at once.

Textual inserts a letter as soon as the input sees it, and carries out a binding such as Backspace later, when
the key has gone up to the application. Over a slow line keys come in heaps, and letters would overtake it.
"""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input

from mediaindex.safe_text import UNSAFE

_EDITS = ("cursor_", "delete_", "home", "end")
EDITING_KEYS = {
    key: binding.action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding) and binding.action.startswith(_EDITS)
    for key in binding.key.split(",")
}
"""The keys of an input that edit, each with its action."""


class OrderlyInput(Input):
    """An input whose editing keys act at once; a blank stands for what could steer a terminal."""

    def validate_value(self, value: str) -> str:
        """What is typed, pasted or set, letter for letter, so that the caret stays where it is."""
        return UNSAFE.sub(" ", value)

    async def _on_key(self, event: events.Key) -> None:
        action = EDITING_KEYS.get(event.key)
        if action is None:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        await self.run_action(action)
