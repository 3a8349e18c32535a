"""What the words answer to captions and marks: never a caption to itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mediaindex.learn.evaluation.library_queries import of_captions, searchable_videos
from mediaindex.learn.fitting.user_samples import Judgements
from mediaindex.learn.fitting.user_words import AnsweredByWords, answered_by_words
from mediaindex.media import Cue
from mediaindex.search.confidence.word_numbers import NAMES
from mediaindex.store.catalog import fulltext
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, marks
from tests.support.judged_library import SECONDS, filled

COVERAGE = NAMES.index("coverage")


@pytest.fixture
def six(opened: Library) -> Library:
    """Six videos of six seconds, ids 1 to 6, about which nothing is said yet."""
    filled(opened, count=6, texts=())
    return opened


def say(library: Library, *said: tuple[int, str], start: float = 0.0, end: float = SECONDS) -> None:
    with library.write() as connection:
        for video_id, text in said:
            captions.add(connection, video_id, start, end, text)


def answered(library: Library) -> AnsweredByWords:
    with library.read() as connection:
        judged = Judgements(tuple(of_captions(connection)), tuple(marks.every(connection)))
        return answered_by_words(connection, judged, searchable_videos(connection, 1))


def verdicts(found: AnsweredByWords) -> list[tuple[bool, int, bool, bool]]:
    """right, group, first, answered of each row."""
    return [row[1:] for row in found.rows]


def test_a_caption_does_not_answer_itself_nor_do_its_doubles(six: Library) -> None:
    say(six, (1, "A dog in the snow"), (2, "a DOG in the snow!"))
    say(six, (1, "A dog in the snow"), start=2.0, end=3.0)
    with six.write() as connection:
        line = [Cue(0.0, 2.0, "A dog in the snow", "film.srt")]
        fulltext.add_subtitle(connection, 1, fulltext.SubtitleFile("film.srt"), line)
        fulltext.set_video_words(connection, 2, title="A dog in the snow", camera=None, tags={})
    assert answered(six) == AnsweredByWords(0, ())


def test_what_else_is_said_of_the_moment_answers_and_is_asked_for_in_vain_without_it(six: Library) -> None:
    say(six, (1, "a dog in the snow"), (1, "snow and a dog that runs"), (2, "the dog sleeps in a basket"))
    found = answered(six)
    assert found.judged == 2, "of the basket nothing else tells"
    snow = [row for row in found.rows if row[2] == 1 and row[0][COVERAGE] == 1.0]
    assert [row[1:] for row in snow] == [(True, 1, True, True)], "both words stand in the other caption"
    hidden = [row for row in found.rows if not row[4]]
    assert hidden
    assert not any(row[1] for row in hidden), "without its video nothing is right"
    assert [row[3] for row in hidden] == [True], "the other dog answers half of the first"


def test_captions_of_the_same_words_are_right_for_each_other(six: Library) -> None:
    say(six, (1, "a dog in the snow"), (2, "a dog in the snow"))
    say(six, (2, "snow, and a dog"))
    first, *_others = answered(six).rows
    assert (first[1], first[4]) == (True, True), "video 2 is meant by the same words"


@pytest.mark.parametrize(("line", "right"), [((0.0, 2.0), False), ((4.0, 5.0), True)])
def test_a_line_is_right_where_it_is_said_in_the_stretch(
    six: Library, line: tuple[float, float], right: bool
) -> None:
    say(six, (1, "a dog in the snow"), start=3.5, end=5.5)
    with six.write() as connection:
        cues: Sequence[Cue] = [Cue(*line, "look, a dog, and all the snow", "film.srt")]
        fulltext.add_subtitle(connection, 1, fulltext.SubtitleFile("film.srt"), cues)
    assert verdicts(answered(six)) == [(right, 1, True, True)]


def test_words_about_a_file_show_all_of_it(six: Library) -> None:
    say(six, (1, "a dog in the snow"), start=3.5, end=5.5)
    with six.write() as connection:
        fulltext.set_video_words(connection, 1, title="Dog, snow, 2019", camera=None, tags={})
        fulltext.set_video_words(connection, 3, title="Dog, snow, 2020", camera=None, tags={})
    right = {(row[1], row[4]) for row in answered(six).rows}
    assert right == {(True, True), (False, True), (False, False)}


def test_marked_hits_count_but_not_as_first_ones(six: Library) -> None:
    with six.write() as connection:
        for video_id in (1, 2, 3):
            fulltext.set_video_words(connection, video_id, title="Dogs", camera=None, tags={})
        marks.put(connection, "dog", 1, 1.0, is_right=True)
        marks.put(connection, "dog", 2, 1.0, is_right=False)
        marks.put(connection, "cat", 3, 1.0, is_right=True)
    found = answered(six)
    assert found.judged == 2
    assert sorted(verdicts(found)) == [(False, 2, False, False), (True, 1, False, True)]
