"""Keys that come in heaps do what they would have done one by one.

Textual gives a key to whatever has the focus when it arrives. A key that moves the focus is carried out
later, when it has gone up from there to the application. What was typed behind it has gone to the old place
by then: letters of a query become commands. So what comes behind a command waits until the command is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import events
from textual.app import App
from textual.widget import Widget
from textual.widgets import Input

from mediaindex_tui.orderly_input import EDITING_KEYS

LOST_SECONDS = 1.0
"""A command that has not come back after so long went down with its screen: nothing waits for it any more."""


_START = events.Key("start", None)
"""In place of the command that is being carried out, until nothing has to be waited for any more."""


class KeysInOrder(App[int]):
    """An application that carries out commands one after the other, the first once `take_keys` was called.

    Before its first screen is there nothing has the focus, and what is typed would go nowhere.
    """

    _command: events.Key | None = _START  # that is being carried out
    _had_focus: Widget | None = None  # when it came
    _waiting: tuple[events.Key | events.Paste, ...] = ()

    async def on_event(self, event: events.Event) -> None:
        """Carry out a key or paste in its turn."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif event.is_forwarded:  # nobody below wanted it, and what it is bound to is done now
            await super().on_event(event)
            if event is self._command:
                self._settle(self._had_focus)
        elif self._command is not None:
            if not self._waiting and self._command is not _START:
                self.set_timer(LOST_SECONDS, partial(self._go_on, self._command))
            self._waiting += (event,)
        else:
            if isinstance(event, events.Key) and self._is_command(event):
                self._command, self._had_focus = event, self.focused
            await super().on_event(event)
            if event is self._command and not event.is_forwarded:
                self._settle(self._had_focus)

    def take_keys(self) -> None:
        """Carry out what was typed before the first screen was there, and all that comes."""
        self._settle(None)

    def _is_command(self, key: events.Key) -> bool:
        """Whether a key is bound to something that whatever has the focus does not do itself."""
        if isinstance(self.focused, Input) and (key.is_printable or key.key in EDITING_KEYS):
            return False
        return key.key in self.active_bindings

    def _settle(self, had_focus: Widget | None) -> None:
        """Go on behind all that a command left to be done: here, and by those that it concerns."""

        def then() -> None:
            self._pass_by((had_focus, self.focused, self.screen_stack[-1] if self.screen_stack else None))

        self.call_later(then)

    def _pass_by(self, whom: Sequence[Widget | None]) -> None:
        """Wait until each has done what waits for it already: one that ended has nothing to do."""
        for place, widget in enumerate(whom):
            if widget is not None and widget.call_later(self._pass_by, whom[place + 1 :]):
                return
        if self._command is not None:
            self.call_later(self._go_on, self._command)

    async def _go_on(self, command: events.Key) -> None:
        """Carry out what waited for a command."""
        if command is not self._command:
            return
        self._command = None
        waiting, self._waiting = self._waiting, ()
        for event in waiting:
            await self.on_event(event)
