"""Captions: kept on a moment, found by their words, never lost with their video."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.errors import UsageError
from mediaindex.media import Segment
from mediaindex.store import commit, forgetting
from mediaindex.store.catalog import first_looks, fulltext, locations, videos
from mediaindex.store.catalog.schema import video, word
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library
from mediaindex.store.maintenance import check
from mediaindex.store.notes import captions
from mediaindex.store.notes.captions import Caption, Said
from mediaindex.store.vectors.spaces import Space
from tests.support.noted import A, B, decode_anew, index_again, remove_for_good
from tests.support.small_library import INFO


def add(
    library: Library, video_id: int, start: float, end: float | None, text: str, language: str | None = None
) -> Caption:
    with library.write() as connection:
        return captions.add(connection, video_id, start, end, text, language=language)


def every(library: Library, *within: Path) -> list[Caption]:
    with library.read() as connection:
        return captions.every(connection, within)


def found(library: Library, text: str) -> list[tuple[int, float | None, float | None, str]]:
    """(video, start, end, field) of each place where words stand."""
    with library.read() as connection:
        hits = fulltext.find(connection, text).hits
    return [(hit.video_id, hit.start_seconds, hit.end_seconds, hit.found[0][1]) for hit in hits]


def test_a_caption_is_kept_and_its_words_are_found_at_its_moment(
    opened: Library, two: tuple[int, int]
) -> None:
    kept = add(opened, two[0], 1.0, 3.5, " Rex on\tthe\n sand ", language="en")
    assert (kept.video_id, kept.path, kept.text, kept.language) == (two[0], A, "Rex on the sand", "en")
    assert every(opened) == [kept]
    assert found(opened, "rex") == [(two[0], 1.0, 3.5, "caption")]
    assert found(opened, "sands") == [(two[0], 1.0, 3.5, "caption")]
    with opened.read() as connection:
        assert captions.of_video(connection, two[0]) == [kept]
        assert captions.of_video(connection, two[1]) == []
        assert captions.count(connection) == 1


def test_a_caption_without_an_end_is_about_the_segment_from_there_on(
    opened: Library, two: tuple[int, int]
) -> None:
    kept = add(opened, two[0], 1.0, None, "a dog")
    assert (kept.start_seconds, kept.end_seconds) == (1.0, 6.0)


@pytest.mark.parametrize(
    ("start", "end", "text", "complaint"),
    [
        (0.0, 1.0, " \n", "empty"),
        (0.0, 1.0, "a" * 2001, "at most 2000"),
        (7.0, 8.0, "dog", "ends at 0:06"),
        (3.0, 1.0, "dog", "START-END"),
    ],
)
def test_what_is_no_caption_is_refused(
    opened: Library, two: tuple[int, int], start: float, end: float, text: str, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        add(opened, two[0], start, end, text)
    assert every(opened) == []


def test_an_end_behind_the_video_is_its_end_and_no_character_steers_a_terminal(
    opened: Library, two: tuple[int, int]
) -> None:
    kept = add(opened, two[0], 5.0, 60.0, "caf\udce9 \x1b[31m", language="\udce9")
    assert (kept.end_seconds, kept.text, kept.language) == (6.0, "caf\\udce9 [31m", "\\udce9")
    assert every(opened) == [kept]


def test_of_many_captions_each_is_kept_once_or_told_why_not(opened: Library, two: tuple[int, int]) -> None:
    kept = add(opened, two[0], 1.0, 2.0, "rex")
    said = [
        Said(1.0, 2.0, " rex "),
        Said(None, None, "all of it", "en"),
        Said(2.0, None, "bello"),
        Said(9.0, None, "late"),
        Said(2.0, 6.0, "bello"),
    ]
    with opened.write() as connection:
        same, whole, open_ended, late, again = captions.add_new(connection, two[0], said)
        assert captions.add_new(connection, two[0], said[:3]) == [None, None, None]
    assert (same, again) == (None, None)
    assert "ends at 0:06" in str(late)
    assert isinstance(whole, Caption)
    assert isinstance(open_ended, Caption)
    assert (whole.start_seconds, whole.end_seconds, whole.language) == (0.0, 6.0, "en")
    assert (open_ended.start_seconds, open_ended.end_seconds) == (2.0, 6.0)
    assert every(opened) == [whole, kept, open_ended]
    assert found(opened, "bello") == [(two[0], 2.0, 6.0, "caption")]
    assert found(opened, "all of it") == [(two[0], 0.0, 6.0, "caption")]


def test_an_edited_caption_is_found_by_its_new_words(opened: Library, two: tuple[int, int]) -> None:
    kept = add(opened, two[0], 1.0, 2.0, "rex", language="en")
    lonely = add(opened, two[1], 1.0, 2.0, "rex")
    remove_for_good(opened, B)
    with opened.write() as connection:
        captions.edit(connection, kept.id, " der  Hund ", language="de")
        captions.edit(connection, lonely.id, "bello")
        with pytest.raises(UsageError, match="empty"):
            captions.edit(connection, kept.id, "\n")
    first, second = every(opened)
    assert (first.id, first.text, first.language, first.created_at) == (
        kept.id,
        "der Hund",
        "de",
        kept.created_at,
    )
    assert (second.id, second.text, second.video_id) == (lonely.id, "bello", None)
    assert found(opened, "rex") == []
    assert found(opened, "Hunde") == [(two[0], 1.0, 2.0, "caption")]


def test_a_removed_caption_is_found_no_more(opened: Library, two: tuple[int, int]) -> None:
    gone, kept = add(opened, two[0], 1.0, 2.0, "rex"), add(opened, two[0], 1.0, 2.0, "bello")
    with opened.write() as connection:
        assert captions.remove(connection, [gone.id, 99, gone.id]) == [gone.id]
        assert captions.remove(connection, [gone.id]) == []
    assert every(opened) == [kept]
    assert found(opened, "rex") == []
    assert len(found(opened, "bello")) == 1


def test_captions_are_listed_by_place_and_time(opened: Library, two: tuple[int, int]) -> None:
    last, first = add(opened, two[1], 0.0, 1.0, "b"), add(opened, two[0], 4.0, 5.0, "a late")
    early = add(opened, two[0], 1.0, 2.0, "a early")
    assert every(opened) == [early, first, last]
    assert every(opened, A) == [early, first]
    assert every(opened, A.parent) == [early, first, last]
    assert every(opened, Path("/elsewhere")) == []


def test_a_new_decoding_a_new_name_and_a_repair_leave_captions_as_they_are(
    opened: Library, space: Space, two: tuple[int, int]
) -> None:
    kept = add(opened, two[0], 1.0, 3.0, "rex")
    decode_anew(opened, space, two[0], Segment(0.0, 4.0, 0, 2), Segment(4.0, 6.0, 2, 1))
    with opened.lock():
        commit.sweep(opened)
    assert every(opened) == [kept]
    with opened.write() as connection:
        place = locations.location_at(connection, A)
        assert place is not None
        locations.update_location(connection, place.id, path=B.with_name("moved.mp4"))
    assert [one.path for one in every(opened)] == [B.with_name("moved.mp4")]
    assert found(opened, "rex") == [(two[0], 1.0, 3.0, "caption")]


def test_a_forgotten_video_is_found_no_more_by_its_captions_which_stay(
    opened: Library, two: tuple[int, int]
) -> None:
    kept = add(opened, two[0], 1.0, 2.0, "rex")
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=1.0)
    assert (every(opened), found(opened, "rex")) == ([kept], [])
    with opened.write() as connection:
        forgetting.undo(connection, [A], at=2.0)
    assert (every(opened), len(found(opened, "rex"))) == ([kept], 1)


def test_a_caption_outlives_its_video_and_finds_it_again(opened: Library, two: tuple[int, int]) -> None:
    kept = add(opened, two[0], 1.0, 2.0, "rex")
    identity = remove_for_good(opened, A)
    (lonely,) = every(opened)
    assert (lonely.video_id, lonely.path, lonely.text) == (None, A, kept.text)
    assert every(opened, A.parent) == [lonely]
    assert found(opened, "rex") == []
    other = index_again(opened, Path("/else/other.mp4"), Identity(100, "other", "other"))
    assert every(opened) == [lonely]
    video_id = index_again(opened, Path("/else/again.mp4"), identity)
    assert video_id != other
    (back,) = every(opened)
    assert (back.id, back.video_id, back.path) == (kept.id, video_id, Path("/else/again.mp4"))
    assert found(opened, "rex") == [(video_id, 1.0, 2.0, "caption")]
    with opened.write() as connection:
        captions.attach(connection, video_id)  # each decoding calls it
    assert len(found(opened, "rex")) == 1


def unread(library: Library, path: Path, identity: Identity) -> int:
    """A video of which the headers alone are known."""
    with library.write() as connection:
        video_id = first_looks.add_unread_video(connection, identity, INFO)
        volume_id = connection.exec_driver_sql("SELECT id FROM volume").scalar_one()
        first_looks.place_unread(connection, path, video_id, volume_id=volume_id, size=9, mtime_ns=1)
    return video_id


def test_a_caption_on_a_video_that_was_not_read_yet_goes_with_what_it_turns_out_to_be(
    opened: Library, two: tuple[int, int]
) -> None:
    with opened.read() as connection:
        known = videos.identity_of(connection, two[0])
    path = Path("/videos/copy.mp4")
    video_id = unread(opened, path, Identity(known.size, known.partial_hash, None))
    kept = add(opened, video_id, 1.0, 2.0, "rex")
    with opened.write() as connection:
        first_looks.take_hash(connection, path, known)
        captions.attach(connection, two[0])
        assert connection.execute(sa.select(video.c.id).where(video.c.id == video_id)).first() is None
    (moved,) = every(opened)
    assert (moved.id, moved.video_id) == (kept.id, two[0])
    assert found(opened, "rex") == [(two[0], 1.0, 2.0, "caption")]
    identity = remove_for_good_of(opened, two[0])
    assert identity == known
    back = index_again(opened, A, known)
    assert found(opened, "rex") == [(back, 1.0, 2.0, "caption")]


def remove_for_good_of(library: Library, video_id: int) -> Identity:
    """Remove every place of a video."""
    with library.write() as connection:
        identity = videos.identity_of(connection, video_id)
        places = locations.places_of_content(connection, video_id)
        assert locations.remove_locations(connection, [place.id for place in places]) == [video_id]
    return identity


def test_a_repair_keeps_captions_and_their_words(opened: Library, two: tuple[int, int]) -> None:
    kept = add(opened, two[0], 1.0, 2.0, "rex")
    lonely = add(opened, two[1], 1.0, 2.0, "bello")
    remove_for_good(opened, B)
    with opened.lock():
        commit.sweep(opened)
        findings = check.check(opened)
        assert findings.problems == []
        check.repair(opened, findings)
    assert [one.id for one in every(opened)] == [kept.id, lonely.id]
    assert len(found(opened, "rex")) == 1
    with opened.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        said = sa.select(word.c.text).where(word.c.field == "caption")
        assert list(connection.execute(said).scalars()) == ["rex"]


def test_a_caption_that_is_given_again_is_kept_once(opened: Library, two: tuple[int, int]) -> None:
    with opened.write() as connection:
        first, again = (captions.add(connection, two[0], 1.0, 2.0, "Rex", at=9.5) for _ in range(2))
        later = captions.add(connection, two[0], 1.0, 2.0, "Rex", at=9.6)
        untimed = captions.add(connection, two[0], 1.0, 2.0, "Rex")
        assert first == again
        assert len({first.id, later.id, untimed.id}) == captions.count(connection) == 3
