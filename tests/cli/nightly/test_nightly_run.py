"""`eval --nightly` as a user types it: nights beside a watcher, what falls, what ends early, what is lost."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediaindex import cli
from mediaindex.cli.measuring.figure_tables import EvalReport
from mediaindex.cli.nightly import nightly_run
from mediaindex.cli.nightly.nightly_parts import Outcome
from mediaindex.cli.nightly.nightly_plan import Part
from mediaindex.embed import loading
from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.learn.report_page.answered import AnsweredQueries, Moment
from mediaindex.media import FrameEmbeddings
from mediaindex.store.evaluations import runs
from mediaindex.store.library import open_library
from tests.support.commands import ENCODER, Commands, index_quietly, process
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.films import film
from tests.support.made_benchmarks import made_benchmark
from tests.support.paths import CHECKOUT
from tests.support.tiny_generators import write_generator
from tests.support.waiting import until

# Ten colours and their mixtures: as many clips as it takes for a fall to be certain.
PLAIN = tuple(COLOURS)
MIXED = tuple(f"{one}-{other}" for one in PLAIN[:5] for other in PLAIN[5:])


class Nights:
    """A configuration with a library and one benchmark, and its nights."""

    def __init__(self, commands: Commands, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands = commands
        self.folder = folder
        self.file = folder / "config.toml"
        monkeypatch.setenv("MEDIAINDEX_CONFIG", str(self.file))
        self.configure("")

    def configure(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def night(self, *more: object, code: int = 0) -> dict[str, Any]:
        return self.commands("eval", "--nightly", *more, code=code)


@pytest.fixture
def nights(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    return Nights(commands, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films of one colour, and of two, and a library with a caption for each that names them."""
    folder = tmp_path_factory.mktemp("nights")
    rows = []
    for name in (*PLAIN, *MIXED):
        path = film(folder / "videos" / f"{name}.mp4", *((colour, 1.0) for colour in name.split("-")))
        rows.append({"path": str(path), "caption": f"something {name.replace('-', ' ')}"})
    table = folder / "captions.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    index_quietly(folder / "library", folder / "videos")
    with redirect_stdout(io.StringIO()):
        assert cli.main(["caption", "import", str(table), "--library", str(folder / "library")]) == 0
    return folder


@pytest.fixture
def captioned(made: Path, library: Path) -> None:
    """The library of this test: a copy of that one."""
    shutil.copytree(made / "library", library)


def texts(count: int = 10) -> dict[str, str]:
    return {colour: colour for colour in PLAIN[:count]}


