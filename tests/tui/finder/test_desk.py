"""The finder's thread: the most urgent first, the newest of each kind, and no fault ends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaindex import cli
from mediaindex.embed import loading
from mediaindex.errors import EncoderUnavailable
from mediaindex.search.ranking.generator_registry import generators_of
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.user_gate import generator_pair
from mediaindex.store.layout import DATABASE
from mediaindex.store.library import open_library
from mediaindex.store.notes import verdicts
from mediaindex.store.notes.verdicts import Verdict
from mediaindex.store.vectors.spaces import active_space
from mediaindex_tui.finder import desk as desk_module
from mediaindex_tui.finder.searching import NO_PICTURES
from mediaindex_tui.messages import (
    Answer,
    Ask,
    LibraryTold,
    Notice,
    PastTold,
    Picture,
    Ready,
    Reply,
    Status,
    Strip,
    Wanted,
    WantLibrary,
    WantPast,
    WantPictures,
    WantStatus,
    WantStrip,
)
from tests.support.commands import OTHER_ENCODER, index_quietly
from tests.support.films import film
from tests.support.finders import AtDesk, of
from tests.support.tiny_generators import write_generator


def test_it_says_what_can_answer(desk: AtDesk) -> None:
    words, pictures = of(desk.replies, Ready)
    assert (words.what, words.videos, words.encoder) == ("words", 2, None)
    assert (pictures.what, pictures.videos, pictures.encoder, pictures.note) == (
        "pictures",
        2,
        "colours",
        None,
    )


def test_a_query_that_words_answered_is_answered_again_by_pictures(cold: AtDesk) -> None:
    cold.ask(Ask(3, "red"))
    cold.until(lambda: any(a.stage == "full" for a in of(cold.replies, Answer)))
    assert {answer.number for answer in of(cold.replies, Answer)} == {3}


def test_a_newer_query_ends_the_older_one_between_its_stages(desk: AtDesk) -> None:
    before = len(desk.replies)
    desk.inbox.put(Ask(1, "red"))
    desk.desk.turn(0.0)
    replies = desk.ask(Ask(2, "blue"))
    assert [(answer.number, answer.stage) for answer in of(desk.replies[before:], Answer)] == [
        (1, "words"),
        (2, "words"),
        (2, "full"),
    ]
    assert replies


def test_queries_come_before_pictures_and_these_before_strips(desk: AtDesk) -> None:
    moment = desk.full("red").moments[0]
    wanted = Wanted(moment.video_id, 1.0, 2, 1)
    kinds = [
        type(reply)
        for reply in desk.ask(
            WantStatus(), WantPast(), WantStrip(1, moment.video_id), WantPictures((wanted,)), Ask(2, "blue")
        )
    ]
    assert kinds == [Answer, Answer, Picture, Strip, PastTold, Status]


def test_pictures_that_left_the_screen_are_not_made(desk: AtDesk) -> None:
    moment = desk.full("red").moments[0]
    old = tuple(Wanted(moment.video_id, 1.0, columns, 1) for columns in range(1, 6))
    desk.inbox.put(WantPictures(old))
    desk.desk.turn(0.0)
    new = Wanted(moment.video_id, 9.0, 2, 1)
    assert [picture.wanted for picture in of(desk.ask(WantPictures((new,))), Picture)] == [new]


def test_without_a_library_everything_answers_empty_until_there_is_one(
    library: Path, tmp_path: Path, colours: None
) -> None:
    later = tmp_path / "later"
    at_desk = AtDesk(later)
    replies = at_desk.ask(
        Ask(1, "red"), WantStatus(), WantPast(), WantStrip(1, 1), WantPictures(()), WantLibrary()
    )
    assert of(replies, Ready) == [Ready("words")]
    assert of(replies, Answer) == [Answer(1, "full", ())]
    assert of(replies, Status) == [Status(0, 0.0)]
    assert of(replies, PastTold) == [PastTold()]
    assert of(replies, LibraryTold) == [LibraryTold({}, {}, [], {})]
    assert not later.exists()
    shutil.copytree(library, later)
    at_desk.with_pictures()
    assert [(ready.what, ready.videos) for ready in of(at_desk.replies, Ready)][1:] == [
        ("words", 2),
        ("pictures", 2),
    ]
    assert at_desk.replies[-1].number == 1  # type: ignore[union-attr]  # the query was asked again
    at_desk.desk.close()


def test_an_encoder_that_is_missing_leaves_the_words_and_a_note(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_words: object, **_options: object) -> None:
        raise EncoderUnavailable("run 'mediaindex models pull fast'")

    monkeypatch.setattr(loading, "load_encoder", missing)
    at_desk = AtDesk(library).with_pictures()
    assert of(at_desk.replies, Ready)[-1].note == "run 'mediaindex models pull fast'"
    assert at_desk.full("dog").stage == "words"
    assert at_desk.full("dog by:pictures").moments == ()
    at_desk.desk.close()


def test_words_answer_alone_where_no_encoder_is_to_be_loaded(library: Path, colours: None) -> None:
    at_desk = AtDesk(library, words_only=True).with_pictures()
    pictures = of(at_desk.replies, Ready)[-1]
    assert (pictures.encoder, pictures.note) == (None, NO_PICTURES)
    assert at_desk.full("dog").stage == "words"
    at_desk.desk.close()


def test_another_encoder_is_taken_up(desk: AtDesk, library: Path) -> None:
    before = desk.names("red")
    assert cli.main(["models", "use", OTHER_ENCODER, "--library", str(library)]) == 0
    desk.ask(Ask(1, "red"))
    desk.until(lambda: of(desk.replies, Ready)[-1].encoder == OTHER_ENCODER)
    assert desk.names("red") == before


def test_new_videos_are_told_while_nothing_is_asked(desk: AtDesk, library: Path, tmp_path: Path) -> None:
    first = desk.one(Status, WantStatus())
    index_quietly(library, film(tmp_path / "new" / "cat.mp4", "purple"))
    told = desk.wait(Status)
    assert (told.videos, told.generation > first.generation) == (3, True)
    assert desk.names("purple")[0] == "cat.mp4"


def stages(replies: list[Reply]) -> list[str]:
    """The stages of the answers among some replies."""
    return [answer.stage for answer in of(replies, Answer)]


def test_a_generator_that_is_turned_on_or_off_meanwhile_ranks_from_the_next_query(
    desk: AtDesk, library: Path
) -> None:
    assert stages(desk.ask(Ask(1, "blue"))) == ["words", "full"]
    folder = write_generator(library / "generators" / "mine", strength=0.5)
    before = len(desk.replies)
    desk.ask(Ask(2, "blue"))
    desk.until(lambda: "reranked" in stages(desk.replies[before:]) and not desk.desk.is_busy)
    assert stages(desk.ask(Ask(3, "red"))) == ["words", "full", "reranked"]
    own = identity(folder)
    its_captions_say(library, own, low=-0.5, high=-0.1)
    assert stages(desk.ask(Ask(4, "red"))) == ["words", "full"]
    its_captions_say(library, own, low=0.1, high=0.5)
    before = len(desk.replies)
    desk.ask(Ask(5, "red"))
    desk.until(lambda: "reranked" in stages(desk.replies[before:]) and not desk.desk.is_busy)
    shutil.rmtree(folder)
    assert stages(desk.ask(Ask(6, "red"))) == ["words", "full"]


def identity(folder: Path) -> str:
    """The digest by which verdicts name a generator."""
    (own,) = [one for one in generators_of(folder.parent.parent) if one.folder == folder]
    return own.identity


def its_captions_say(library: Path, generator: str, *, low: float, high: float) -> None:
    """Let the captions of a library have decided on a generator, as `eval library` keeps it."""
    with open_library(library) as opened, opened.write() as connection:
        space = active_space(connection)
        assert space is not None
        over_hubs = hub_gate(space, "auto", library).on
        pair = generator_pair(space.digest, generator, over_hubs=over_hubs)
        verdicts.add(connection, pair, ())
        verdicts.put(connection, Verdict(pair, 40, 40, (low + high) / 2, low, high, None))


def test_a_damaged_library_is_said_and_does_not_end_it(desk: AtDesk, library: Path) -> None:
    desk.desk.close()
    whole = (library / DATABASE).read_bytes()
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (library / name).unlink(missing_ok=True)
    (library / DATABASE).write_bytes(b"no database" * 1000)
    (notice,) = of(desk.ask(Ask(1, "red")), Notice)
    assert notice.is_error
    (library / DATABASE).unlink()
    (library / DATABASE).write_bytes(whole)
    assert desk.full("red").moments


def test_a_fault_is_said_with_the_log_and_does_not_end_it(
    desk: AtDesk, library: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(desk_module, "understood", None)
        (notice,) = of(desk.ask(Ask(1, "red")), Notice)
        assert of(desk.ask(Ask(2, "red"), WantStatus()), Notice) == []  # it was told a moment ago
    assert notice.is_error
    assert notice.text.endswith(f"see {library / 'logs' / 'ui.log'}")
    assert caplog.text.count("a fault of the finder") == 1
    assert desk.full("red").moments


def test_the_library_screen_of_a_library_that_went_says_nothing(desk: AtDesk, library: Path) -> None:
    desk.inbox.put(WantLibrary())
    assert desk.wait(LibraryTold).status["videos"] == 2


def test_a_library_that_is_swept_meanwhile_goes_on_answering(
    desk: AtDesk, library: Path, tmp_path: Path
) -> None:
    before = desk.full("red")
    new = film(tmp_path / "new" / "cat.mp4", "purple")
    index_quietly(library, new)
    assert desk.names("purple")[0] == "cat.mp4"
    assert cli.main(["forget", "--now", str(new), "--library", str(library)]) == 0
    assert cli.main(["compact", "--library", str(library)]) == 0
    after = desk.full("red")
    assert [one.key for one in after.moments] == [one.key for one in before.moments]
    assert "cat.mp4" not in desk.names("purple")
    moment = after.moments[0]
    (picture,) = of(desk.ask(WantPictures((Wanted(moment.video_id, moment.best, 2, 1),))), Picture)
    assert picture.cells
    assert of(desk.replies, Notice) == []
