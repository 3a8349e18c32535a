"""The palette: every action of the table that works here, with its key."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandInput, CommandPalette, DiscoveryHit, Hit, Hits, Provider

from mediaindex_tui.keys import ACTIONS, STATES, Action, State, shown_keys
from mediaindex_tui.orderly_input import OrderlyInput

if TYPE_CHECKING:
    from mediaindex_tui.app import InterfaceApp


Need = Literal["moment", "marks", "query", "dead finder"]
NEEDS: Mapping[Need, Set[str]] = {
    "moment": {one.name for one in ACTIONS if one.palette in ("Moment", "Export")} - {"undo"},
    "marks": {"with_marks", "without_marks", "clear_marks"},
    "query": {"order", "ask_again", "save_search", "words_only", "pictures_only"},
    "dead finder": {"start_search"},
}
"""Without these an action would only say that it cannot."""


class PaletteInput(CommandInput, OrderlyInput):
    """The palette's input, which holds no control either."""


class Palette(CommandPalette):
    """The palette, from which one can leave as from everywhere: a modal screen asks no application."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "app.leave", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        """What Textual's has, with an input of ours; its blinking would send something at rest."""
        for part in super().compose():
            if isinstance(part, CommandInput):
                part = PaletteInput(placeholder=part.placeholder, select_on_focus=False)
                part.cursor_blink = False
            yield part


class Actions(Provider):
    """The actions of the screen below the palette."""

    async def discover(self) -> Hits:
        """All of them, by their groups."""
        for action in self._fitting():
            yield DiscoveryHit(self._title(action), self._run(action), help=self._key(action))

    async def search(self, query: str) -> Hits:
        """Those whose words have what is typed."""
        matcher = self.matcher(query)
        for action in self._fitting():
            title = self._title(action)
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), self._run(action), help=self._key(action))

    def _fitting(self) -> list[Action]:
        return [
            action
            for action in ACTIONS
            if action.palette
            and hasattr(self._owner(action), f"action_{action.call.partition('(')[0] or action.name}")
            and self._is_of_use(action)
        ]

    def _is_of_use(self, action: Action) -> bool:
        """Whether what an action works on is there now."""
        interface = cast("InterfaceApp", self.app)
        search = interface.search
        is_there: dict[Need, bool] = {
            "moment": search.moments.current is not None,
            "marks": bool(search.moments.marks),
            "query": not search.session.is_empty,
            "dead finder": interface.link.has_ended,
        }
        return all(is_there[need] for need, names in NEEDS.items() if action.name in names)

    def _owner(self, action: Action) -> object:
        return self.app if action.owner == "app" else self.screen

    def _title(self, action: Action) -> str:
        return f"{action.palette}: {action.help}"

    def _key(self, action: Action) -> str:
        keys = cast("InterfaceApp", self.app).keys
        found: list[State] = [state for state in STATES if keys.keys.get((state, action.name))]
        return shown_keys(keys.keys[found[0], action.name]) if found else ""

    def _run(self, action: Action):  # type: ignore[no-untyped-def]
        async def run() -> None:
            await self.app.run_action(action.target, self.screen)

        return run
