"""Known items: what people type, and the name or line that they mean, in many languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mediaindex.store.catalog import fulltext
from mediaindex.store.library import Library, open_library
from tests.support.talking_films import talking_film

HERE = Path(__file__).parent
LEAST_FOUND = 0.9
MOST_FALSE = 0.05
UNFINISHED = "~"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of known_items.tsv: a query, and the name or cue that answers it."""

    language: str
    kind: str
    query: str
    field: str
    text: str


ITEMS = [
    Item(*line.split("\t")) for line in (HERE / "known_items.tsv").read_text(encoding="utf-8").splitlines()
]
NON_WORDS = (HERE / "non_words.txt").read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, dict[str, int]]]:
    """A library with a film for each name and each cue; text → its id."""
    ids: dict[str, int] = {}
    with open_library(tmp_path_factory.mktemp("known") / "library", create=True) as library:
        with library.write() as connection:
            for number, item in enumerate(ITEMS, 1):
                name, lines = (item.text, ()) if item.field == "name" else (str(number), [item.text])
                if item.text not in ids:
                    film = talking_film(connection, number, name, lines, language=item.language)
                    ids[item.text] = film
        yield library, ids


def answer(library: Library, query: str) -> fulltext.WordAnswer:
    with library.read() as connection:
        unfinished = query.endswith(UNFINISHED)
        return fulltext.find(connection, query.removesuffix(UNFINISHED), unfinished=unfinished)


def test_what_people_type_finds_what_they_mean(known: tuple[Library, dict[str, int]]) -> None:
    library, ids = known
    missed = [
        item
        for item in ITEMS
        if ids[item.text] not in {hit.video_id for hit in answer(library, item.query).hits[:10]}
    ]
    print(f"found {len(ITEMS) - len(missed)} of {len(ITEMS)} in {len({i.language for i in ITEMS})} languages")
    for item in missed:
        print("missed", item)
    assert len(ITEMS) >= 150
    assert len({item.language for item in ITEMS}) >= 12
    assert len(missed) <= (1 - LEAST_FOUND) * len(ITEMS)


def test_what_is_no_word_finds_nothing(known: tuple[Library, dict[str, int]]) -> None:
    library, _ids = known
    found = {word: reply.corrected for word in NON_WORDS if (reply := answer(library, word)).hits}
    print(f"{len(found)} of {len(NON_WORDS)} non-words find something: {found}")
    assert len(NON_WORDS) == 50
    assert len(found) <= MOST_FALSE * len(NON_WORDS)
