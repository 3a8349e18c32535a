"""`mediaindex eval`: benchmarks in their own shape, feature files, and a library, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS
from mediaindex.learn.features.feature_set import read_features
from tests.support.commands import ENCODER, Commands, use_these_encoders
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film, srt
from tests.support.made_benchmarks import MadeBenchmark, made_benchmark
from tests.support.paths import CHECKOUT, SHARED
from tests.support.tiny_generators import write_generator

# Two captions name another clip's colour more often than their own, and one of these fits that clip better
# than its own caption does.
TEXTS = {"red": "red blue blue", "green": "green", "blue": "blue", "yellow": "red red yellow"}


def values(answer: dict[str, Any], direction: str, ranking: str, **more: str) -> dict[str, float]:
    """The figures of the one row that this names."""
    wanted = {"direction": direction, "ranking": ranking, **more}
    (row,) = [row for row in answer["rows"] if wanted.items() <= row.items()]
    return {name: figure["value"] for name, figure in row["metrics"].items()}


def evaluate(
    commands: Commands, name: str, made: MadeBenchmark, *more: object, code: int = 0
) -> dict[str, Any]:
    return commands(
        "eval", name, "--videos", made.videos, "--annotations", made.annotations, *more, code=code
    )


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_benchmark_in_its_own_shape_gives_the_known_result(
    name: str, commands: Commands, tmp_path: Path
) -> None:
    made = made_benchmark(name, tmp_path, TEXTS)
    answer = evaluate(commands, name, made)
    assert {row["ranking"] for row in answer["rows"]} == {"base", "blend"}
    for ranking in ("base", "blend"):
        texts = values(answer, "t2v", ranking)
        assert (texts["R@1"], texts["R@5"]) == (50.0, 100.0)
        assert (texts["MdR"], texts["MnR"], texts["mAP"]) == (1.5, 1.5, 75.0)
        clips = values(answer, "v2t", ranking)
        assert (clips["R@1"], clips["R@5"]) == (75.0, 100.0)
        assert (clips["MdR"], clips["MnR"], clips["mAP"]) == (1.0, 1.25, 87.5)
    assert [row["missing"] for row in answer["rows"]] == [0] * 4
    assert answer["left_out"] == []
    assert answer["regression"] is None
    assert {row["benchmark"] for row in answer["published"]} == {name}
    out = tmp_path / "test.parquet"
    where = ("--videos", made.videos, "--annotations", made.annotations)
    commands("features", name, *where, "--split", "test", "--out", out)
    again = commands("eval", name, "--features", out)
    assert [row["metrics"] for row in again["rows"]] == [row["metrics"] for row in answer["rows"]]
    assert {row["missing"] for row in again["rows"]} == {None}
    of_file = commands("eval", out)
    assert [row["metrics"] for row in of_file["rows"]] == [row["metrics"] for row in answer["rows"]]
    features = read_features(out, encoder=FakeEncoder(name=ENCODER).spec)
    assert set(features.mask.sum(axis=1)) == {3}
    assert features.seconds[0].tolist() == [0.0, 1.0, 2.0]


def test_what_is_missing_doubled_or_unreadable_is_named_and_stops_it(
    commands: Commands, tmp_path: Path
) -> None:
    made = made_benchmark("msvd", tmp_path, {**TEXTS, "black": "black", "white": "white"})
    (made.videos / made.names["red"]).unlink()
    film(made.videos / "again" / "green_1_4.mp4", ("green", 1.0))
    (made.videos / made.names["blue"]).write_bytes(b"RIFF\0\0\0\0AVI " + b"no film" * 50)
    where = ("--videos", made.videos, "--annotations", made.annotations)
    refused = commands.text("eval", "msvd", *where)
    assert refused.code == 2
    assert (
        "2 of 6 videos are missing, doubled or unreadable; --allow-missing evaluates the rest" in refused.err
    )
    assert "red_1_4 (no video of this name)" in refused.err
    assert "both its video" in refused.err
    answer = evaluate(commands, "msvd", made, "--allow-missing", code=5)
    assert [one["id"] for one in answer["left_out"]] == ["red_1_4", "green_1_4", "blue_1_4"]
    assert {(row["missing"], row["gallery"]) for row in answer["rows"]} == {(3, 3)}
    assert any("3 videos are left out" in note for note in answer["notes"])
    # The features are there by now; what could not be read still counts.
    again = evaluate(commands, "msvd", made, "--allow-missing", code=5)
    assert again["rows"] == answer["rows"]
    film(made.videos / made.names["red"], "red")
    (made.videos / "again" / "green_1_4.mp4").unlink()
    late = commands.text("eval", "msvd", *where)
    assert late.code == 2
    assert "1 of 6 videos are missing" in late.err


def test_qb_norm_has_a_bank_of_training_captions_or_of_training_features(
    commands: Commands, tmp_path: Path
) -> None:
    made = made_benchmark("msrvtt", tmp_path, TEXTS)
    made_benchmark("msrvtt", tmp_path, {"black": "red", "white": "white", "grey": "red"}, split="train")
    answer = evaluate(commands, "msrvtt", made, "--qb-norm")
    assert "qb-norm" in {row["ranking"] for row in answer["rows"] if row["direction"] == "t2v"}
    assert any("qb-norm of v2t needs training videos" in note for note in answer["notes"])
    files = []
    for split in ("test", "train"):
        files.append(tmp_path / f"{split}.parquet")
        where = ("--videos", made.videos, "--annotations", made.annotations)
        commands("features", "msrvtt", *where, "--split", split, "--out", files[-1])
    both = commands("eval", "msrvtt", "--features", *files, "--qb-norm")
    assert values(both, "t2v", "qb-norm") == values(answer, "t2v", "qb-norm")
    assert values(both, "v2t", "qb-norm")["R@5"] == 100.0


def test_a_generator_has_rows_a_difference_and_a_gate(commands: Commands, tmp_path: Path) -> None:
    made = made_benchmark("msrvtt", tmp_path, TEXTS)
    made_benchmark("msvd", tmp_path / "other", TEXTS)
    folder = write_generator(tmp_path / "made")
    answer = evaluate(commands, "msrvtt", made, "--generator", folder, "--against", "none")
    # Fresh weights of `residual` leave every list as it is.
    assert values(answer, "t2v", "generator")["R@1"] == values(answer, "t2v", "blend")["R@1"]
    (gate,) = answer["gates"]
    assert (gate["component"], gate["on"], gate["by"]) == ("generator", False, "msrvtt")
    assert {row["verdict"] for row in answer["differences"]} == {"undecided"}
    assert {row["domain"] for row in answer["rows"] if row["ranking"] == "generator"} == {"out"}
    text = commands.text("eval", "msrvtt", "--videos", made.videos, "--annotations", made.annotations,
                         "--generator", "absent")  # fmt: skip
    assert text.code == 4
    assert "there is no generator absent" in text.err


def test_two_encoders_are_compared_query_by_query(commands: Commands, tmp_path: Path) -> None:
    made = made_benchmark("didemo", tmp_path, TEXTS)
    answer = evaluate(commands, "didemo", made, "--against", "same colours", "--sampling", "library")
    assert {row["sampling"] for row in answer["rows"]} == {"benchmark", "library"}
    assert values(answer, "t2v", "blend of same colours")["R@1"] == 50.0
    zero = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert [(row["against"], row["metrics"]["R@1"]) for row in answer["differences"]] == [
        ("blend of same colours", zero)
    ] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "nothing is no benchmark (msrvtt, msvd, lsmdc, activitynet, didemo), not 'library'"),
        (("msvd",), "msvd needs --videos DIR, its videos, and --annotations DIR"),
        (("msvd", "--videos", "gone", "--annotations", "gone"), "--videos gone is no folder"),
        (("library", "--against", "none"), "--against none compares a generator: name it with --generator"),
        (("library", "--qb-norm"), "--qb-norm does not go with library"),
        (("msvd", "--sampling", "library", "--features", "f"), "--sampling library needs the videos"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(words: tuple[str, ...], said: str, commands: Commands) -> None:
    ran = commands.text("eval", *words)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1


# The library


def from_single_searches(
    commands: Commands, sentences: list[tuple[str, str]], videos: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (from 1) of both directions, by numpy, from what `search` prints for each sentence alone."""
    table = np.full((len(sentences), len(videos)), -np.inf)
    for row, (text, _video) in enumerate(sentences):
        hits = commands.hits(
            text, "--plain-text", "--channel", "pictures", "--per-video", 1, "--limit", len(videos),
            "--rerank", "off", "--hubs", "off", "--no-history",
        )  # fmt: skip
        for hit in hits:
            table[row, videos.index(hit["path"])] = hit["similarity"]
    right = np.array([videos.index(video) for _text, video in sentences])
    own = table[np.arange(len(right)), right]
    of_texts = (table >= own[:, None]).sum(axis=1)
    captioned = sorted(set(right.tolist()))
    best = np.array([[table[right == group, video].max() for group in captioned] for video in captioned])
    return of_texts, (best >= np.diag(best)[:, None]).sum(axis=1)


