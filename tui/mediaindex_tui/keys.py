"""The one table of actions: bindings, footer, help, palette and the page of keys are made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from textual.binding import Binding, BindingType
from textual.keys import key_to_character

from mediaindex_tui.export_line import ENDINGS

State = Literal["typing", "browsing", "sheet", "library", "everywhere"]
STATES: tuple[State, ...] = get_args(State)
TITLES: Mapping[State, str] = {
    "typing": "Typing (the cursor is in the query)",
    "browsing": "Browsing (Tab or Esc goes there)",
    "sheet": "Contact sheet (Tab again)",
    "library": "Library (F2)",
    "everywhere": "Everywhere",
}
WHILE_TYPING: tuple[State, ...] = ("typing", "everywhere")
"""The states in which a letter is a part of the query."""
SAME_AS_OTHERS = frozenset({"ctrl+j", "ctrl+m", "ctrl+i", "ctrl+h", "ctrl+left_square_bracket"})
"""Keys that many terminals send as Enter, Tab, Backspace or Escape."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does.

    Attributes:
        name: its entry in `[ui.keys]`, and its method `action_NAME`.
        keys: by state, as Textual names them, with commas between.
        help: what it does. label: the same in one word, for the footer; empty where it has no room there.
        palette: the group in the palette, None where a palette would not help.
        owner: whose method it is. call: the method with its arguments, where it is not the name alone.
    """

    name: str
    help: str
    keys: Mapping[State, str] = field(default_factory=dict)
    label: str = ""
    palette: str | None = None
    owner: Literal["screen", "app"] = "screen"
    call: str = ""

    @property
    def target(self) -> str:
        """The action as Textual runs it."""
        return f"{self.owner}.{self.call or self.name}"


def _keys(**keys: str) -> Mapping[State, str]:
    return {state: keys[state] for state in STATES if state in keys}


def _export_name(form: str) -> str:
    return f"export_{form.replace('-', '_')}"


ACTIONS = (
    Action("open", "open the moment in a player", _keys(
        typing="enter", browsing="enter,o", sheet="enter"), "open", "Moment"),
    Action("next_part", "go to the next part: query, results, contact sheet", _keys(
        typing="tab", browsing="tab", sheet="tab", library="tab"), "results"),
    Action("previous_part", "go to the part before", _keys(
        typing="shift+tab", browsing="shift+tab", sheet="shift+tab", library="shift+tab")),
    Action("back", "close what is open, else turn between query and results", _keys(
        typing="escape", browsing="escape", sheet="escape", library="escape"), "back"),
    Action("next", "next moment", _keys(typing="down", browsing="down,j", library="down,j"), "choose"),
    Action("previous", "moment before; above the first, while typing: the query before, ↓ goes back", _keys(
        typing="up", browsing="up,k", library="up,k")),
    Action("page_down", "a view further down", _keys(typing="pagedown", browsing="pagedown")),
    Action("page_up", "a view further up", _keys(typing="pageup", browsing="pageup")),
    Action("half_down", "half a view down", _keys(browsing="ctrl+d")),
    Action("half_up", "half a view up", _keys(browsing="ctrl+u")),
    Action("next_video", "next video", _keys(browsing="J")),
    Action("previous_video", "video before", _keys(browsing="K")),
    Action("first", "first moment", _keys(browsing="g,home")),
    Action("last", "last moment", _keys(browsing="G,end")),
    *(
        Action(f"row_{row}", f"moment {row} on the screen", _keys(browsing=str(row)), call=f"row({row})")
        for row in range(1, 10)
    ),
    Action("next_peak", "next place of this video that answers", _keys(browsing="right,l")),
    Action("previous_peak", "place before", _keys(browsing="left,h")),
    Action("next_frame", "one sampled frame on", _keys(browsing="full_stop")),
    Action("previous_frame", "one sampled frame back", _keys(browsing="comma")),
    Action("sheet_right", "frame to the right", _keys(sheet="right,l")),
    Action("sheet_left", "frame to the left", _keys(sheet="left,h")),
    Action("sheet_down", "frame below", _keys(sheet="down,j")),
    Action("sheet_up", "frame above", _keys(sheet="up,k")),
    Action("mark_right", "mark as right and go on; again takes the mark off", _keys(
        browsing="space", sheet="space"), "mark", "Moment"),
    Action("mark_wrong", "mark as wrong; again takes the mark off", _keys(
        browsing="x", sheet="x"), "", "Moment"),
    Action("with_marks", "ask again, moved by the marks", _keys(browsing="plus"), "", "Search"),
    Action("without_marks", "ask as before, without the marks", _keys(browsing="minus"), "", "Search"),
    Action("like_this", "moments like this one", _keys(browsing="m", sheet="m"), "like this", "Moment"),
    Action("then", "what comes after this: write then behind the query", _keys(
        browsing="greater_than_sign", sheet="greater_than_sign"), "", "Moment"),
    Action("caption", "write a caption for this moment", _keys(browsing="c"), "caption", "Moment"),
    Action("export", "export the moments that are marked right, else this one", _keys(
        browsing="e"), "export", "Export"),
    *(
        Action(_export_name(form), f"export as {form}", palette="Export", call=f"export_as('{form}')")
        for form in ENDINGS
    ),
    Action("open_with", "open the moment with another player, until you leave", palette="Moment"),
    Action("copy_moment", "copy PATH@SECONDS", _keys(browsing="y"), "", "Moment"),
    Action("copy_path", "copy the path", _keys(browsing="Y"), "", "Moment"),
    Action("undo", "undo the last mark, caption or saved search", _keys(browsing="u"), "", "Moment"),
    Action("view", "turn between lines, cards and grid", _keys(browsing="v"), "view"),
    Action("zoom", "large preview, and back", _keys(browsing="z"), "", "View"),
    Action("order", "reranked order or the order before", _keys(browsing="t"), "", "Search"),
    Action("ask_again", "ask again: new videos may have come", _keys(browsing="r"), "", "Search"),
    Action("query", "the query, selected: typing replaces it", _keys(
        browsing="slash,i", sheet="slash,i", library="slash"), "query"),
    Action("save_search", "save this search, or forget it again", _keys(browsing="s"), "", "Search"),
    Action("saved_searches", "saved searches", _keys(browsing="S"), "", "Search"),
    Action("history", "searches of before", _keys(everywhere="ctrl+r"), "", "Search"),
    Action("words_only", "ask the words alone", palette="Search"),
    Action("pictures_only", "ask the pictures alone", palette="Search"),
    Action("lines", "a line for each moment", palette="View"),
    Action("cards", "a card with a picture for each moment", palette="View"),
    Action("grid", "a grid of pictures", palette="View"),
    *(
        Action(f"pictures_{images}", text, palette="View", call=f"pictures('{images}')")
        for images, text in (
            ("auto", "pictures as this terminal can show them"),
            ("quadrant", "pictures of letters of four quarters"),
            ("half", "pictures of half letters"),
            ("kitty", "pictures of pixels, as kitty shows them"),
            ("sixel", "a preview of sixels"),
            ("off", "no pictures"),
        )
    ),
    Action("add_folder", "add a folder", _keys(library="a"), "add", "Library", "app"),
    Action("remove_folder", "follow this folder no longer; its videos stay", _keys(library="d"), "remove"),
    Action("confirm_deleted", "these files were deleted on purpose: forget them", _keys(library="y")),
    Action("wait_for_files", "let a folder whose files are gone wait for them", _keys(library="n")),
    Action("thumbnails", "keep shown frames of this folder as files, or not", _keys(library="t")),
    Action("pause", "let the watcher wait, or go on", _keys(library="p"), "pause", "Library", "app"),
    Action("retry", "try this file again", _keys(library="r"), "retry"),
    Action("retry_all", "try all files again that could not be read", _keys(
        library="R"), "", "Library", "app"),
    Action("use_encoder", "embed the library with this encoder", _keys(library="u"), "use"),
    Action("import_weights", "bring the weights of an encoder from a file or folder", _keys(
        library="i"), "import", "Library", "app"),
    Action("encoders", "encoders, and the hours that each takes to embed", palette="Library", owner="app"),
    Action("evaluation", "measure how well your captions are found", palette="Library", owner="app"),
    Action("why", "the whole reason of this file", _keys(library="enter"), "why"),
    Action("log", "what the watcher logged", _keys(library="l"), "log", "Library", "app"),
    Action("start_search", "start the search again where it stopped", palette="Search", owner="app"),
    Action("clear_marks", "take the marks of this query off", palette="Search", owner="app"),
    Action("service_install", "keep the watcher running from every login on", palette="Library", owner="app"),
    Action("check", "check the library", palette="Library", owner="app"),
    Action("compact", "compact the library", palette="Library", owner="app"),
    Action("backup", "copy the library into a folder", palette="Library", owner="app"),
    Action("dark", "dark theme", palette="View", owner="app"),
    Action("light", "light theme", palette="View", owner="app"),
    Action("high_contrast", "theme of high contrast", palette="View", owner="app"),
    Action("plain", "numbered lines in place of the screen", palette="View", owner="app"),
    Action("notices", "the notices of this session", palette="Help", owner="app"),
    Action("settings", "where the settings lie", palette="Help", owner="app"),
    Action("doctor", "check this machine, and what is installed", palette="Help", owner="app"),
    Action("report", "versions, terminal and sizes, to copy into a report", palette="Help", owner="app"),
    Action("library", "the library: folders, watcher, what could not be read", _keys(
        everywhere="f2"), "library", "Library", "app"),
    Action("palette", "all commands, to search in", _keys(
        everywhere="ctrl+p"), "commands", None, "app", "command_palette"),
    Action("help", "this help", _keys(
        everywhere="f1", browsing="question_mark", sheet="question_mark", library="question_mark"
    ), "help", "Help", "app"),
    Action("suspend", "back to the shell for a while: fg comes back", _keys(
        everywhere="ctrl+z"), owner="app"),
    Action("leave", "leave; nothing is lost", _keys(
        typing="ctrl+c", browsing="q", sheet="q", library="q", everywhere="ctrl+q,ctrl+c"
    ), "leave", None, "app"),
)  # fmt: skip
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}

FOOTERS: Mapping[State, tuple[str, ...]] = {
    "typing": ("open", "next_part", "next", "library", "palette", "help", "leave"),
    "browsing": (
        *("open", "mark_right", "like_this", "caption", "export", "view", "query", "help"),
        *("library", "palette", "leave"),
    ),
    "sheet": ("open", "mark_right", "like_this", "query", "back", "help", "leave"),
    "library": ("next_part", "next", "add_folder", "pause", "retry", "query", "back", "palette", "help"),
    "everywhere": (),
}
"""The actions at the foot of the screen, the most useful first: what does not fit is left out."""
_LABELS: Mapping[tuple[State, str], str] = {
    ("library", "next_part"): "next block",
    ("sheet", "back"): "results",
}

_SHOWN = {
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "shift+tab": "Shift+Tab", "space": "Space",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn",
    "home": "Home", "end": "End", "question_mark": "?", "slash": "/", "plus": "+", "minus": "-",
    "greater_than_sign": ">", "full_stop": ".", "comma": ",", "f1": "F1", "f2": "F2",
}  # fmt: skip
_CHARACTERS = {
    "question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "greater_than_sign": ">",
    "full_stop": ".", "comma": ",", "space": " ",
}  # fmt: skip


def binding_id(state: State, name: str) -> str:
    """How a binding is named in Textual's key map."""
    return f"{state}.{name}"


