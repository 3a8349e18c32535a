"""scripts/bench/operators.py measures what a search answers, with an operator and without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.search.answer import Question
from tests.support.benchmarks import bench
from tests.support.paths import BENCH

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))


@pytest.mark.corpus
def test_every_task_names_what_is_in_the_manifest_and_nothing_twice(shared: Path) -> None:
    from bench._operator_tasks import NEGATIONS, SEQUENCES
    from bench.operators import Places

    places = Places(shared / "corpus" / "videos")
    assert (len(NEGATIONS), len(SEQUENCES)) == (20, 20)
    for negation in NEGATIONS:
        named = [*negation.right, *negation.wrong]
        assert len(places(named)) == len(set(named)) == len(named)
        assert all(stretch.path.is_file() for stretch in places(named))
    for sequence in SEQUENCES:
        assert all(stretch.end_seconds < 60 for stretch in places(sequence.right))


def test_figures_count_what_is_shown_first() -> None:
    from bench._operator_ways import Shown
    from bench.operators import Stretch, figures

    film = Path("film.mp4")
    right, wrong = [Stretch(film, 0.0, 5.0), Stretch(film, 20.0, 25.0)], [Stretch(film, 5.0, 10.0)]
    shown = [Shown(film, 5.0), Shown(Path("other.mp4"), 1.0), Shown(film, 4.9)]
    found = figures(shown, right, wrong)
    assert (found["kept"], found["excluded"]) == (50.0, 100.0)
    assert [found[f"R@{depth}"] for depth in (1, 5, 10)] == [0.0, 100.0, 100.0]
    assert found["MRR"] == pytest.approx(100 / 3)
    assert figures(shown, right, later=0.5)["MRR"] == 100.0
    nothing = figures([Shown(film, 12.0)] * 10 + shown, right, wrong)
    assert set(nothing.values()) == {0.0}


@pytest.mark.slow
def test_the_ways_that_are_called_shipped_are_what_a_search_answers(searchable: Path) -> None:
    from bench._operator_tasks import Negation, Succession
    from bench._operator_ways import Ways
    from bench.operators import SHIPPED, negation_ways
    from bench.recall import searchable_clips

    with searchable_clips([], searchable) as held:
        ways = Ways(held)
        for text, excluded in (("a field", "blue colour"), ("a square", "grey")):
            question = Question(text, channel="pictures", excluded=(excluded,), thumbnails=False)
            searched = [(hit.path, hit.start_seconds) for hit in held.searcher.search(question).hits]
            task = Negation(text, excluded, (), ())
            answered = negation_ways(ways)[SHIPPED](task)
            assert 0 < len(searched) < 5
            assert [str(one.path) for one in answered] == [path for path, _start in searched]
        both = Succession("a red field", 10, "a blue field", ())
        by_pairs = ways.by_score(lambda first, second: (first + second) / 2, standard=False)
        assert [one.path for one in ways.one_after_the_other(both)] == [one.path for one in by_pairs(both)]


@pytest.mark.corpus
@pytest.mark.timeout(600)
def test_the_operators_win_as_the_page_says(shared: Path, tmp_path: Path) -> None:
    rows = bench("operators", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json")
    excluded = rows["-x, words too, all: as shipped, beside without the operator: excluded"]
    assert excluded["value"] < excluded["baseline"] / 2
    following = rows["then, all: as shipped, beside A alone: MRR"]
    assert following["value"] > following["baseline"] + 10


@pytest.mark.corpus
@pytest.mark.timeout(600)
def test_a_quick_run_has_the_same_rows_of_fewer_questions(shared: Path, tmp_path: Path) -> None:
    rows = bench(
        "operators", "--quick", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json"
    )
    assert "then, all: as shipped, beside A alone: MRR" in rows