def assert_equal_to_single_searches(
    commands: Commands, answer: dict[str, Any], sentences: list[tuple[str, str]], videos: list[str]
) -> None:
    of_texts, of_videos = from_single_searches(commands, sentences, videos)
    for direction, places in (("t2v", of_texts), ("v2t", of_videos)):
        found = values(answer, direction, "instant", queries_from="captions")
        for depth in (1, 5, 10, 50):
            assert found[f"R@{depth}"] == round(100 * float(np.mean(places <= depth)), 2)
        assert found["MnR"] == round(float(np.mean(places)), 2)
        assert found["MdR"] == float(np.median(places))


def test_a_library_is_measured_as_single_searches_answer(
    commands: Commands, videos: Path, tmp_path: Path
) -> None:
    for colours in ("red", "blue", "green", "red blue", "yellow green", "purple"):
        film(videos / f"{colours}.mp4", *colours.split())
    commands("index", videos)
    paths = sorted(str(path) for path in videos.iterdir())
    said = [
        ("red", "something red"),
        ("red", "quite blue"),
        ("red blue", "red and blue"),
        ("purple", "green"),
        ("green", "green, not yellow"),
        ("yellow green", "first yellow"),
    ]
    table = tmp_path / "captions.csv"
    rows = [f'{videos / name}.mp4,,,"{text}"' for name, text in said]
    table.write_text("\n".join(["path,start_seconds,end_seconds,caption", *rows]) + "\n")
    commands("caption", "import", table)
    commands("caption", "add", f"{videos / 'red blue.mp4'}@2-4", "blue")
    answer = commands("eval", "library")
    sentences = [
        *((text, f"{videos / name}.mp4") for name, text in said),
        ("blue", str(videos / "red blue.mp4")),
    ]
    assert_equal_to_single_searches(commands, answer, sentences, paths)
    assert {row["queries_from"] for row in answer["rows"]} == {"captions"}
    assert values(answer, "t2v", "instant")["IoU"] > 50.0
    assert any("are few" in note for note in answer["notes"])
    folder = write_generator(commands.library / "generators" / "tiny")
    compared = commands(
        "eval", "library", "--generator", folder.name, "--against", "none", "--direction", "t2v"
    )
    (difference,) = compared["differences"]
    assert (difference["ranking"], difference["against"]) == ("generator tiny", "instant")
    assert difference["verdict"] == "undecided"
    out = tmp_path / "mine.parquet"
    made = [commands.ran("features", "library", "--split", split, "--out", f"{out}.{split}") for split in
            ("train", "val", "test")]  # fmt: skip
    assert sum(ran.json["captions"] for ran in made if ran.code == 0) == len(sentences)


