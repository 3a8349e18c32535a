"""The words channel: which words are kept of a file, and which places answer a query."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.media import Cue
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library, open_library
from mediaindex.store.words.folding import tokens
from tests.support.small_library import INFO, AddVideo

FORMS = st.sampled_from(["NFC", "NFD"])


@pytest.fixture
def film(opened: Library, add_video: AddVideo) -> int:
    """A video that is visible at /videos/Trip 2021/beach day.mp4."""
    item = add_video("/videos/Trip 2021/beach day.mp4")
    from mediaindex.store.catalog.schema import location

    with opened.write() as connection:
        connection.execute(location.update().values(video_id=item.video_id, next_video_id=None))
        (location_id,) = connection.execute(location.select().with_only_columns(location.c.id)).one()
        path = Path("/videos/Trip 2021/beach day.mp4")
        fulltext.set_location_words(connection, location_id, item.video_id, path, Path("/videos"))
        fulltext.set_video_words(
            connection,
            item.video_id,
            title="Café del Mar",
            camera="Canon EOS R6",
            tags={"artist": "Zoë", "title": "Café del Mar", "encoder": "Lavf61.1.100"},
        )
        cues = (Cue(1.0, 2.0, "the whale dives", "stream 2"), Cue(5.0, 6.0, "a whale sings", "stream 2"))
        fulltext.set_embedded_subtitles(connection, item.video_id, cues)
    return item.video_id


def found(library: Library, text: str, videos: set[int] | None = None) -> list[fulltext.WordHit]:
    with library.read() as connection:
        return fulltext.find(connection, text, videos).hits


def fields(library: Library, text: str) -> list[tuple[str, str]]:
    return [pair for hit in found(library, text) for pair in hit.found]


def test_each_word_says_where_it_stands(film: int, opened: Library) -> None:
    assert fields(opened, "beach") == [("beach", "name")]
    assert fields(opened, "trip") == [("trip", "folder")]
    assert fields(opened, "zoe") == [("zoe", "tag")]
    assert fields(opened, "videos") == []  # the watched folder's own name says nothing
    assert fields(opened, "mp4") == []
    assert fields(opened, "canon") == [("canon", "camera")]
    assert fields(opened, "lavf61") == []


def test_case_and_accents_make_no_difference(film: int, opened: Library) -> None:
    for spelling in ("cafe", "CAFÉ", "café", unicodedata.normalize("NFD", "Café")):
        word = unicodedata.normalize("NFC", spelling).lower()
        assert fields(opened, spelling) == [(word, "title")], "as it was typed"


def test_words_of_a_file_count_together_and_a_cue_alone(film: int, opened: Library) -> None:
    (whole,) = found(opened, "cafe beach trip zoe")
    assert (whole.start_seconds, whole.end_seconds, whole.coverage) == (None, None, 1.0)
    first, second = found(opened, "whale dives")
    assert (first.start_seconds, first.end_seconds, first.coverage) == (1.0, 2.0, 1.0)
    assert (second.start_seconds, second.coverage) == (5.0, 0.5)
    assert found(opened, "whale beach zebra lion") == []  # a quarter in each place


def test_less_than_half_of_the_words_is_no_answer(film: int, opened: Library) -> None:
    assert len(found(opened, "beach zebra")) == 1
    assert found(opened, "beach zebra lion") == []


def test_words_are_told_in_the_order_of_the_query(film: int, opened: Library) -> None:
    asked = [
        *("unsaid", "neither", "none"),
        *("mar", "cafe", "zoe", "day", "beach", "trip", "r6", "eos"),
    ]
    (hit,) = found(opened, " ".join(asked))
    assert [term for term, _field in hit.found] == asked[3:]
    assert hit.told == pytest.approx(6 / 11)


def test_small_words_do_not_count_unless_they_are_all(film: int, opened: Library) -> None:
    assert [hit.start_seconds for hit in found(opened, "the the a")] == [1.0, 5.0]
    assert found(opened, "the whale that sings")[0].start_seconds == 5.0


def test_only_the_videos_that_are_asked_for(film: int, opened: Library) -> None:
    assert len(found(opened, "beach", {film})) == 1
    assert found(opened, "beach", {film + 1}) == []
    assert found(opened, "beach", set()) == []


def test_new_words_replace_the_old(film: int, opened: Library) -> None:
    with opened.write() as connection:
        fulltext.set_video_words(connection, film, title=None, camera=None, tags={"comment": "nothing"})
        fulltext.set_embedded_subtitles(connection, film, ())
    assert fields(opened, "cafe") == fields(opened, "canon") == []
    assert fields(opened, "whale") == []
    assert fields(opened, "nothing") == [("nothing", "tag")]


def test_a_video_that_lies_nowhere_does_not_answer(film: int, opened: Library) -> None:
    from mediaindex.store.catalog.schema import location

    with opened.write() as connection:
        connection.execute(location.update().values(video_id=None))
    assert found(opened, "beach") == []


def test_nothing_is_asked_by_signs_alone(opened: Library) -> None:
    assert found(opened, "?! *") == []


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("empty") / "library", create=True) as made:
        yield made


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=80))
def test_no_text_breaks_the_query(text: str, empty: Library) -> None:
    assert found(empty, text) == []


# Words of every script. Each test has its own words in the library of the module, so that it is made once.


Speak = Callable[..., int]


@pytest.fixture(scope="module")
def speak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Speak]]:
    """A library, and a function that adds a film with these cues; its id."""
    with open_library(tmp_path_factory.mktemp("spoken") / "library", create=True) as made:
        with made.write() as connection:
            drive = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
        numbers = itertools.count(1)

        def add(*tracks: Sequence[tuple[float, float, str]], **words: str) -> int:
            number = next(numbers)
            identity = Identity(number, str(number), str(number))
            with made.write() as connection:
                video_id = videos.ensure_video(connection, identity, INFO, 6.0)
                path = Path(f"/films/{number}/{words.pop('name', '0')}.mp4")
                row = {"volume_id": drive, "size": 1, "mtime_ns": 1, "confirmed": True}
                place = locations.place(connection, path, video_id=video_id, **row)
                fulltext.set_location_words(connection, place, video_id, path, None)
                title, camera = words.get("title"), words.get("camera")
                fulltext.set_video_words(connection, video_id, title=title, camera=camera, tags={})
                for track in tracks:
                    cues = [Cue(start, end, text, "a.srt") for start, end, text in track]
                    fulltext.add_subtitle(connection, video_id, fulltext.SubtitleFile("a.srt"), cues)
            return video_id

        yield made, add


Spoken = tuple[Library, Speak]


def spans(library: Library, text: str, per_video: int | None = None) -> list[tuple[float, float]]:
    with library.read() as connection:
        hits = fulltext.find(connection, text, per_video=per_video).hits
    return [(hit.start_seconds or 0.0, hit.end_seconds or 0.0) for hit in hits]


WORDS_OF_SCRIPTS = """
한국어 바다 ガラス どうぶつ синий ёлка Україна Ελλάδα θάλασσα أحمد القرآن سؤال नमस्ते हिन्दी น้ำทะเล שָׁלוֹם café
Łódź İstanbul đẹp дом مدرسة ქართული தமிழ் বাংলা བོད հայերեն አማርኛ ខ្មែរ မြန်မာ
"""


@pytest.mark.parametrize("held", ["NFC", "NFD"])
def test_each_word_is_found_as_a_keyboard_types_it(held: Literal["NFC", "NFD"], speak: Spoken) -> None:
    library, add = speak
    cues = [
        (n, n + 0.9, unicodedata.normalize(held, word)) for n, word in enumerate(WORDS_OF_SCRIPTS.split())
    ]
    film = add(cues)
    for number, word in enumerate(WORDS_OF_SCRIPTS.split()):
        for typed in (word, unicodedata.normalize("NFD", word), word.upper()):
            hits = found(library, typed, {film})
            assert [hit.start_seconds for hit in hits] == [number], typed


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("今天在海边看到一只狗跑过沙滩", "沙滩"),
        ("今天在海边看到一只狗跑过沙滩", "狗"),
        ("海辺で犬が走っています", "走って"),
        ("หมาวิ่งบนชายหาดตอนเช้า", "ชายหาด"),
        ("바닷가에서 강아지가 뛰었어요", "강아지"),
        ("我们用GoPro拍了日出", "gopro"),
        ("ខ្ញុំស្រឡាញ់សមុទ្រ", "សមុទ្រ"),
        ("ｶﾞﾗｽの靴", "ガラス"),
    ],
)
def test_a_word_is_found_in_a_line_without_spaces(line: str, word: str, speak: Spoken) -> None:
    library, add = speak
    film = add([(1.0, 2.0, line)])
    assert [hit.found for hit in found(library, word, {film})] == [((word, "subtitle"),)]
    assert found(library, word + word, {film}) == []


def test_characters_out_of_their_order_are_another_word(speak: Spoken) -> None:
    library, add = speak
    film = add([(1.0, 2.0, "日本")])
    assert len(found(library, "日本", {film})) == 1
    assert found(library, "本日", {film}) == []


def test_a_phrase_of_characters_is_one_term(speak: Spoken) -> None:
    library, add = speak
    film = add([(1.0, 2.0, "蓝色的天空 sky")])
    assert [hit.coverage for hit in found(library, "蓝色的天空 cloud", {film})] == [0.5]
    assert found(library, "天地玄黄 cloud sky rain", {film}) == []


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(categories=("L", "N", "M", "P", "Zs")), max_size=40), form=FORMS)
def test_every_word_of_a_text_is_found(text: str, form: Literal["NFC", "NFD"], speak: Spoken) -> None:
    library, add = speak
    film = add([(1.0, 2.0, text)])
    for word in text.split():
        if tokens(word):
            typed = unicodedata.normalize(form, word)
            hits = found(library, typed, {film})  # of the film's name too, where the text is a part of it
            assert [hit.coverage for hit in hits if hit.start_seconds is not None] == [1.0]


# One moment, many lines


def test_a_line_that_is_shown_again_and_again_is_one_moment(speak: Spoken) -> None:
    library, add = speak
    sign = [(2 + n / 25, 2 + (n + 1) / 25, "BAKERYSIGN") for n in range(50)]
    layers = [(8.0, 10.0, "bakerysign")] * 3
    add([*sign, *layers, (15.0, 17.0, "the bakerysign by the river is closed")])
    assert sorted(spans(library, "bakerysign")) == [(2.0, 4.0), (8.0, 10.0), (15.0, 17.0)]
    assert len(spans(library, "bakerysign", per_video=2)) == 2


def test_tracks_that_say_the_same_are_one_moment(speak: Spoken) -> None:
    library, add = speak
    track = [(1.0, 3.0, "the comettail is bright"), (15.0, 17.0, "goodbye comettail of ours")]
    add(*([(start + n / 20, end + n / 20, text) for start, end, text in track] for n in range(3)))
    first, second = spans(library, "comettail")
    assert first == pytest.approx((1.0, 3.1))
    assert second == pytest.approx((15.0, 17.1))


def test_lines_that_follow_one_another_with_other_words_are_moments_of_their_own(speak: Spoken) -> None:
    library, add = speak
    add([(0.0, 2.0, "zebrafish one"), (2.0, 4.0, "zebrafish two"), (4.0, 6.0, "zebrafish two")])
    assert sorted(spans(library, "zebrafish")) == [(0.0, 2.0), (2.0, 6.0)]


def test_translations_that_are_shown_together_hide_nothing_that_is_said_later(speak: Spoken) -> None:
    library, add = speak
    add(
        *(
            [(at + late, at + late + 3.0, f"{words} windjammer") for at in (1.0, 20.0, 40.0)]
            for late, words in ((0.0, "a fast"), (0.7, "ein schneller"), (1.4, "un rapide"))
        )
    )
    assert sorted(span[0] // 20 for span in spans(library, "windjammer", per_video=3)) == [0, 1, 2]


def test_quick_lines_keep_their_own_times(speak: Spoken) -> None:
    library, add = speak
    add([(0.4 * n, 0.4 * n + 0.35, f"kettledrum number {n}") for n in range(140)])
    best = spans(library, "kettledrum number 77", per_video=3)[0]
    assert best == pytest.approx((30.8, 31.15))


# Filters and limits


def test_a_talkative_film_hides_nobody(speak: Spoken) -> None:
    library, add = speak
    add([(2.0 * n, 2.0 * n + 1, f"xylophone {n}") for n in range(300)])
    walk = add([(1.0, 2.0, "it takes a lot of xylophone to walk through such a large garden")])
    assert [hit.start_seconds for hit in found(library, "xylophone", {walk})] == [1.0]
    with library.read() as connection:
        for per_video, share in ((1, 1), (3, 3)):
            hits = fulltext.find(connection, "xylophone", limit=10, per_video=per_video).hits
            assert [hit.video_id for hit in hits].count(walk) == 1
            assert len(hits) == share + 1
        assert len(fulltext.find(connection, "xylophone", limit=10).hits) == 10


def test_what_is_told_comes_before_what_the_camera_holds(speak: Spoken) -> None:
    library, add = speak
    phones = [add([], name=f"clip {n}", camera="Plumfone 9000") for n in range(5)]
    said = add([(1.0, 2.0, "a plumfone lies on the long table, and 9000 candlesticks")])
    for query in ("a plumfone", "plumfone on a table", "9000 candlesticks"):
        with library.read() as connection:
            hits = fulltext.find(connection, query).hits
        assert (hits[0].video_id, hits[0].told) == (said, 1.0)
        assert {hit.video_id for hit in hits[1:]} == set(phones)
        assert {hit.told for hit in hits[1:]} == {0.0}


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("The whale, dives!", [(5.0, 6.0)]),
        ("whale dives", [(1.0, 2.0), (5.0, 6.0)]),
        ("café DEL mar", []),
        ("a beach day", [(None, None)]),
        ("", []),
    ],
)
def test_what_says_the_same_word_for_word_does_not_answer(
    film: int, opened: Library, text: str, elsewhere: list[tuple[float | None, float | None]]
) -> None:
    with opened.read() as connection:
        for videos in (None, {film}):
            hits = fulltext.find_besides(connection, text, videos).hits
            assert sorted((hit.start_seconds, hit.end_seconds) for hit in hits) == elsewhere
        assert not fulltext.find_besides(connection, text, ()).hits
        assert len(fulltext.find(connection, "whale dives").hits) == 2, "nothing is left out afterwards"
