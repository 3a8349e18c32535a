"""The searcher and its encoder, which a thread loads."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.assembly.serving import serving_space
from mediaindex.config import load_config
from mediaindex.embed import loading
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from mediaindex.search.answer import Question
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.spaces import Space
from mediaindex_tui.finder.searching import Loaded, Searching, SpaceSwitched
from tests.support.commands import OTHER_ENCODER, use_these_encoders
from tests.support.small_library import make_space
from tests.support.waiting import WAIT_SECONDS


@pytest.fixture
def opened(library: Path, colours: None) -> Iterator[Library]:
    with open_library(library) as found:
        yield found


@pytest.fixture
def space(opened: Library) -> Space:
    serving = serving_space(opened)
    assert serving is not None
    return serving


@pytest.fixture
def told() -> queue.Queue[Loaded]:
    return queue.Queue()


@pytest.fixture
def searching(library: Path, told: queue.Queue[Loaded]) -> Searching:
    return Searching(load_config({"library": str(library)}), told.put)


def test_an_encoder_is_loaded_once_and_then_answers(
    searching: Searching, opened: Library, space: Space, told: queue.Queue[Loaded]
) -> None:
    assert searching.follow(opened, space)
    assert not searching.follow(opened, space)
    assert searching.take(told.get(timeout=WAIT_SECONDS))
    assert searching.searcher is not None
    assert searching.searcher.search(Question(text="red", thumbnails=False)).hits
    assert not searching.tells_languages
    assert not searching.take(told.get(timeout=WAIT_SECONDS))  # no generator is on
    assert searching.tells_languages


def test_what_was_loaded_for_another_space_is_left(
    searching: Searching, opened: Library, space: Space, told: queue.Queue[Loaded]
) -> None:
    searching.follow(opened, space)
    loaded = told.get(timeout=WAIT_SECONDS)
    assert searching.follow(None, None)
    assert not searching.take(loaded)
    assert searching.searcher is None


@pytest.mark.parametrize("error", [EncoderUnavailable, EncoderMismatch])
def test_an_encoder_that_is_missing_or_another_leaves_a_note(
    searching: Searching,
    opened: Library,
    space: Space,
    told: queue.Queue[Loaded],
    monkeypatch: pytest.MonkeyPatch,
    error: type[EncoderUnavailable],
) -> None:
    def missing(*_words: object, **_options: object) -> None:
        raise error("run 'mediaindex models pull fast'")

    monkeypatch.setattr(loading, "load_encoder", missing)
    searching.follow(opened, space)
    assert searching.take(told.get(timeout=WAIT_SECONDS))
    assert (searching.searcher, searching.note) == (None, "run 'mediaindex models pull fast'")


def test_a_fault_of_an_encoder_leaves_a_note_too(
    searching: Searching,
    opened: Library,
    space: Space,
    told: queue.Queue[Loaded],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "load_encoder", None)
    searching.follow(opened, space)
    searching.take(told.get(timeout=WAIT_SECONDS))
    assert searching.note is not None
    assert searching.note.startswith("the encoder colours cannot be loaded: ")


def test_a_switch_of_the_space_is_noticed_and_not_waited_for(
    searching: Searching,
    opened: Library,
    space: Space,
    told: queue.Queue[Loaded],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mediaindex.store.vectors.spaces import switch_space

    searching.follow(opened, space)
    searching.take(told.get(timeout=WAIT_SECONDS))
    other = make_space(opened)
    with opened.write() as connection:
        switch_space(connection, other.id)
    assert searching.searcher is not None
    with pytest.raises(SpaceSwitched):
        searching.searcher.search(Question(text="red"))
    use_these_encoders(monkeypatch, OTHER_ENCODER)
    assert searching.follow(opened, other)
