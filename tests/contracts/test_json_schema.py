"""docs/commands.md is the contract: what the commands print has its keys and types, no more and no less."""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediaindex.cli import COMMANDS, build_parser
from mediaindex.cli.nightly.nightly_output import print_night
from mediaindex.cli.shared.output import Output
from mediaindex.search.ranking.personal_selection import Selection, select
from mediaindex.store.evaluations import runs
from mediaindex.store.library import open_library
from tests.support.commands import Commands, index_quietly, use_these_encoders
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film, jpeg, srt
from tests.support.made_benchmarks import made_benchmark
from tests.support.made_nights import BENCHMARK, FALLEN, LIBRARY, measured, night, not_measured, row
from tests.support.media import write_sound
from tests.support.paths import CHECKOUT
from tests.support.tiny_generators import write_generator
from tests.support.training_features import colour_features, feature_files

pytestmark = pytest.mark.usefixtures("kept_decoders")

DOCS = (CHECKOUT / "docs/commands.md").read_text(encoding="utf-8")
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (float, int),
    "whole number": (int,),
    "true or false": (bool,),
    "list": (list,),
    "object": (dict,),
    "null": (type(None),),
    "any": (object,),
}
# Objects whose keys are a file's own.
OPEN = ("tags",)


def sections() -> dict[str, str]:
    """Text below each heading `## NAME` and `### NAME` of the page, up to the next one."""
    parts = re.split(r"^##+ (.+)$", DOCS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documented(section: str) -> dict[str, str]:
    """Key → type, of the table of keys in a section."""
    found: dict[str, str] = {}
    _before, header, table = sections()[section].partition("| key | type | meaning |\n|---|---|---|\n")
    assert header, f"{section} has no table of keys"
    for line in table.splitlines():
        if not line.startswith("| `"):
            break
        keys, kind, _meaning = (cell.strip() for cell in line.strip("|").split(" | "))
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", keys), kind)
    return found


def observed(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every key: `hits[].words[].word`."""
    if isinstance(value, dict) and path not in OPEN:
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            yield here, inner
            yield from observed(inner, here)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                for key, deeper in inner.items():
                    yield f"{path}[].{key}", deeper
                    yield from observed(deeper, f"{path}[].{key}")


def fits(value: Any, kind: str) -> bool:
    allowed = tuple(TYPES[part] for part in re.split(r" or (?=null|text)", kind))
    flat = tuple(t for types in allowed for t in types)
    if isinstance(value, bool):
        return bool in flat or object in flat
    return isinstance(value, flat)


def hold(answer: dict[str, Any], keys: dict[str, str], *, may_lack: tuple[str, ...] = ()) -> None:
    """Compare one answer with the documented keys.

    Args:
        may_lack: beginnings of keys that this answer need not show.
    """
    assert answer.pop("schema") == 1
    seen = dict.fromkeys(path for path, _value in observed(answer))
    lacking = [key for key in keys if key not in seen and not key.startswith(may_lack or ("\0",))]
    assert (set(seen) - set(keys), lacking) == (set(), [])
    wrong = {path: value for path, value in observed(answer) if not fits(value, keys[path])}
    assert wrong == {}
    top = [key for key in keys if "." not in key and "[" not in key and key in answer]
    assert list(answer) == top, "the order of the page is the order of the keys"


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    videos = tmp_path_factory.mktemp("contract") / "videos"
    film(videos / "red.mp4", "red", "blue", tags={"title": "A red film"})
    srt(videos / "red.en.srt", (1.0, 2.0, "a red thing"))
    index_quietly(videos.parent / "library", videos)
    write_sound(videos / "song.mp4")
    (videos / "letter.mkv").write_text("text " * 100)
    return videos


@pytest.fixture
def ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(folder.parent / "library", capsys)


def test_index(ask: Commands, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold(Commands(tmp_path / "library", capsys)("index", folder, code=5), documented("index"))


def test_search(ask: Commands) -> None:
    keys = documented("search")
    hold(ask("search", "a redd thing after:2024-13", code=2), keys, may_lack=("hits[].parts[]",))
    followed = ask("search", "red then:10s blue", "--channel", "pictures")
    hold(followed, keys, may_lack=("corrected[]", "hits[].words[]", "problems[]"))


def test_completion(ask: Commands) -> None:
    hold(ask("search", "dog in:re", "--complete"), documented("Completion"))


def test_similar(ask: Commands, tmp_path: Path) -> None:
    answer = ask("similar", jpeg(tmp_path / "a.jpg", "red"))
    keys = documented("search") | documented("similar")
    hold(
        answer,
        keys,
        may_lack=("corrected[]", "hits[].parts[]", "hits[].words[]", "problems[]", "hubs.", "rerank."),
    )
    assert list(documented("similar")) == [key for key in answer if key != "schema"]


def test_show(ask: Commands, folder: Path) -> None:
    hold(ask("show", folder / "red.mp4", "--query", "red"), documented("show"))
    assert ask("show", folder / "red.mp4")["profile"] is None


def test_describe(ask: Commands, folder: Path) -> None:
    hold(ask("describe", f"{folder / 'red.mp4'}@1"), documented("describe"))


def test_open(ask: Commands) -> None:
    ask("search", "red")
    hold(ask("open", 1, "--player", "true {path} {seconds}"), documented("open"))


def test_export(ask: Commands, folder: Path, tmp_path: Path) -> None:
    cut = ("--cut", f"{folder / 'red.mp4'}@0-1", "--cut", f"{folder / 'song.mp4'}@0-1", "--skip-missing")
    answer = ask("export", "--format", "csv", "--out", tmp_path / "a.csv", *cut, code=5)
    hold(answer, documented("export"), may_lack=("offline[]",))


def test_notes(ask: Commands, folder: Path) -> None:
    film_at = f"{folder / 'red.mp4'}@1"
    hold(ask("caption", "add", film_at, "a red wall"), documented("caption"))
    hold(ask("caption", "list"), documented("caption"))
    out = folder.parent / "captions.csv"
    hold(ask("caption", "export", "--out", out), documented("caption export"))
    with out.open("a") as table:
        table.write(f"{folder / 'red.mp4'},99,100,too late,\nlater.mp4,,,waits,\n")
    hold(ask("caption", "import", out, code=5), documented("caption import"))
    hold(ask("mark", film_at, "--query", "red"), documented("mark"))
    hold(ask("saved", "add", "red"), documented("saved"))
    ask("search", "red", "--channel", "pictures")
    ask("open", 1, "--player", "true {path}")
    hold(ask("history", "list"), documented("history"))
    hold(ask("history", "clear"), documented("history"), may_lack=("history[]",))


def test_status(ask: Commands, folder: Path) -> None:
    ask("index", folder, code=None)
    with open_library(ask.library) as library, library.write() as connection:
        number = runs.begin(connection, versions={}, settings={})
        runs.end(connection, number, line="Same.", regression=None, tested=False, report=folder / "page.html")
    hold(ask("status"), documented("status"), may_lack=("writer.", "spaces[].evidence.", "personal."))


def test_retry(ask: Commands, folder: Path) -> None:
    ask("index", folder, code=None)
    keys = documented("retry") | documented("index")
    hold(ask("retry", code=5), keys, may_lack=("skipped[]",))


def test_forget(ask: Commands, folder: Path) -> None:
    hold(ask("forget", folder, "--dry-run"), documented("forget"))


def test_sources(ask: Commands, folder: Path) -> None:
    hold(ask("sources", "list"), documented("sources"))
    hold(ask("sources", "add", folder), documented("sources"))


def test_check(ask: Commands, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold(ask("check"), documented("check"), may_lack=("decode_again",))
    damaged = Commands(tmp_path / "library", capsys)
    damaged("index", folder / "red.mp4")
    shutil.rmtree(damaged.library / "vectors")
    hold(damaged("check", "--repair"), documented("check"))


def test_compact(ask: Commands) -> None:
    hold(ask("compact"), documented("compact"))


def test_backup_restore_purge(ask: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold(ask("backup", tmp_path / "backup"), documented("backup"))
    restored = Commands(tmp_path / "library", capsys)
    hold(restored("restore", tmp_path / "backup"), documented("restore"))
    (restored.library / "notes.txt").write_text("of the user")
    hold(restored("purge", "--dry-run"), documented("purge"))


def test_models(ask: Commands, tmp_path: Path) -> None:
    hold(ask("models", "list", "--no-measure"), documented("models list"))
    keys = documented("models use") | documented("index")
    hold(ask("models", "use", "colours"), keys, may_lack=("failed[]", "skipped[]"))
    (ask.library / "generators" / "mine").mkdir(parents=True)
    select(ask.library, FakeEncoder().spec.digest, Selection(None, "mine"))
    hold(ask("models", "use", "previous"), documented("models use previous"))
    assert ask("status")["personal"] == {"generator": "mine", "previous": None}


def test_features(ask: Commands, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.write_text("path,caption,split\nred.mp4,red then blue,train\ngone.mp4,nothing,train\n")
    words = ("--split", "train", "--captions", table, "--out", tmp_path / "f.parquet")
    hold(ask("features", folder, *words, code=5), documented("features"))


def test_train(ask: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_THREADS", "1")
    files = feature_files(tmp_path, train=12, validation=8)
    plain = ask("train", "--features", *files, "--steps", 2, "--out", tmp_path / "out", "--device", "cpu")
    hold(
        plain,
        documented("train on feature files"),
        may_lack=("data.test.", "hubs.", "confidence.", "scorer."),
    )
    features = [
        colour_features(tmp_path / f"{split}.parquet", count, split=split)
        for split, count in (("train", 60), ("test", 240))
    ]
    words = ("--steps", 2, "--out", tmp_path / "own", "--device", "cpu")
    answer = ask("train", "--encoder", "colours", "--features", *features, *words)
    hold(answer, documented("train on feature files"), may_lack=("scorer.", "confidence.refit."))


def test_train_on_captions(
    ask: Commands,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MEDIAINDEX_THREADS", "1")
    refused = ask("train", code=1)
    assert list(refused) == ["schema", "captions", "needed", "promoted", "previous", "error", "exit_code"]
    use_these_encoders(monkeypatch, "builtin")
    own = Commands(tmp_path / "library", capsys)
    for colour in ("red", "blue", "green", "white", "black"):
        film(tmp_path / "videos" / f"{colour}.mp4", colour)
    own("index", tmp_path / "videos")
    table = tmp_path / "captions.csv"
    lines = [f"{path},a {path.stem} wall {n}" for path in (tmp_path / "videos").iterdir() for n in range(6)]
    table.write_text("\n".join(["path,caption", *lines]) + "\n")
    assert own("caption", "import", table)["imported"] == 30
    own("mark", f"{tmp_path / 'videos' / 'red.mp4'}@1", "--query", "a red wall")
    report = own("train")
    assert (report["captions"], report["videos"], report["marks"], report["picks"]) == (30, 5, 1, 0)
    hold(report, documented("train on your captions"))


def test_eval(ask: Commands, tmp_path: Path) -> None:
    texts = {"red": "red", "green": "green red", "blue": "blue", "black": "black"}
    made = made_benchmark("msvd", tmp_path, texts)
    (made.videos / made.names["blue"]).unlink()
    generator = write_generator(tmp_path / "generator")
    words = ("--videos", made.videos, "--annotations", made.annotations, "--generator", generator)
    answer = ask("eval", "msvd", *words, "--allow-missing", code=5)
    hold(answer, documented("eval"), may_lack=("rows[].metrics.IoU",))


def test_eval_nightly(
    ask: Commands,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask("caption", "add", f"{folder / 'red.mp4'}@0.5", "a wall at night")
    keys = documented("eval --nightly")
    ask("caption", "add", f"{folder / 'red.mp4'}@0-1", "something red")
    nothing_wrong = ("regression.", "drift[]", "failed[]", "not_done[]", "left_out[]", "calibration[]",
                     "rows[].metrics.IoU")  # fmt: skip
    hold(ask("eval", "--nightly"), keys, may_lack=nothing_wrong)
    settings = tmp_path / "config.toml"
    settings.write_text("[nightly]\ngenerators = ['absent']\nreport = 'page.html'\n")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(settings))
    may_lack = ("regression.rows[]", "not_done[]", "left_out[]", "calibration[]", "rows[].metrics.IoU")
    hold(ask("eval", "--nightly", code=1), keys, may_lack=may_lack)
    parts = (measured(LIBRARY, row("library")), not_measured(BENCHMARK, "no time", failed=False))
    print_night(night(*parts, fallen=(FALLEN,)), None, Output(as_json=True, command="eval"))
    made = json.loads(capsys.readouterr().out)
    hold(made, keys, may_lack=("rows[].metrics", "gates[]", "failed[]", "left_out[]"))


def test_doctor(ask: Commands) -> None:
    encoders = {key: kind for key, kind in documented("models list").items() if key.startswith("encoders")}
    cost = {key: kind for key, kind in encoders.items() if key != "encoders[].used"}
    hold(ask("doctor", code=None), documented("doctor") | cost)


def test_service(ask: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # without a service manager to start anything
    (tmp_path / "config.toml").write_text("[nightly]\n")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(tmp_path / "config.toml"))
    hold(ask("service", "install", "--no-start"), documented("service install"))
    hold(ask("service", "status"), documented("service status"))
    hold(ask("service", "uninstall"), documented("service uninstall"))


def test_watch(ask: Commands) -> None:
    hold(ask("watch", "--status"), documented("watch"))
    hold(ask("watch", "--once"), documented("index"))


def test_config(ask: Commands) -> None:
    hold(ask("config", "show"), documented("config show"))
    hold(ask("config", "path"), documented("config path"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_on_the_pages(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        build_parser().parse_args([command, "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) > 5
    assert command in sections()
    assert f"`{command}" in README


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options(inner)


def test_every_option_stands_on_the_page_and_no_other() -> None:
    known = set(options(build_parser())) - {"--help", "--version"}
    named = set(re.findall(r"--[a-z][a-z-]+", DOCS)) - {"--help"}
    assert named == known


def test_the_exit_codes_of_the_page_are_those_of_the_errors() -> None:
    from mediaindex import errors

    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in classes if issubclass(kind, errors.MediaIndexError)}
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", sections()["Exit codes"], flags=re.MULTILINE)}
    assert listed == codes | {errors.DONE, errors.SOME_MEDIA_FAILED, errors.INTERRUPTED}
