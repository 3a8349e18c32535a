"""The evidence of regions: made with the vectors or filled in later, and what a search does with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mediaindex.embed.families.builtin_files import NAME, ScorerFile
from mediaindex.ingest import embedder
from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.store import commit
from mediaindex.store.maintenance import eviction
from tests.support import checkpoints
from tests.support.commands import Commands, loaded_once, use_these_encoders
from tests.support.films import film
from tests.support.first_head import NEWEST, index_with_the_first_head, serving
from tests.support.made_scorer import made_patch_scorer, made_scorer, use_scorer
from tests.support.paths import CHECKOUT

COLOURS = ("red", "blue", "green")
GAIN = {"component": "generator", "on": True, "by": "test", "reason": "MRR +1.0"}


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> ScorerFile:
    return made_scorer(tmp_path_factory.mktemp("scorer"))


@pytest.fixture
def films(videos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_these_encoders(monkeypatch, NAME)
    for colour in COLOURS:
        film(videos / f"{colour}.mp4", *[(shown, 2.0) for shown in (colour, "white") * 3])
    return videos


def with_mixture(commands: Commands, scorer: ScorerFile, weight: float = 5.0) -> None:
    weights = [weight, 3.0, 3.0, 3.0, 1.0]
    write_mixture(
        commands.library / "generators" / "mixture",
        encoder=(NAME, NEWEST.digest),
        width=384,
        scorer=scorer.digest,
        weights=weights,
        deviation=0.05,
        report={"gates": [GAIN]},
    )


def evidence(commands: Commands) -> tuple[int, int]:
    """How many vectors have it, of how many."""
    found = serving(commands)["evidence"]
    return found["vectors"], found["of"]


def region_files(commands: Commands) -> list[Path]:
    return sorted(path for path in (commands.library / "regions").rglob("*") if path.is_file())


def searched(commands: Commands, *options: object) -> dict[str, Any]:
    options = ("--generator", "linear", "--limit", 50, *options)
    return commands("search", "a plain picture", "--channel", "pictures", "--per-video", 20, *options)


def test_a_library_gets_it_with_its_vectors_and_the_mixture_ranks_by_it(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    have, of = evidence(commands)
    assert have == of > 0
    assert len(region_files(commands)) == len(COLOURS)
    assert commands("check")["problems"] == []
    with_mixture(commands, scorer)
    answer = searched(commands)
    assert (answer["rerank"]["generator"], answer["rerank"]["on"], answer["rerank"]["by"]) == (
        "linear",
        True,
        "test",
    )
    assert answer["rerank"]["with_evidence"] == answer["rerank"]["candidates"] == len(answer["hits"])
    instant = searched(commands, "--rerank", "off")
    assert sorted(hit["instant_rank"] for hit in answer["hits"]) == [hit["rank"] for hit in instant["hits"]]
    with_mixture(commands, scorer, weight=1e6)
    same = searched(commands)
    assert [hit["segment_id"] for hit in same["hits"]] == [hit["segment_id"] for hit in instant["hits"]]


def test_a_library_of_a_release_without_it_is_filled_by_the_next_index_and_decodes_nothing(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, None)
    commands("index", films)
    use_scorer(monkeypatch, scorer)
    with_mixture(commands, scorer)
    assert evidence(commands)[0] == 0
    answer = searched(commands)
    assert not answer["rerank"]["on"]
    assert "the next 'mediaindex index' makes" in answer["rerank"]["reason"]
    assert "frames have evidence" in commands.text("status").out
    before = {path: path.stat().st_mtime_ns for path in (commands.library / "vectors").rglob("*.lance")}
    report = commands("index", films)
    assert (report["decoded"], report["indexed"], report["failed"]) == (0, 0, [])
    assert evidence(commands)[0] == evidence(commands)[1]
    assert commands("check")["problems"] == []
    assert searched(commands)["rerank"]["on"]
    assert before == {
        path: path.stat().st_mtime_ns for path in (commands.library / "vectors").rglob("*.lance")
    }
    assert "frames have evidence" not in commands.text("status").out


def test_half_of_a_library_is_used_where_it_is(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, None)
    commands("index", films)
    use_scorer(monkeypatch, scorer)
    with_mixture(commands, scorer)
    put = commit.put_regions

    def once(*arguments: Any, **options: Any) -> int:
        put(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(embedder, "VIDEOS_A_COMMIT", 1)
        stopped.setattr(commit, "put_regions", once)
        commands.ran("index", films)
    have, of = evidence(commands)
    assert 0 < have < of
    answer = searched(commands, "--rerank", "on")
    assert answer["rerank"]["on"]
    assert 0 < answer["rerank"]["with_evidence"] < answer["rerank"]["candidates"]
    explained = commands.text("search", "a plain picture", "--generator", "linear", "--explain").out
    assert "of them without evidence" in explained
    commands("index", films)
    assert evidence(commands) == (of, of)


def test_where_no_moment_has_it_a_search_says_so(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    with_mixture(commands, scorer)
    shutil.rmtree(commands.library / "regions")
    answer = searched(commands)
    assert (answer["rerank"]["on"], answer["rerank"]["by"]) == (False, "no evidence")
    refused = commands.ran("search", "a plain picture", "--generator", "linear", "--rerank", "on")
    assert refused.code == 4
    assert refused.json["error"].endswith("the next 'mediaindex index' makes it")


def test_a_newer_scorer_takes_the_place_of_the_one_before(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    newer = made_scorer(tmp_path, seed=1)
    use_scorer(monkeypatch, newer)
    with_mixture(commands, newer)
    assert evidence(commands)[0] == 0
    commands("index", films)
    assert evidence(commands)[0] == evidence(commands)[1]
    assert {path.suffix for path in region_files(commands)} == {f".{newer.digest[:12]}"}
    assert searched(commands)["rerank"]["on"]


def test_the_first_head_gets_it_with_the_newer_vectors(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, None)
    index_with_the_first_head(commands, films, monkeypatch)
    use_scorer(monkeypatch, scorer)
    assert commands("index", films)["decoded"] == 0
    assert serving(commands)["digest"] == NEWEST.digest
    assert evidence(commands)[0] == evidence(commands)[1]
    assert len(region_files(commands)) == len(COLOURS)


def test_damage_is_found_told_and_mended(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    with_mixture(commands, scorer)
    damaged, cut, _ = region_files(commands)
    content = bytearray(damaged.read_bytes())
    content[200] ^= 0xFF
    damaged.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:100])
    (cut.parent / f"{0:016x}.{scorer.digest[:12]}").write_bytes(b"of no video")
    answer = searched(commands, "--rerank", "on")
    assert 0 < answer["rerank"]["with_evidence"] < answer["rerank"]["candidates"]
    problems = commands("check", code=None)["problems"]
    assert any("that of 2 videos is missing or damaged" in problem for problem in problems)
    assert any("1 files belong to no video" in problem for problem in problems)
    commands("check", "--repair")
    assert commands("index", films)["decoded"] == 0
    assert commands("check")["problems"] == []
    assert evidence(commands)[0] == evidence(commands)[1]


def test_a_backup_carries_it(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    before = evidence(commands)
    commands("backup", tmp_path / "backup")
    shutil.rmtree(commands.library)
    commands("restore", tmp_path / "backup")
    assert evidence(commands) == before
    assert len(region_files(commands)) == len(COLOURS)
    assert commands("check")["problems"] == []


def test_what_is_forgotten_takes_it_along(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    commands("forget", films / "red.mp4", "--now")
    assert len(region_files(commands)) == len(COLOURS) - 1
    assert evidence(commands)[0] == evidence(commands)[1]


def test_videos_whose_frames_are_gone_are_named_and_decoded_when_asked(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, None)
    with monkeypatch.context() as small:
        small.setattr(eviction, "MIB", 1)
        commands("index", films, "--cache-limit", "1M")
    use_scorer(monkeypatch, scorer)
    assert commands("index", films)["decoded"] == 0
    told = serving(commands)["evidence"]
    assert (told["vectors"], told["evicted_videos"]) == (0, len(COLOURS))
    assert sorted(Path(path).stem for path in told["evicted"]) == sorted(COLOURS)
    assert f"such as {told['evicted'][0]}: 'mediaindex index --redecode PATH'" in commands.text("status").out
    assert commands("index", films, "--redecode")["decoded"] == len(COLOURS)
    assert evidence(commands)[0] == evidence(commands)[1] > 0


@pytest.mark.slow
def test_an_imported_encoder_gets_it_by_a_scorer_beside_its_weights(
    videos: Path, commands: Commands, tmp_path: Path
) -> None:
    folder = checkpoints.clip_folder(tmp_path / "clip")
    name = f"transformers:{folder}"
    film(videos / "red.mp4", "red")
    commands("index", videos, "--encoder", name)
    assert serving(commands)["evidence"] is None
    before = serving(commands)["id"]
    made_patch_scorer(folder, image=32, text=32)
    loaded_once.cache_clear()
    commands("models", "use", name)
    assert evidence(commands)[0] == evidence(commands)[1] > 0
    assert serving(commands)["id"] == before
    assert commands("check")["problems"] == []
    film(videos / "blue.mp4", "blue")
    commands("index", videos, "--encoder", name)
    assert evidence(commands)[0] == evidence(commands)[1] > 1


COLD = """
import sys
from mediaindex.cli import main
from mediaindex.embed.families import builtin_files
file, digest, *words = sys.argv[1:]
builtin_files.scorers_of = lambda _files: [builtin_files.ScorerFile(file, digest)]
code = main(words)
print(sorted({"torch", "lancedb"} & set(sys.modules)), file=sys.stderr)
raise SystemExit(code)
"""


def test_a_cold_search_ranks_by_it_without_torch(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    with_mixture(commands, scorer)
    words = ("search", "a plain picture", "--generator", "linear", "--rerank", "on", "--json")
    done = subprocess.run(
        [sys.executable, "-c", COLD, scorer.file, scorer.digest, *words, "--library", commands.library],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'models'}"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
    cold, warm = json.loads(done.stdout), commands(*words[:-1])
    assert cold["rerank"]["with_evidence"] > 0
    assert [hit["segment_id"] for hit in cold["hits"]] == [hit["segment_id"] for hit in warm["hits"]]


def test_a_damaged_scorer_costs_a_search_nothing_but_the_reranking(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scorer: ScorerFile
) -> None:
    use_scorer(monkeypatch, scorer)
    commands("index", films)
    with_mixture(commands, scorer)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(Path(scorer.file).read_bytes()[:1000])
    use_scorer(monkeypatch, ScorerFile(str(broken), scorer.digest))
    answer = searched(commands)
    assert answer["hits"]
    assert (answer["rerank"]["on"], answer["rerank"]["by"]) == (False, "unusable generator")
    assert "broken.safetensors" in answer["rerank"]["reason"]
    film(films / "black.mp4", "black")
    refused = commands.ran("index", films)
    assert refused.code != 0
    assert "broken.safetensors" in refused.json["error"]
    assert len(refused.err.splitlines()) == 1
