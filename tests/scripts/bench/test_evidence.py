"""The benchmark of the scorer: its rules, its lists, and that it runs to its tables."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from bench._clips import write_clips
from bench._evidence_clips import CAPTIONS, QUERIES, Clips
from bench._evidence_lists import CORRECTED, Lists, Ranker, Sides, Similarity, bank_of
from bench._evidence_photographs import figures_of, places_where, sealed_places
from bench._evidence_rules import Constants, Verdict, harms, surely_gains
from bench._evidence_trial import Gallery, Trial
from bench.evidence import Readings
from builtin._captioned import read_captioned
from builtin._fingerprints import fingerprints_of
from builtin._regions import BASES
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES
from mediaindex.search.ranking.mixture import Mixture
from tests.support.benchmarks import run
from tests.support.late_interaction import write_untrained_scorers
from tests.support.paths import BENCH
from tests.support.prepared_photographs import Group, write_prepared

ASKED, CANDIDATES = 400, 6
NO_SIDES = Sides(torch.zeros(ASKED, 1), torch.zeros(1, 1, 1), torch.zeros(ASKED, 1, dtype=torch.long), 1.0)


class WeighedRanker:
    """The second number beside the similarity with a weight: what a scorer's logits are to the rules."""

    def mixed(self, numbers: torch.Tensor, weight: float) -> torch.Tensor:
        return numbers[..., 1] + weight * numbers[..., 0]


def ranked(name: str, *, help_of_scorer: float, queries: int = ASKED, seed: int = 0) -> Gallery:
    """Queries whose right photograph stands out by 1 in the similarity, and by so much for the scorer."""
    torch.manual_seed(seed)
    numbers = torch.randn(queries, CANDIDATES, 5)
    numbers[:, 0, 0] += 1.0
    numbers[:, 0, 1] += help_of_scorer
    place = torch.zeros(queries, 1, dtype=torch.long)
    corrected = (numbers[..., 0] > numbers[:, :1, 0]).sum(1).double().numpy()
    lists = Lists(numbers, place, {CORRECTED: corrected}, np.arange(queries), NO_SIDES)
    none = np.empty((0, 1), np.float32)
    trial = Trial(name, Similarity(none, none, none, 1.0), [WeighedRanker()], [])  # type: ignore[list-item]
    return Gallery(trial, [lists])


def test_a_scorer_that_knows_less_than_the_similarity_harms_until_its_weight_is_small() -> None:
    misled = [ranked(name, help_of_scorer=-1.0, seed=n) for n, name in enumerate(("one", "other"))]
    assert harms(misled, 4)
    helped = [ranked("one", help_of_scorer=1.0)]
    assert not harms(helped, 4)
    assert Constants.of(helped, helped).of_gate == 4
    weight = Constants.of(helped, misled).of_gate
    assert weight is None or weight > 4


def test_a_constant_that_gains_nothing_certain_in_domain_is_not_taken_though_it_does_no_harm() -> None:
    helped, noise = ranked("one", help_of_scorer=1.0), ranked("other", help_of_scorer=0.0, seed=3)
    assert Constants.of([helped, noise], [helped]).of_gate is None
    assert surely_gains([helped], 4)
    assert not surely_gains([helped, noise], 4)


def test_one_large_source_that_loses_is_enough_and_a_small_one_is_not() -> None:
    helped = [ranked(f"helped {n}", help_of_scorer=1.0, seed=n) for n in range(4)]
    assert harms([*helped, ranked("large", help_of_scorer=-2.0)], 4)
    assert not harms([*helped, ranked("small", help_of_scorer=-2.0, queries=200)], 4)


def test_what_is_no_candidate_keeps_its_rank() -> None:
    numbers = torch.zeros(2, 3, 5)
    place, corrected = torch.tensor([[2], [-1]]), np.array([2.0, 70.0])
    lists = Lists(numbers, place, {CORRECTED: corrected}, np.arange(2), NO_SIDES)
    assert lists.ranks(torch.tensor([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])).tolist() == [1.0, 70.0]
    assert lists.ranks(torch.zeros(2, 3)).tolist() == [2.0, 70.0]  # ties count against