def bindings(state: State) -> list[BindingType]:
    """The bindings of whatever has the focus in a state; those of `everywhere` are the application's."""
    return [
        Binding(
            action.keys[state],
            action.target,
            action.help,
            show=False,
            id=binding_id(state, action.name),
        )
        for action in ACTIONS
        if state in action.keys
    ]


def shown_key(key: str) -> str:
    """A key as people know it: `ctrl+p` is `^P`, `question_mark` is `?`."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return key


def shown_keys(keys: str) -> str:
    """Keys with commas between → the same for people, with blanks between."""
    return " ".join(shown_key(key.strip()) for key in keys.split(","))


def is_printable(key: str) -> bool:
    """Whether a key writes a character, alone or with Alt, so that it cannot be a command while typing."""
    character = key_to_character(key.removeprefix("alt+").removeprefix("shift+"))
    return character is not None and character.isprintable()


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of the table, with those of the settings in place of some.

    Attributes:
        keys: by state and action, as in `Action.keys`. problems: settings that were left out, and why.
    """

    keys: Mapping[tuple[State, str], str]
    problems: tuple[str, ...] = ()

    def of(self, state: State, name: str) -> str:
        """The keys of an action in a state, or those that it has everywhere; empty without any."""
        order: tuple[State, State] = ("everywhere", state) if state == "typing" else (state, "everywhere")
        return next((self.keys[place, name] for place in order if (place, name) in self.keys), "")

    @property
    def by_binding(self) -> dict[str, str]:
        """The changed keys, as Textual's key map takes them."""
        return {
            binding_id(state, name): keys
            for (state, name), keys in self.keys.items()
            if keys != BY_NAME[name].keys[state]
        }


