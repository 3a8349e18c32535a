"""The training of generators on what a scorer says of candidates."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from bench._evidence_generators import generators_in, ranked_by
from bench._evidence_lists import Lists, Ranker, Similarity
from builtin._captioned import Captioned, read_captioned
from builtin.train_generator import NAMES, candidates_of, galleries, lists_of, main, trained
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, head_of, scorer_of
from mediaindex.learn.evaluation.metrics import retrieval
from mediaindex_models.checkpoint import EncoderIdentity, load
from mediaindex_models.presets import preset
from tests.support.late_interaction import write_untrained_scorers
from tests.support.prepared_photographs import Group, write_prepared

pytestmark = pytest.mark.slow

GROUPS = [
    Group("flickr8k", "train", 12),
    Group("flickr8k", "val", 30),
    Group("pascal", "held", 20),
    Group("flickr8k", "fresh", 16),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write_prepared(folder, GROUPS)
    write_untrained_scorers([scorer_file(folder, left_out=None, seed=0)])
    return folder


@pytest.fixture(scope="module")
def data(work: Path) -> Captioned:
    return read_captioned(work)


@pytest.fixture(scope="module")
def lists(work: Path, data: Captioned) -> Lists:
    ranker = Ranker(data, scorer_file(work, left_out=None, seed=0), left_out=None, seed=0)
    of_training, _, _ = galleries(data)
    return lists_of(ranker, Similarity.of(data, work, FILES), of_training[1])["t2v"]


def test_what_trains_and_what_chooses_are_different_photographs(data: Captioned) -> None:
    of_training, beside_fold, of_choice = galleries(data)
    assert {data.items[place].split for place in beside_fold} == {"fresh"}
    assert [{data.items[place].split for place in own} for own in of_training] == [{"val"}, {"held"}]
    assert not set(of_training[0].tolist()) & set(of_choice.tolist())
    assert len(of_training[0]) + len(of_choice) == 30


def test_a_generator_reads_the_similarity_in_its_own_unit_and_all_five_numbers(lists: Lists) -> None:
    rows = torch.tensor([3, 0])
    own = candidates_of(lists, "t2v", rows)
    torch.testing.assert_close(own.score, lists.sides.unit * lists.numbers[rows][..., 0])
    assert own.numbers is not None
    assert torch.equal(own.numbers, lists.numbers[rows])
    assert candidates_of(lists, "t2v", rows, reads_numbers=False).numbers is None


def test_a_generator_learns_from_a_number_that_tells_the_right_one(lists: Lists) -> None:
    told = lists.numbers.clone()
    told[..., 1] = 0.0
    told.scatter_(1, lists.place[..., None].expand(-1, -1, 5), 1.0)
    told[..., [0, 2, 3, 4]] = lists.numbers[..., [0, 2, 3, 4]]
    telling = Lists(told, lists.place, lists.cheap, lists.right, lists.sides)
    spec = preset("residual", width=384, numbers=5)
    generator = trained(spec, [{"t2v": telling, "v2t": telling_back(telling)}], seed=0, steps=40)
    ranked = ranked_by({"residual": [generator]}, telling, "t2v")["residual"][0]
    assert retrieval(ranked).reciprocal_rank > retrieval(lists.corrected).reciprocal_rank + 0.05


def telling_back(lists: Lists) -> Lists:
    """The same numbers where pictures ask: their vectors for those of texts."""
    sides = lists.sides._replace(gallery=lists.sides.gallery[:, 0])
    return Lists(lists.numbers, lists.place, lists.cheap, lists.right, sides)


def test_the_script_trains_what_is_missing_and_names_what_it_reads(
    work: Path, data: Captioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del data  # it has made the cells
    monkeypatch.setattr(
        sys, "argv", ["train_generator.py", "--work", str(work), "--fold-files", str(FILES), "--steps", "2"]
    )
    main()
    assert capsys.readouterr().out.count("weight of the score") == len(NAMES)
    found = generators_in(work / "generators")
    assert sorted(found) == sorted(NAMES)
    assert {len(own) for own in found.values()} == {1}
    saved = load(
        work / "generators" / "residual-0", encoder=EncoderIdentity("builtin", head_of(FILES).digest)
    )
    scorer = scorer_of(FILES)
    assert saved.scorer is not None
    assert scorer is not None
    assert saved.scorer.digest == scorer.digest
    assert np.isfinite(saved.scorer.deviation)
    main()
    assert capsys.readouterr().out == "", "what is there is left"
