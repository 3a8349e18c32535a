from __future__ import annotations

import time

import msgspec

from mediaindex_tui.library_lines import Block, blocks_of, headline
from mediaindex_tui.look import ASCII, Glyphs
from mediaindex_tui.messages import LibraryTold
from tests.support.fake_finder import library_told


def text(block: Block) -> str:
    lines = [*block.lines, *(entry.parts for entry in block.entries)]
    return "\n".join("".join(part for part, _ in line) for line in lines)


def test_the_library_in_a_line() -> None:
    assert headline(library_told()) == ("/home/ann/.local/share/mediaindex", "1 214 videos · 412 h")


def test_blocks_tell_what_the_commands_tell() -> None:
    blocks = blocks_of(library_told(), Glyphs())
    assert list(blocks) == ["watching", "sources", "failures", "encoders", "ranking", "disk"]
    assert "!    802      790  held     /videos/cam" in text(blocks["sources"])
    assert "◌    311        0  offline  /media" in text(blocks["sources"])
    assert "answers" in text(blocks["encoders"])
    assert "hub correction on: it gains" in text(blocks["ranking"])
    assert "marked 12 · captions 60 · saved searches 4 · history 212" in text(blocks["disk"])


def test_a_simple_terminal_has_other_bars() -> None:
    assert "####" in text(blocks_of(library_told(), ASCII)["watching"])


def test_what_is_not_told_leaves_no_hole() -> None:
    blocks = blocks_of(
        LibraryTold({}, {"running": True, "progress": {"stage": "scanning"}}, [{}], {}), Glyphs()
    )
    assert "scanning 0" in text(blocks["watching"])
    assert "all files could be read" in text(blocks["failures"])
    assert all("None" not in text(block) for block in blocks.values())


def test_names_steer_no_terminal() -> None:
    hostile = "\x1b[31m\u202e"
    told = LibraryTold(
        {
            "sources": [{"path": hostile}],
            "failures": [{"path": hostile, "reason": hostile}],
            "rerank": [{"generator": "residual", "reason": hostile}],
        },
        {"running": True, "reason": hostile, "progress": {"path": hostile, "done": 1, "total": 2}},
        [{"name": hostile, "licence": hostile}],
        {},
    )
    assert not any(
        set(text(block)) & set(hostile[0] + hostile[-1]) for block in blocks_of(told, Glyphs()).values()
    )


def test_where_there_is_no_library_it_says_so() -> None:
    told = LibraryTold({}, {}, [], {})
    assert headline(told) == ("no library here: a adds a folder", "")
    blocks = blocks_of(told, Glyphs())
    assert list(blocks) == list(blocks_of(library_told(), Glyphs()))
    said = [text(block) for block in blocks.values() if text(block)]
    assert said == ["no folder is followed: a adds one"]


def test_requests_that_are_open_are_named_and_those_that_are_done_counted() -> None:
    told = library_told()
    states = ("queued", "running", "failed", "done", "done")
    requests = [{"id": 18 - n, "kind": "index", "state": state} for n, state in enumerate(states)]
    told = msgspec.structs.replace(told, requests=requests)
    assert text(blocks_of(told, Glyphs())["watching"]).splitlines()[-4:] == [
        "request 18 index waits",
        "request 17 index is carried out",
        "request 16 index failed",
        "✓ 2 done today",
    ]
    assert "* 2 done today" in text(blocks_of(told, ASCII)["watching"])


def test_how_many_of_all_files_could_not_be_read() -> None:
    told = library_told()
    assert blocks_of(told, Glyphs())["failures"].note == "2"
    told.status["locations"] = 2327
    assert blocks_of(told, Glyphs())["failures"].note == "2 of 2 327"
    told.status["failures"] = []
    assert blocks_of(told, Glyphs())["failures"].note == ""


def test_the_last_evaluation_is_told() -> None:
    told = {"at": "2026-05-04T03:30:00+02:00", "line": "R@1 fell.\x1b[31m", "regressed": True}
    lines = blocks_of(LibraryTold({"last_evaluation": told}, {"running": True}, [], {}), Glyphs())
    assert lines["ranking"].lines[-1] == [
        ("last evaluation  ", "dim"),
        ("2026-05-04: R@1 fell.\\x1b[31m", "wrong"),
    ]
    older = {**told, "regressed": False, "line": "Same.", "older_than_space": True}
    block = blocks_of(LibraryTold({"last_evaluation": older}, {"running": True}, [], {}), Glyphs())["ranking"]
    assert "last evaluation  2026-05-04: Same., another encoder answered then" in text(block)
    nights = {**told, "recall": [30.0, 40.0, 35.0]}
    block = blocks_of(LibraryTold({"last_evaluation": nights}, {"running": True}, [], {}), Glyphs())[
        "ranking"
    ]
    assert "R@1 by night  ▁█▅  30.0 to 40.0, now 35.0" in text(block)
    none = blocks_of(LibraryTold({}, {"running": True}, [], {}), Glyphs())["ranking"]
    assert "R@1 by night" not in text(none)
    assert "last evaluation  none yet" in text(none)


def test_the_hours_to_embed_are_told_of_the_chosen_encoder() -> None:
    told = library_told()
    assert [entry.told for entry in blocks_of(told, Glyphs())["encoders"].entries] == ["", ""]
    told.models[0]["hours_for_library"], told.models[1]["hours_for_library"] = 0.01, 41.26
    assert [entry.told for entry in blocks_of(told, Glyphs())["encoders"].entries] == [
        "embeds this library in 36 s",
        "embeds this library in 41 h",
    ]


def test_what_of_a_first_pass_is_over_is_ticked() -> None:
    told = library_told()
    assert text(blocks_of(told, Glyphs())["watching"]).splitlines()[2] == "names ✓  first looks ✓"
    told.watch["progress"]["outlook"]["speed"] = 7.24
    assert "7.2× real time" in text(blocks_of(told, Glyphs())["watching"]).splitlines()[1]
    told.watch["progress"]["stage"] = "first looks"
    assert text(blocks_of(told, Glyphs())["watching"]).splitlines()[2] == "names ✓"
    told.watch["progress"]["stage"] = "reading headers"
    assert "✓" not in text(blocks_of(told, Glyphs())["watching"])


def test_how_long_the_watcher_runs_and_when_a_file_is_tried_again() -> None:
    told = library_told()
    told.watch["since"] = time.time() - 7300.0
    assert blocks_of(told, Glyphs())["watching"].note == "process 4711, 2 h, working"
    told.status["failures"][1]["next_at"] = 60_000.0
    hour = time.strftime("%H:%M", time.localtime(60_000.0))
    dead, waiting = text(blocks_of(told, Glyphs())["failures"]).splitlines()
    assert f"permission denied, next {hour}  /videos" in waiting
    assert "next" not in dead


def test_encoders_that_are_here_are_told_from_those_that_are_not() -> None:
    told = library_told()
    told.models.append({"name": "fast", "licence": "MIT", "size_bytes": 6e8, "present": True})
    answers, away, here = text(blocks_of(told, Glyphs())["encoders"]).splitlines()
    assert answers.split() == ["builtin", "Apache-2.0", "34", "MB", "answers"]
    assert away.split() == ["quality", "Apache-2.0", "2.7", "GB"]
    assert here.split() == ["fast", "MIT", "600", "MB", "here"]
