"""`train` without --features, as a user types it: refusal, promotion, going back, and what is said of it."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediaindex.store.library import open_library
from tests.support.commands import Commands, index_quietly, process, use_these_encoders
from tests.support.personal_library import (
    ENCODER,
    FILMS,
    PER_FILM,
    add_contrary_captions,
    write_films,
)
from tests.support.waiting import until

CAPTIONS = FILMS * PER_FILM
PROVEN = f"proven on your {CAPTIONS} captions:"
SHIPPED = "builtin-linear"


@pytest.fixture(scope="module")
def trained_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with captions."""
    folder = tmp_path_factory.mktemp("personal")
    write_films(folder / "videos")
    index_quietly(folder / "library", folder / "videos", encoder=ENCODER)
    with open_library(folder / "library") as library:
        add_contrary_captions(library)
    return folder / "library"


@pytest.fixture
def ask(
    trained_on: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Commands]:
    monkeypatch.setenv("MEDIAINDEX_THREADS", "1")
    use_these_encoders(monkeypatch, ENCODER)
    yield Commands(trained_on, capsys)
    shutil.rmtree(trained_on / "generators", ignore_errors=True)


def reranked_by(ask: Commands) -> dict[str, Any]:
    found: dict[str, Any] = ask("search", "a dog in the snow", "--channel", "pictures")["rerank"]
    return found


def ranking_in_use(ask: Commands) -> str:
    """The folder's name of what reranks a search by itself."""
    return Path(reranked_by(ask)["path"]).name


def survives_backup_and_purge(ask: Commands, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("backup", folder / "backup")
    restored = Commands(folder / "restored", capsys)
    restored("restore", folder / "backup")
    assert restored("status")["personal"] == {"generator": "builtin-personal-1", "previous": None}
    assert ranking_in_use(restored) == "builtin-personal-1"
    left = restored("purge", "--dry-run")["left"]
    assert [row["path"] for row in left if "generators" in row["path"]] == []


def test_a_user_trains_reads_the_report_and_goes_back(
    ask: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instant = ask.hits("a dog in the snow", "--channel", "pictures")
    assert ranking_in_use(ask) == SHIPPED
    assert ask("status")["personal"] is None
    ran = ask.text("train")
    assert ran.code == 0, ran
    assert (
        f"{CAPTIONS} captions of {FILMS} videos, 0 marked queries and 0 picks, for the encoder builtin"
        in ran.err
    )
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"{CAPTIONS} captions, each ranked by what never saw its video")
    assert [line.split("  ")[0].strip() for line in lines[1:6]] == [
        "instant",
        "shipped",
        "personal",
        "personal less instant",
        "personal less shipped",
    ]
    assert lines[-1].startswith(f"builtin-personal-1 ranks searches now, {PROVEN} MRR +")
    assert "'mediaindex models use previous'" in lines[-1]

    rerank = reranked_by(ask)
    assert (rerank["on"], rerank["by"], rerank["generator"]) == (True, "your captions", "linear")
    assert ranking_in_use(ask) == "builtin-personal-1"
    assert ask.hits("a dog in the snow", "--channel", "pictures") != instant
    assert ask("status")["personal"] == {"generator": "builtin-personal-1", "previous": None}
    assert "personal ranking: builtin-personal-1, before it none" in ask.text("status").out
    rows = {row["name"]: row for row in ask("models", "list", "--no-measure")["generators"]}
    assert [name for name, row in rows.items() if row["used"]] == ["builtin-personal-1"]
    assert rows["builtin-personal-1"]["personal"] is True
    assert "* generator builtin-personal-1: personal, on, proven on your" in ask.text("models", "list").out

    notes = ask("eval", "library", "--direction", "t2v")["notes"]
    assert any(
        note.startswith("builtin-personal-1: it was trained on captions of this library") for note in notes
    )
    survives_backup_and_purge(ask, tmp_path, capsys)
    assert ask("models", "use", "previous") == {
        "schema": 1,
        "generator": None,
        "previous": "builtin-personal-1",
    }
    assert ranking_in_use(ask) == SHIPPED
    assert ask.hits("a dog in the snow", "--channel", "pictures") == instant
    forward = ask.text("models", "use", "previous")
    assert "builtin-personal-1 is in use; the ranking without a personal one stays" in forward.out
    assert ranking_in_use(ask) == "builtin-personal-1"

    again = ask.text("train")
    assert again.code == 0
    assert again.out.splitlines()[-1].startswith("no gain on your captions: MRR +0.00")
    assert again.out.splitlines()[-1].endswith("kept the old one")
    assert ask("status")["personal"] == {"generator": "builtin-personal-1", "previous": None}


def test_too_few_captions_are_refused_and_nothing_is_written(
    ask: Commands, videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_films(videos)
    few = Commands(tmp_path / "few", capsys)
    few("index", *sorted(videos.iterdir())[:2])
    for path in sorted(videos.iterdir())[:2]:
        few("caption", "add", f"{path}@0-4", "something")
    refused = few("train", code=1)
    assert {key: refused[key] for key in ("captions", "needed", "promoted", "previous")} == {
        "captions": 2,
        "needed": 30,
        "promoted": False,
        "previous": None,
    }
    assert refused["error"].startswith("28 captions are missing: training needs 30, there are 2")
    ran = few.text("train")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert not (few.library / "generators").exists() or not list((few.library / "generators").iterdir())
    nothing = few.text("models", "use", "previous")
    assert nothing.code == 2
    assert "no earlier personal ranking" in nothing.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--steps", 3), "--steps needs --features FILE"),
        (("--recipe", "paper"), "--recipe needs --features FILE"),
        (("--out", "x"), "--out needs --features FILE"),
        (("--resume",), "--resume needs --features FILE"),
        (("--encoder", "colours"), "builtin answers searches here"),
    ],
)
def test_options_of_feature_files_do_not_go_without(
    ask: Commands, words: tuple[object, ...], said: str
) -> None:
    ran = ask.text("train", *words)
    assert (ran.code, said in ran.err) == (2, True), ran


def test_nothing_indexed_says_what_to_do(commands: Commands) -> None:
    ran = commands.text("train")
    assert ran.code == 2
    assert "make one with 'mediaindex index FOLDER'" in ran.err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_training_that_is_stopped_leaves_the_library_as_it_was(ask: Commands, how: signal.Signals) -> None:
    running = process("train", library=ask.library, variables={"MEDIAINDEX_THREADS": "1"})
    lock = ask.library / "generators" / ".personal.lock"
    until(lock.exists, running)
    running.send_signal(how)
    assert running.wait(60) in (-how, 130)
    assert ask("status")["personal"] is None
    assert ranking_in_use(ask) == SHIPPED
    assert [path.name for path in (ask.library / "generators").iterdir()] == [".personal.lock"]
