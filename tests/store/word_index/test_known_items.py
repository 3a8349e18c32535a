"""Known items: what people type, and the name or line that they mean, in many languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mediaindex.media import Cue
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library, open_library
from tests.support.small_library import INFO

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
            drive = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
            for item in ITEMS:
                if item.text not in ids:
                    ids[item.text] = _added(connection, drive, item, len(ids) + 1)
        yield library, ids


def _added(connection: sa.Connection, drive: int, item: Item, number: int) -> int:
    identity = Identity(number, str(number), str(number))
    video_id = videos.ensure_video(connection, identity, INFO, 6.0)
    path = Path(f"/films/{number}/{item.text if item.field == 'name' else number}.mp4")
    row: dict[str, Any] = {"volume_id": drive, "size": 1, "mtime_ns": 1, "confirmed": True}
    place = locations.place(connection, path, video_id=video_id, **row)
    fulltext.set_location_words(connection, place, video_id, path, None)
    if item.field == "cue":
        about = fulltext.SubtitleFile("film.srt", item.language)
        fulltext.add_subtitle(connection, video_id, about, [Cue(1.0, 2.0, item.text, "film.srt")])
    return video_id


def answer(library: Library, query: str) -> fulltext.WordAnswer:
    with library.read() as connection:
        unfinished = query.endswith(UNFINISHED)
        return fulltext.answer(connection, query.removesuffix(UNFINISHED), unfinished=unfinished)


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