def test_of_several_right_candidates_the_best_counts() -> None:
    place, corrected = torch.tensor([[1, 2], [-1, 0]]), np.array([5.0, 6.0])
    lists = Lists(torch.zeros(2, 3, 5), place, {CORRECTED: corrected}, np.arange(2), NO_SIDES)
    assert lists.ranks(torch.tensor([[0.1, 0.9, 0.5], [0.1, 0.2, 0.3]])).tolist() == [0.0, 2.0]
    assert lists.ceiling == 100


GROUPS = [
    Group("flickr8k", "train", 12),
    Group("flickr8k", "fresh", 9),
    Group("flickr8k", "sealed", 10),
    Group("flickr8k", "val", 8),
    Group("flickr8k", "val2", 12),
    Group("pascal", "train", 12),
    Group("pascal", "held", 10),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write_prepared(folder, GROUPS)
    write_untrained_scorers(scorer_file(folder, left_out=left_out, seed=0) for left_out in (None, "pascal"))
    return folder


def test_the_bank_is_of_training_photographs_of_other_sources(work: Path) -> None:
    data = read_captioned(work)
    for left_out, sources in (
        (None, {"flickr8k", "pascal"}),
        ("pascal", {"flickr8k"}),
        ("flickr8k", {"pascal"}),
    ):
        bank = bank_of(data, left_out=left_out, seed=0)
        of = [item for item, own in zip(data.items, data.captions_of, strict=True) if own[0] in bank]
        assert {item.source for item in of} == sources
        assert {item.split for item in of} == {"train"}
        assert len(set(bank.tolist())) == len(bank) == len(of)


def test_captions_are_found_by_their_photographs(work: Path) -> None:
    data = read_captioned(work)
    ranker = Ranker(data, scorer_file(work, left_out=None, seed=0), left_out=None, seed=0)
    val2 = places_where(data, lambda item: item.split == "val2")
    lists = ranker.lists_of_captions(Similarity.of(data, work, FILES), val2, captions=3)
    assert lists.numbers.shape == (12, 24, 5)
    assert lists.right.tolist() == list(range(12))
    assert sorted(set(lists.place[:, :2].flatten().tolist())) != [-1], "its two captions are candidates"
    assert torch.equal(lists.place[:, 1], lists.place[:, 2]), "the last of two counts twice, not another's"
    rows = np.concatenate([data.captions_of[place] for place in val2])
    words = ranker.scorer.words(*data.captions.states(rows))
    direct = ranker.scorer.agreements(words, ranker.scorer.regions(data.cells_at(val2)))
    expected = direct.transpose(0, 1).gather(1, lists.sides.chosen[..., None].expand(-1, -1, 3))
    torch.testing.assert_close(lists.numbers[..., 1:4], expected)
    by_similarity = lists.ranks(lists.numbers[..., 0])
    assert by_similarity.tolist() == lists.corrected.tolist()


def test_a_sealed_photograph_that_is_a_training_photograph_too_is_dropped(work: Path) -> None:
    data = read_captioned(work)
    hashes = fingerprints_of(work)
    everything = sealed_places(data, hashes, most=99)
    assert len(everything) == 10
    trained_on = places_where(data, lambda item: item.split == "train")[0]
    hashes[everything[3]] = hashes[trained_on] ^ np.uint64(0b11)
    assert sealed_places(data, hashes, most=99).tolist() == np.delete(everything, 3).tolist()


def test_what_is_sealed_chooses_nothing(work: Path) -> None:
    readings = Readings.of(work, FILES, ["pascal"], [0], most=99)
    chosen = {**readings.validation_in_domain(), **readings.validation_left_out()}
    assert {name: own.lists[0].right.max() + 1 for name, own in chosen.items()} == {
        "val": 8,
        "fresh": 9,
        "pascal": 10,
    }


def test_the_figures_of_a_source_are_of_photographs_that_no_part_was_trained_on(work: Path) -> None:
    data = read_captioned(work)
    sealed = sealed_places(data, fingerprints_of(work), most=99)
    of_flickr8k = [data.items[place] for place in figures_of(data, "flickr8k", sealed, most=99)]
    assert {item.split for item in of_flickr8k} == {"sealed"}
    of_pascal = [data.items[place] for place in figures_of(data, "pascal", sealed, most=5)]
    assert {(item.source, item.split) for item in of_pascal} == {("pascal", "train")}
    assert len(of_pascal) == 5


def test_the_verdict_is_on_where_both_halves_gain_and_no_kind_loses(work: Path) -> None:
    data, asked = read_captioned(work), np.arange(28)
    sealed = np.repeat(asked, ASKED // len(asked) + 1)[:ASKED]
    helped, misled = ranked("one", help_of_scorer=2.0), ranked("other", help_of_scorer=-2.0)
    on = Verdict.of(data, sealed, helped, {"pascal": helped}, 4)
    assert on.on
    assert on.row().endswith("| none | on |")
    off = Verdict.of(data, sealed, helped, {"pascal": misled}, 4)
    assert not off.on
    assert "but pascal loses" in off.reason
    assert not Verdict.of(data, sealed, misled, {"pascal": helped}, 4).on


def described_clips(folder: Path) -> Path:
    clips = write_clips(folder, 3, 0, seconds=2)
    lines = [
        {"file": clip.name, "query": f"query {n}", "captions": [f"caption {n}", f"one more {n}"]}
        for n, clip in enumerate(clips)
    ]
    (folder / "MANIFEST.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_eight_frames_of_a_clip_are_ranked(work: Path, tmp_path: Path) -> None:
    data = read_captioned(work)
    videos = described_clips(tmp_path / "videos")
    clips = Clips.of(videos, work / BASES)
    assert clips.cells.shape == (24, 16, 313)
    ranker = Ranker(data, scorer_file(work, left_out=None, seed=0), left_out=None, seed=0)
    lists = clips.lists(ranker, Similarity.of(data, work, FILES))
    assert lists[QUERIES].right.tolist() == [0, 1, 2]
    assert lists[CAPTIONS].right.tolist() == [0, 0, 1, 1, 2, 2]
    for own in lists.values():
        assert own.numbers.shape == (len(own.right), 3, 5)
        assert own.ceiling == 100
        assert own.ranks(own.numbers[..., 0]).tolist() == own.corrected.tolist()
    best = clips.cells.view(3, 8, 16, 313)[1]
    words = ranker.scorer.words(*clips.texts.states(np.array([0])))
    agreements = ranker.scorer.agreements(words, ranker.scorer.regions(best))[0]
    hubs = ranker.hubs(ranker.scorer.regions(best))
    three = (ranker.scorer.logits(agreements) - hubs).topk(3).indices
    at = lists[QUERIES].sides.chosen[0].tolist().index(1)
    torch.testing.assert_close(lists[QUERIES].numbers[0, at, 1:4], agreements[three].mean(0))
    torch.testing.assert_close(lists[QUERIES].numbers[0, at, 4], -hubs[three].mean())


def test_the_tables_come_out(work: Path, tmp_path: Path) -> None:
    videos = described_clips(tmp_path / "videos")
    done = bench(work, "--sources", "pascal", "--videos", str(videos), "--box", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "### clips, captions: 6 queries, 3 photographs" in done.stdout
    written = json.loads((tmp_path / "builtin-linear" / "config.json").read_text(encoding="utf-8"))
    gate = written["report"]["gates"][0]
    assert gate["component"] == "generator"
    assert "kinds that it has not seen" in gate["reason"]
    assert Mixture.of(written).weights[1:4] == pytest.approx([8.0, 8.0, 8.0])
    assert ("| on |" in done.stdout) >= gate["on"]
    assert "### val2: 24 queries, 12 photographs" in done.stdout
    assert "### pascal: 24 queries, 12 photographs" in done.stdout
    assert "among the 12 candidates of 100.0 %" in done.stdout
    assert "### val2, photographs look for captions: 12 queries" in done.stdout
    assert "### sealed: 20 queries, 10 photographs" in done.stdout
    assert done.stdout.count("| linear mixture |") == 6
    assert done.stdout.count("| QB-Norm |") == 6
    assert done.stdout.count("| paper |") == 5
    assert done.stdout.count("| off |") + done.stdout.count("| on |") == 9


def test_constants_are_chosen_without_a_look_at_the_tests(work: Path) -> None:
    done = bench(work, "--sources", "pascal", "--validation")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("On validation c = ")
    assert "###" not in done.stdout


def bench(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(BENCH / "evidence.py", "--work", work, "--fold-files", FILES, "--quick", *arguments)


def test_a_missing_scorer_is_named(work: Path) -> None:
    done = bench(work, "--sources", "rooms")
    assert done.returncode == 1
    assert "scorer-without-rooms-0.safetensors is missing: run scripts/builtin/train_scorer.py" in done.stderr