def test_without_captions_known_items_are_asked_for(commands: Commands, videos: Path) -> None:
    nothing = commands.text("eval", "library")
    assert nothing.code != 0
    film(videos / "one red wall here.mp4", "red")
    film(videos / "b.mp4", "blue")
    srt(videos / "b.en.srt", (0.5, 1.0, "look at that blue thing"))
    commands("index", videos)
    answer = commands("eval", "library")
    assert {(row["queries_from"], row["queries"]) for row in answer["rows"]} == {("known items", 2)}
    assert values(answer, "t2v", "instant")["R@1"] == 100.0
    assert any("do not tell how well a search finds" in note for note in answer["notes"])


def test_the_script_is_the_same_call() -> None:
    script = CHECKOUT / "scripts/evaluate.py"
    assert os.access(script, os.X_OK)
    assert '_environment.run(["eval", *sys.argv[1:]])' in script.read_text()
    compiled = subprocess.run([sys.executable, "-m", "py_compile", str(script)], check=False)
    assert compiled.returncode == 0


@pytest.mark.corpus
@pytest.mark.skipif(not (SHARED / "corpus/videos").is_dir(), reason="needs the shared folder of real media")
def test_the_corpus_with_its_captions_is_measured_as_single_searches_answer(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_these_encoders(monkeypatch, "builtin")
    clips = SHARED / "corpus/videos"
    commands("index", clips, code=None)
    rows = [json.loads(line) for line in (clips / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()]
    table = tmp_path / "captions.jsonl"
    lines = [{"path": str(clips / row["file"]), "caption": row["captions"][0]} for row in rows]
    table.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert commands("caption", "import", table)["imported"] == len(lines)
    sentences = [(one["text"], one["path"]) for one in commands("caption", "list")["captions"]]
    answer = commands("eval", "library", "--generator", "none")
    assert {row["gallery"] for row in answer["rows"]} == {len(rows)}
    assert_equal_to_single_searches(commands, answer, sentences, sorted({path for _text, path in sentences}))
