"""The words channel at a million subtitle lines: what its index takes, and how long a query waits.

    python scripts/bench/words.py            (1 000 000 lines of 1 000 films)
    python scripts/bench/words.py --quick    (2 000 lines of 20 films)

The lines are made up: words of letters, as frequent as Zipf's law has them, and every fifth line in Chinese
characters. A query runs on warm pages; its time is the least CPU time of several runs.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish

from mediaindex.media import Cue, MediaInfo
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library, open_library

FILMS, LINES_OF_A_FILM = 1000, 1000
QUICK_FILMS, QUICK_LINES = 20, 100
VOCABULARY, CHARACTERS = 30_000, 3_000
WORDS_OF_A_LINE, CHARACTERS_OF_A_LINE = 7, 12
RUNS = 5
MOMENTS_OF_A_VIDEO = 3
INFO = MediaInfo(3600.0, 64, 48, 25.0, "h264", 0, "mp4", 0)


def word(number: int) -> str:
    """A word of letters, another for each number."""
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    spelled = ""
    number += 200
    while number:
        number, letter = divmod(number, len(letters))
        spelled += letters[letter]
    return spelled


def character(number: int) -> str:
    """A Chinese character, another for each number."""
    return chr(0x4E00 + number)


def lines(choose: random.Random, films: int, lines_of_a_film: int) -> Iterator[list[Cue]]:
    """The lines of each film in turn."""
    words = [word(number) for number in range(VOCABULARY)]
    characters = [character(number) for number in range(CHARACTERS)]
    of_words = list(itertools.accumulate(1 / (10 + number) for number in range(VOCABULARY)))
    of_characters = list(itertools.accumulate(1 / (30 + number) for number in range(CHARACTERS)))
    for _film in range(films):
        cues = []
        for line in range(lines_of_a_film):
            if line % 5:
                text = " ".join(choose.choices(words, cum_weights=of_words, k=WORDS_OF_A_LINE))
            else:
                drawn = choose.choices(characters, cum_weights=of_characters, k=CHARACTERS_OF_A_LINE)
                text = "".join(drawn)
            cues.append(Cue(3.0 * line, 3.0 * line + 2.5, text, "film.srt"))
        yield cues


def fill(library: Library, choose: random.Random, films: int, lines_of_a_film: int) -> float:
    """Index the lines; the seconds that it took, without making them up."""
    took = 0.0
    with library.write() as connection:
        drive_id = volumes.ensure_volume(connection, uid="disk", label=None, mount_point=Path("/"))
    for number, cues in enumerate(lines(choose, films, lines_of_a_film)):
        began = time.process_time()
        with library.write() as connection:
            identity = Identity(number, str(number), str(number))
            video_id = videos.ensure_video(connection, identity, INFO, 3600.0)
            where: dict[str, Any] = {"volume_id": drive_id, "size": 1, "mtime_ns": 1, "confirmed": True}
            locations.place(connection, Path(f"/films/{number}.mp4"), video_id=video_id, **where)
            fulltext.add_subtitle(connection, video_id, fulltext.SubtitleFile("film.srt"), cues)
        took += time.process_time() - began
    return took


def milliseconds(library: Library, query: str, allowed: set[int] | None = None) -> float:
    """The least CPU time of a query."""
    times = []
    for _run in range(RUNS):
        with library.read() as connection:
            began = time.process_time()
            fulltext.find(connection, query, allowed, per_video=MOMENTS_OF_A_VIDEO)
            times.append(1000 * (time.process_time() - began))
    return min(times)


def main() -> int:
    """Run the benchmark."""
    arguments = flags(__doc__ or "").parse_args()
    films, of_a_film = (QUICK_FILMS, QUICK_LINES) if arguments.quick else (FILMS, LINES_OF_A_FILM)
    queries = {
        "a rare word": word(5000),
        "a word of 1 line in 100": word(40),
        "a word of 1 line in 13": word(0),
        "three words, two of them common": f"{word(0)} {word(3)} {word(900)}",
        "eight words": " ".join(word(20 * number) for number in range(8)),
        "two Chinese characters": character(40) + character(60),
        "four Chinese characters, common ones": "".join(map(character, range(4))),
        "a word that is misspelt": word(5000) + "qz",
    }
    with tempfile.TemporaryDirectory() as folder, open_library(Path(folder, "l"), create=True) as library:
        seconds = fill(library, random.Random(arguments.seed), films, of_a_film)
        with library.outside_transaction() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = (library.root / "library.sqlite").stat().st_size
        rows = [
            Row("lines", films * of_a_film, "lines"),
            Row("indexing them", 1e6 * seconds / (films * of_a_film), "µs a line"),
            Row("library.sqlite", size / (films * of_a_film), "bytes a line"),
        ]
        rows += [Row(what, milliseconds(library, query), "ms") for what, query in queries.items()]
        half = set(range(1, films, 2))
        rows.append(
            Row("a word of 1 line in 13, in half of the films", milliseconds(library, word(0), half), "ms")
        )
    publish("words", rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