def keymap(settings: Mapping[str, str]) -> Keymap:
    """The keys with the settings of `[ui.keys]`: by the name of an action its keys, with commas between.

    A setting that names no action, or a key that another action has, is left out and told.
    """
    keys: dict[tuple[State, str], str] = {
        (state, action.name): action.keys[state] for action in ACTIONS for state in action.keys
    }
    problems = []
    for name, wanted in settings.items():
        problem, changed = _changed(keys, name, [_named(key.strip()) for key in wanted.split(",")])
        if problem:
            problems.append(f"[ui.keys] {name}: {problem}")
        keys |= changed
    return Keymap(keys, tuple(problems))


def _named(key: str) -> str:
    """A key as Textual names it: `?` is `question_mark`."""
    return next((name for name, character in _CHARACTERS.items() if character == key), key)


def _changed(
    keys: Mapping[tuple[State, str], str], name: str, wanted: list[str]
) -> tuple[str, dict[tuple[State, str], str]]:
    """The problem with a setting, or what it changes."""
    action = BY_NAME.get(name)
    if action is None or not action.keys:
        return "there is no such action; F1 lists all", {}
    if not all(wanted):
        return "names no key", {}
    for key in wanted:
        if key in SAME_AS_OTHERS:
            return f"{shown_key(key)} is Enter, Tab, Backspace or Esc in many terminals", {}
    changed = {}
    for state in action.keys:
        fitting = [key for key in wanted if state not in WHILE_TYPING or not is_printable(key)]
        if not fitting:
            continue
        for key in fitting:
            other = _holder(keys, state, key)
            if other is not None and other != name:
                return f"{shown_key(key)} is {other} already", {}
        changed[state, name] = ",".join(fitting)
    if not changed:
        return "a letter cannot be a command while typing", {}
    return "", changed


def _holder(keys: Mapping[tuple[State, str], str], state: State, key: str) -> str | None:
    """The action that has a key in a state, or everywhere."""
    for (other_state, name), others in keys.items():
        if (other_state == state or "everywhere" in (state, other_state)) and key in others.split(","):
            return name
    return None


def footer(state: State, keys: Keymap) -> Iterator[tuple[str, str]]:
    """(key, label) of what the foot of the screen names in a state."""
    for name in FOOTERS[state]:
        found = keys.of(state, name)
        if found:
            yield shown_key(found.split(",")[0]), _LABELS.get((state, name), BY_NAME[name].label)