def shuffle_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the encoder sees other colours than there are, and says that it is another one."""
    load = loading.load_encoder

    class Shuffled(FakeEncoder):
        def images(self, pictures: Any) -> FrameEmbeddings:
            found = super().images(pictures)
            return FrameEmbeddings(np.roll(found.vectors, 3, axis=1), found.evidence)

    def shuffled(name: str, **options: Any) -> Any:
        return Shuffled(name=name, digest="1" * 64) if name == ENCODER else load(name, **options)

    monkeypatch.setattr(loading, "load_encoder", shuffled)


def rewrite(folder: Path, **shape: Any) -> None:
    """Replace a generator by another one of the same name."""
    shutil.rmtree(folder)
    write_generator(folder, gate=None, **shape)


def fallen(answer: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(row["benchmark"], row["ranking"], row["direction"]) for row in answer["regression"]["rows"]}


def test_three_nights_beside_a_watcher_then_a_damaged_generator(nights: Nights, captioned: None) -> None:
    benchmark = made_benchmark("msvd", nights.folder / "msvd", texts())
    folder = write_generator(nights.commands.library / "generators" / "tiny", gate=None)
    told = nights.folder / "told"
    script = nights.folder / "notify.sh"
    script.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    script.chmod(0o755)
    notify = f"{script} {{summary}}"
    nights.configure(
        f"[nightly]\ngenerators = ['tiny']\nreport = 'page.html'\nnotify = '{notify}'\n"
        f"[[nightly.benchmarks]]\nname = 'msvd'\nvideos = '{benchmark.videos}'\n"
        f"annotations = '{benchmark.annotations}'\n"
    )
    watcher = process("watch", library=nights.commands.library, stderr=subprocess.DEVNULL)
    until(lambda: nights.commands("watch", "--status")["running"], watcher)

    first = nights.night()
    assert (first["regression"], first["failed"], first["not_done"]) == (None, [], [])
    assert first["line"] == "Nothing to compare with yet"
    measured = {(row["benchmark"], row["encoder"]) for row in first["rows"]}
    assert measured == {("library", ENCODER), ("msvd", ENCODER)}
    rankings = {(row["benchmark"], row["ranking"]) for row in first["rows"]}
    assert {("library", "instant"), ("library", "generator tiny"), ("msvd", "blend"),
            ("msvd", "generator tiny")} <= rankings  # fmt: skip
    again = [nights.night() for _ in range(2)]
    for answer in again:
        assert answer["regression"] == {"regressed": False, "rows": []}
        assert [row["metrics"] for row in answer["rows"]] == [row["metrics"] for row in first["rows"]]
        assert {one["statistic"] for one in answer["drift"]} == {0.0}
        assert answer["store"] == {"checked": True, "problems": []}
    assert not told.exists()
    assert b"a report of mediaindex" in (nights.folder / "page.html").read_bytes()[:200]

    rewrite(folder, strength=3.0)
    damaged = nights.night(code=1)
    assert damaged["regression"]["regressed"]
    assert {(benchmark, ranking) for benchmark, ranking, _ in fallen(damaged)} <= {
        ("library", "generator tiny"), ("msvd", "generator tiny"),
    }  # fmt: skip
    row = next(row for row in damaged["regression"]["rows"] if row["metric"] == "R@1")
    assert (row["ranking"], row["since"]) == ("generator tiny", damaged["started_at"])
    assert row["difference"]["low"] < row["difference"]["value"] < row["difference"]["high"] < 0.0
    assert "generator tiny fell by" in damaged["line"]
    assert told.read_text().strip() == damaged["line"]
    still = nights.night(code=1)
    assert {row["since"] for row in still["regression"]["rows"]} == {damaged["started_at"]}
    assert damaged["line"].split(" since ")[0] in (nights.folder / "page.html").read_text(encoding="utf-8")
    status = nights.commands("status")["last_evaluation"]
    assert (status["regressed"], status["line"]) == (True, still["line"])

    rewrite(folder)
    mended = nights.night()
    assert not mended["regression"]["regressed"]
    watcher.send_signal(signal.SIGINT)
    watcher.wait(60)


def test_an_encoder_whose_vectors_are_shuffled_is_a_regression(
    nights: Nights, captioned: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.night()
    shuffle_vectors(monkeypatch)
    nights.commands("models", "use", ENCODER)
    shuffled = nights.night(code=1)
    assert ("library", "instant", "t2v") in fallen(shuffled)
    assert {row["since"] for row in shuffled["regression"]["rows"]} == {shuffled["started_at"]}
    assert any("library: the encoder is another one than in the evaluation of" in note
               for note in shuffled["notes"])  # fmt: skip


def test_new_and_lost_films_are_no_regression(nights: Nights, captioned: None, videos: Path) -> None:
    nights.night()
    film(videos / "more red.mp4", "red", "red", "grey")
    nights.commands("index", videos)
    nights.commands("caption", "add", f"{videos / 'more red.mp4'}@0-1", "red red grey")
    for caption in nights.commands("caption", "list")["captions"][:6]:
        nights.commands("forget", caption["path"], "--now")
    answer = nights.night()
    assert answer["regression"] == {"regressed": False, "rows": []}
    assert {row["gallery"] for row in answer["rows"] if row["direction"] == "t2v"} == {30}


def test_without_a_section_the_library_alone_is_measured_by_known_items(
    nights: Nights, commands: Commands, videos: Path
) -> None:
    nights.configure("")
    nothing = commands.text("eval", "--nightly")
    assert (nothing.code, "there is no library" in nothing.err) == (2, True)
    film(videos / "x.mp4", "red")
    commands("index", videos)
    silent = nights.night()
    assert [one["part"] for one in silent["not_done"]] == ["library"]
    assert "no sentence with a known answer" in silent["not_done"][0]["reason"]
    film(videos / "one red wall here.mp4", "red")
    commands("index", videos)
    answer = commands("eval", "library", "--nightly")
    assert answer["source"] == "library"
    assert {row["queries_from"] for row in answer["rows"]} == {"known items"}
    assert any("do not tell how well a search finds" in note for note in answer["notes"])
    text = commands.text("eval", "--nightly").out
    assert text.splitlines()[0] == "Every answer is as the night before"
    assert "the store agrees with itself" in text


def test_the_time_budget_is_kept_and_what_was_not_done_is_said(nights: Nights, captioned: None) -> None:
    benchmark = made_benchmark("msvd", nights.folder / "msvd", texts(3))
    where = f"videos = '{benchmark.videos}'\nannotations = '{benchmark.annotations}'\n"
    nights.configure(f"[nightly]\nminutes = 0.0001\n[[nightly.benchmarks]]\nname = 'msvd'\n{where}")
    answer = nights.night()
    assert {one["part"] for one in answer["not_done"]} == {"library", f"msvd, with {ENCODER}"}
    assert {one["reason"] for one in answer["not_done"]} == {"the time budget ended"}
    assert answer["store"] == {"checked": False, "problems": []}
    assert answer["regression"] is None
    nights.configure("[nightly]\nminutes = 0\n")
    assert nights.night()["not_done"] == []


def test_fewer_queries_are_the_same_ones_every_night(nights: Nights, captioned: None) -> None:
    nights.configure("[nightly]\nqueries = 7\n")
    rows = nights.night()["rows"]
    assert {row["queries"] for row in rows if row["direction"] == "t2v"} == {7}
    assert nights.night()["line"] == "Every answer is as the night before"


@pytest.mark.parametrize(
    "moment",
    [
        "SELECT count(*) FROM evaluation WHERE state = 'open'",
        "SELECT count(*) FROM evaluation_series, evaluation e WHERE evaluation_id = e.id AND state = 'open'",
    ],
    ids=["before it measured", "with figures written"],
)
def test_a_killed_night_is_told_by_the_next_and_loses_nothing_else(
    moment: str, nights: Nights, captioned: None
) -> None:
    before = nights.night()
    library = nights.commands.library
    killed = process("eval", "--nightly", library=library, stderr=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL)  # fmt: skip

    def has_come() -> bool:
        with closing(sqlite3.connect(library / "library.sqlite")) as connection:
            return bool(connection.execute(moment).fetchone()[0])

    until(has_come, killed)
    killed.kill()
    killed.wait(60)
    after = nights.night()
    assert any(note.endswith("did not end") for note in after["notes"])
    assert [row["metrics"] for row in after["rows"]] == [row["metrics"] for row in before["rows"]]
    assert after["line"] == "Every answer is as the night before"
    assert not any(note.endswith("did not end") for note in nights.night()["notes"])


def test_a_page_that_cannot_be_written_costs_the_page_alone(
    nights: Nights, captioned: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = nights.folder / "page.html"
    nights.configure("[nightly]\nreport = 'page.html'\n")
    nights.night()
    page.write_text("something else")
    refused = nights.commands.text("eval", "--nightly")
    assert (refused.code, "is no report of mediaindex" in refused.err) == (2, True)
    page.unlink()

    def stumbles(*_: object) -> str:
        raise ZeroDivisionError("in a drawing")

    monkeypatch.setattr("mediaindex.learn.report_page.page_html.page_html", stumbles)
    ran = nights.commands.ran("eval", "--nightly")
    assert (ran.code, ran.json["report"]) == (1, None)
    assert "the page was not written: ZeroDivisionError: in a drawing" in ran.err
    assert ran.json["line"] == "Every answer is as the night before"


def test_confidence_is_compared_with_what_came_true_by_captions_alone() -> None:
    ranks = np.array([0.0, 0.0, 3.0, 0.0])
    ranked = RankedQueries("t2v", "search", ranks, 1 / (1 + ranks), np.arange(4), 9)
    first = tuple(map(Moment, (0, 1, 7, 3)))
    confidence = np.array([0.9, 0.9, 0.9, np.nan])

    def answered(kind: str) -> AnsweredQueries:
        return AnsweredQueries(ranked, kind, ("",) * 4, tuple(map(Moment, range(4))), first, confidence)

    report = EvalReport("library", ENCODER, main_ranking="search")
    report.answered += [answered("captions"), answered("known items")]
    (found,) = nightly_run._calibrations([Outcome(Part("library", "", None), report, "", False, 0.0)])
    assert (found.queries_from, found.queries) == ("captions", 3)
    assert found.error == pytest.approx(0.9 - 2 / 3)


def test_one_at_a_time(nights: Nights, captioned: None) -> None:
    with open_library(nights.commands.library) as library, library.evaluating():
        busy = nights.commands.ran("eval", "--nightly")
    assert (busy.code, "another evaluation of this library goes on" in busy.json["error"]) == (3, True)


def test_a_clock_that_went_back_is_said(
    nights: Nights, captioned: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.night()
    with open_library(nights.commands.library) as library, library.write() as connection:
        connection.exec_driver_sql("UPDATE evaluation SET started_at = started_at + 86400")
    answer = nights.night()
    assert any(note.startswith("the clock went back") for note in answer["notes"])
    assert answer["line"] == "Every answer is as the night before"


def test_a_full_disk_costs_this_night_alone(nights: Nights, captioned: None) -> None:
    nights.night()
    library = nights.commands.library
    with open_library(library) as opened, opened.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    with pytest.MonkeyPatch.context() as patch:
        from mediaindex.store.catalog import database

        # SQLite's own bound stands for a disk that is full: it raises the same error.
        full = (*database.PRAGMAS, f"max_page_count={pages}")
        patch.setattr(database, "PRAGMAS", full)
        ran = nights.commands.ran("eval", "--nightly")
        while ran.code == 0:  # pages that were free are used up first
            ran = nights.commands.ran("eval", "--nightly")
    assert (ran.code, "full" in ran.json["error"]) == (7, True)
    after = nights.night()
    assert any(note.endswith("did not end") for note in after["notes"])
    assert after["line"] == "Every answer is as the night before"


def test_a_part_that_fails_is_named_and_the_others_are_measured(nights: Nights, captioned: None) -> None:
    benchmark = made_benchmark("msvd", nights.folder / "msvd", texts(3))
    (benchmark.videos / benchmark.names["grey"]).unlink()
    nights.configure(
        "[nightly]\ngenerators = ['absent']\n[[nightly.benchmarks]]\nname = 'msvd'\n"
        f"videos = '{benchmark.videos}'\nannotations = '{benchmark.annotations}'\n"
    )
    answer = nights.night(code=1)
    failed = {one["part"]: one["reason"] for one in answer["failed"]}
    assert "there is no generator absent" in failed["library, generator absent"]
    assert "1 of 3 videos are missing" in failed[f"msvd, with {ENCODER}"]
    assert {row["benchmark"] for row in answer["rows"]} == {"library"}
    nights.configure(nights.file.read_text().replace("generators = ['absent']\n", ""))
    rest = nights.night("--allow-missing", code=5)
    assert [one["id"] for one in rest["left_out"]] == ["grey_1_4"]
    assert {row["benchmark"] for row in rest["rows"]} == {"library", "msvd"}


def test_a_damaged_record_of_a_night_is_told(nights: Nights, captioned: None) -> None:
    nights.night()
    with open_library(nights.commands.library) as library, library.write() as connection:
        connection.exec_driver_sql("UPDATE evaluation_series SET ranks = x'00'")
    ran = nights.commands.ran("eval", "--nightly")
    assert (ran.code, "damaged" in ran.json["error"]) == (6, True)


def test_it_survives_backup_and_restore(nights: Nights, captioned: None) -> None:
    nights.night()
    nights.commands("backup", nights.folder / "copy")
    nights.commands.library = nights.folder / "elsewhere"
    nights.commands("restore", nights.folder / "copy")
    with open_library(nights.commands.library) as library, library.read() as connection:
        assert runs.last_evaluation(connection) is not None
    assert nights.night()["line"] == "Every answer is as the night before"


def test_the_script_is_the_same_call() -> None:
    script = CHECKOUT / "scripts/nightly.sh"
    assert os.access(script, os.X_OK)
    checked = subprocess.run(["sh", "-n", script], check=False)
    assert checked.returncode == 0
    assert script.read_text().rstrip().endswith('/evaluate.py" --nightly "$@"')
