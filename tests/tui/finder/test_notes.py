"""What the user keeps through the finder: it is there at once, and in the next process."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.catalog.schema import video
from mediaindex.store.library import open_library
from mediaindex.store.notes import captions
from mediaindex_tui.messages import (
    AddCaption,
    CaptionKept,
    Mark,
    MarksTold,
    Moment,
    Noted,
    Notice,
    Opened,
    PastTold,
    RemoveCaption,
    SaveSearch,
    Status,
    WantPast,
    WantStatus,
)
from tests.support.finders import AtDesk, of


@pytest.fixture
def moment(desk: AtDesk) -> Moment:
    return desk.full("red").moments[0]


def test_a_mark_is_kept_shown_and_taken_off(desk: AtDesk, moment: Moment) -> None:
    assert desk.one(MarksTold, Mark("red", moment, True)) == MarksTold("red", 1, 1)
    assert desk.full("red").moments[0].mark == "right"
    assert desk.full("blue").moments[0].mark is None
    assert desk.one(Status, WantStatus()).marks == 1
    desk.ask(Mark("red", moment, False))
    assert [one.mark for one in desk.full("red").moments if one.key == moment.key] == ["wrong"]
    assert desk.one(MarksTold, Mark("red", moment, None)) == MarksTold("red", 0, 0)
    assert desk.full("red").moments[0].mark is None


def test_marks_move_the_query_where_that_is_asked(desk: AtDesk, moment: Moment) -> None:
    blue = desk.full("blue").moments[0]
    desk.ask(Mark("red", moment, False), Mark("red", blue, True))
    assert desk.full("red").moments[0].key == moment.key
    moved = desk.full("red", with_marks=True).moments[0]
    assert (moved.key, moved.mark) == (blue.key, "right")
    desk.ask(Mark("red then blue", moment, True))
    assert desk.full("red then blue", with_marks=True).moments  # cannot be moved, and is answered


def test_a_caption_is_found_and_undone(desk: AtDesk, moment: Moment) -> None:
    kept = desk.one(CaptionKept, AddCaption(moment.video_id, moment.path, 0.5, 2.0, "Rex barks", 1.0))
    assert kept.video_id == moment.video_id
    assert [word.field for word in desk.full("barks").moments[0].words] == ["caption"]
    desk.ask(RemoveCaption(kept.id))
    assert desk.full("barks by:words").moments == ()


def test_an_empty_caption_is_refused(desk: AtDesk, moment: Moment) -> None:
    notice, noted = desk.ask(note := AddCaption(moment.video_id, moment.path, 0.5, 2.0, "  ", 1.0))
    assert noted == Noted(note, is_kept=False)
    assert notice == Notice("a caption is empty; write what is seen", is_error=True)


def test_the_past_is_told(desk: AtDesk, moment: Moment, library: Path) -> None:
    desk.ask(Opened("red", moment, 1.0, 5.0), Opened("red", moment, 2.0, 6.0), SaveSearch("blue sea"))
    past = desk.one(PastTold, WantPast())
    assert [(one.text, one.opened) for one in past.recent] == [("red", 2)]
    assert [one.text for one in past.saved] == ["blue sea"]
    assert past.new == ()
    assert past.newest == ("Holiday", "2024-05-03")
    with open_library(library) as opened, opened.write() as connection:
        connection.execute(video.update().where(video.c.recorded_day.is_(None)).values(added_at=0.0))
    (new,) = desk.one(PastTold, WantPast()).new
    assert (new.text, new.name) == ("on:2024-05-03", "1 new video")
    desk.ask(SaveSearch("blue sea", saved=False))
    assert desk.one(PastTold, WantPast()).saved == ()


def test_no_history_is_kept_where_none_is_wanted(
    library: Path, colours: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIAINDEX_UI_HISTORY", "off")
    at_desk = AtDesk(library).with_pictures()
    moment = at_desk.full("red").moments[0]
    at_desk.ask(Opened("red", moment, 1.0, 5.0))
    assert at_desk.one(PastTold, WantPast()).recent == ()
    at_desk.desk.close()


def test_a_library_that_cannot_be_written_says_so(library: Path, colours: None, moment: Moment) -> None:
    library.chmod(0o500)
    try:
        at_desk = AtDesk(library)
        replies = at_desk.ask(Mark("red", moment, True))
        at_desk.desk.close()
    finally:
        library.chmod(0o700)
    told = [one for one in replies if isinstance(one, Notice | MarksTold)]
    # root may write everywhere
    assert isinstance(told[0], MarksTold) or "read-only" in told[0].text


def test_each_note_is_answered_so_that_it_is_not_repeated(desk: AtDesk, moment: Moment) -> None:
    opened = Opened("red", moment, 1.0, 5.0)
    for note in (Mark("red", moment, True), SaveSearch("red"), opened, RemoveCaption(9)):
        assert of(desk.ask(note), Noted) == [Noted(note)]


def test_a_note_without_a_library_is_said_not_to_be_kept(tmp_path: Path) -> None:
    at_desk = AtDesk(tmp_path / "none")
    note = SaveSearch("red")
    assert at_desk.one(Noted, note) == Noted(note, is_kept=False)
    assert at_desk.one(Notice, note).text == f"there is no library at {tmp_path}/none: nothing was kept"


def test_a_note_that_is_given_again_is_kept_once(desk: AtDesk, moment: Moment, library: Path) -> None:
    """Its finder may die after it wrote, and before it said so."""
    caption = AddCaption(moment.video_id, moment.path, 0.5, 2.0, "Kinder spielen im Garten", 7.25)
    notes = (Mark("red", moment, True), Opened("red", moment, 1.0, 7.5), SaveSearch("red"), caption)
    kept = [of(desk.ask(*notes), CaptionKept) for _again in range(2)]
    assert kept[0] == kept[1]
    after = AtDesk(library)
    assert after.one(MarksTold, notes[0]) == MarksTold("red", 1, 1)
    past = after.one(PastTold, WantPast())
    after.desk.close()
    assert ([one.opened for one in past.recent], len(past.saved)) == ([1], 1)
    with open_library(library) as opened, opened.read() as connection:
        (row,) = captions.every(connection)
    assert (row.text, row.language, row.created_at) == ("Kinder spielen im Garten", "de", 7.25)


def test_notes_are_kept_and_searches_answered_while_another_writes(
    desk: AtDesk, moment: Moment, library: Path
) -> None:
    """Such as a repair that runs for hours: what the user writes needs no writer lock."""
    with open_library(library) as opened, opened.lock():
        assert desk.full("blue").moments
        assert desk.one(MarksTold, Mark("red", moment, True)) == MarksTold("red", 1, 1)
        caption = AddCaption(moment.video_id, moment.path, 0.5, 2.0, "Rex barks", 1.0)
        assert desk.one(Noted, caption).is_kept
        assert "is writing" in desk.one(Status, WantStatus()).watcher
    assert desk.full("barks by:words").moments
