from __future__ import annotations

import pytest
from textual.binding import Binding

from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.keys import (
    ACTIONS,
    FOOTERS,
    SAME_AS_OTHERS,
    STATES,
    WHILE_TYPING,
    State,
    bindings,
    footer,
    is_printable,
    keymap,
    shown_keys,
)
from mediaindex_tui.search_screen import SearchScreen


def test_every_action_has_a_key_or_stands_in_the_palette() -> None:
    assert [action.name for action in ACTIONS if not action.keys and not action.palette] == []
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("state", STATES)
def test_no_key_has_two_actions(state: State) -> None:
    keys = [binding.key for binding in Binding.make_bindings(bindings(state))]
    assert len(keys) == len(set(keys))
    assert not SAME_AS_OTHERS & set(keys)


def test_no_letter_is_a_command_while_typing() -> None:
    for state in WHILE_TYPING:
        for binding in Binding.make_bindings(bindings(state)):
            assert not is_printable(binding.key), binding.key


@pytest.mark.parametrize(
    "key", ["a", "A", "space", "alt+x", "question_mark", "greater_than_sign", "comma", "é"]
)
def test_what_is_printable(key: str) -> None:
    assert is_printable(key)


@pytest.mark.parametrize("key", ["enter", "f1", "ctrl+r", "up", "escape", "tab"])
def test_what_is_not(key: str) -> None:
    assert not is_printable(key)


def test_settings_change_keys_where_they_fit() -> None:
    changed = keymap({"open": "enter,p", "like_this": "ctrl+l", "then": ";"})
    assert changed.problems == ()
    assert changed.by_binding == {
        "browsing.open": "enter,p",
        "sheet.open": "enter,p",
        "browsing.like_this": "ctrl+l",
        "sheet.like_this": "ctrl+l",
        "browsing.then": ";",
        "sheet.then": ";",
    }
    assert changed.of("typing", "open") == "enter"  # a letter is no command there


@pytest.mark.parametrize(
    ("name", "keys", "problem"),
    [
        ("opne", "o", "there is no such action"),
        ("lines", "l", "there is no such action"),
        ("open", "", "names no key"),
        ("open", "ctrl+j", "is Enter, Tab, Backspace or Esc"),
        ("like_this", "x", "x is mark_wrong already"),
        ("like_this", "ctrl+p", "^P is palette already"),
        ("history", "h", "a letter cannot be a command while typing"),
        ("history", "ctrl+d", "^D is half_down already"),
    ],
)
def test_a_setting_that_cannot_be_is_left_out_and_told(name: str, keys: str, problem: str) -> None:
    changed = keymap({name: keys})
    assert changed.by_binding == {}
    assert problem in changed.problems[0]
    assert name in changed.problems[0]


def test_footers_name_actions_that_are_there() -> None:
    keys = keymap({})
    for state in STATES:
        assert [label for _, label in footer(state, keys)] != [] or not FOOTERS[state]
        assert len(list(footer(state, keys))) == len(FOOTERS[state])
    assert next(footer("typing", keys)) == ("Enter", "open")


def test_keys_are_shown_as_people_know_them() -> None:
    assert shown_keys("question_mark,ctrl+p,G,pagedown") == "? ^P G PgDn"


def test_every_method_of_the_table_is_there() -> None:
    for action in ACTIONS:
        method = f"action_{action.call.partition('(')[0] or action.name}"
        if action.owner == "app":
            assert hasattr(InterfaceApp, method), method
        elif set(action.keys) & {"typing", "browsing", "sheet"}:
            assert hasattr(SearchScreen, method), method
