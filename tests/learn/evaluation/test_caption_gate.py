"""Two rankings judged on captions: the order of arrival, one voice a video, and what never changes again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mediaindex.assembly.serving import serving_space
from mediaindex.learn.evaluation import caption_gate
from mediaindex.learn.evaluation.caption_gate import Setting, gains, judge, unjudged
from mediaindex.learn.evaluation.confidence_sequence import confidence_sequence
from mediaindex.learn.evaluation.library_queries import searchable_videos
from mediaindex.search.ranking.shortlist import RerankedList, Shortlist
from mediaindex.search.searcher import Searcher
from mediaindex.store.library import Library, open_library
from mediaindex.store.notes import captions, verdicts
from mediaindex.store.notes.verdicts import Pair
from tests.support.catalogued import add_place
from tests.support.fake_encoder import FakeEncoder

PAIR = Pair("hubs", "a digest", "", "instant")


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library, create=True) as made:
        yield made


class Reversing:
    """Puts the best last."""

    reads_evidence = False
    scorer = None

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        return RerankedList(np.arange(len(shortlist.score))[::-1].astype(np.intp), None, None)


def caption(opened: Library, video: int, text: str, *, at: float | None = None) -> int:
    with opened.write() as connection:
        return captions.add(connection, video, 1.0, 2.0, text, at=at).id


def kept(opened: Library) -> list[tuple[int, float]]:
    with opened.read() as connection:
        return verdicts.differences(connection, PAIR)


def test_a_video_speaks_once_by_the_mean_of_its_captions(opened: Library) -> None:
    first, second = (add_place(opened, f"/videos/{name}.mp4") for name in "ab")
    one, other, third = (caption(opened, v, t) for v, t in ((second, "x"), (first, "y"), (second, "z")))
    verdict = judge(opened, PAIR, {third: 0.5, other: -0.25, one: 0.0})
    assert kept(opened) == [(2, 0.25), (1, -0.25)], "in the order of the first captions"
    assert (verdict.captions, verdict.videos, verdict.value) == (3, 2, 0.0)
    expected = confidence_sequence([0.25, -0.25])
    assert (verdict.low, verdict.high) == (expected.low, expected.high)
    with opened.read() as connection:
        assert verdicts.every(connection) == [verdict]


def test_later_captions_of_a_judged_video_change_nothing(opened: Library) -> None:
    first, second = (add_place(opened, f"/videos/{name}.mp4") for name in "ab")
    one = caption(opened, first, "x")
    judge(opened, PAIR, {one: 0.5})
    later, new = caption(opened, first, "y"), caption(opened, second, "z")
    assert [found.id for found in unjudged(opened, PAIR, {first, second})] == [new]
    verdict = judge(opened, PAIR, {later: -1.0, new: 0.25, one: -1.0})
    assert kept(opened) == [(1, 0.5), (1, 0.25)]
    assert (verdict.captions, verdict.videos) == (2, 2)


def test_an_edited_and_a_removed_caption_keep_what_was_seen(opened: Library) -> None:
    video = add_place(opened, "/videos/a.mp4")
    one, other = caption(opened, video, "x"), caption(opened, video, "y")
    before = judge(opened, PAIR, {one: 0.5, other: 0.5})
    with opened.write() as connection:
        captions.edit(connection, one, "another")
        captions.remove(connection, [other])
    assert unjudged(opened, PAIR, {video}) == []
    assert judge(opened, PAIR, {}) == before


def test_a_clock_that_goes_back_changes_no_order(opened: Library) -> None:
    videos = [add_place(opened, f"/videos/{name}.mp4") for name in "abc"]
    ids = [caption(opened, video, "x", at=at) for video, at in zip(videos, (3e9, 2e9, -1.0), strict=True)]
    assert [found.id for found in unjudged(opened, PAIR, videos)] == ids
    judge(opened, PAIR, dict(zip(reversed(ids), (0.75, 0.5, 0.25), strict=True)))
    assert [gain for _captions, gain in kept(opened)] == [0.25, 0.5, 0.75]


def test_only_captions_of_shown_untaught_videos_are_asked(opened: Library) -> None:
    shown, hidden, taught = (add_place(opened, f"/videos/{name}.mp4") for name in "abc")
    asked = caption(opened, shown, "x")
    caption(opened, hidden, "x")
    caption(opened, taught, "x")
    assert [one.id for one in unjudged(opened, PAIR, {shown, taught}, without={taught})] == [asked]


def test_one_look_takes_whole_videos_up_to_the_most(opened: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caption_gate, "MOST_CAPTIONS", 3)
    videos = [add_place(opened, f"/videos/{name}.mp4") for name in "ab"]
    first = [caption(opened, videos[0], text) for text in "xy"]
    second = [caption(opened, videos[1], text) for text in "xy"]
    assert [one.id for one in unjudged(opened, PAIR, videos)] == first
    judge(opened, PAIR, dict.fromkeys(first, 0.0))
    assert [one.id for one in unjudged(opened, PAIR, videos)] == second


@pytest.mark.parametrize("wrong", [1.5, float("nan")])
def test_what_is_no_difference_of_ranks_is_refused_whole(opened: Library, wrong: float) -> None:
    one, other = (caption(opened, add_place(opened, f"/videos/{name}.mp4"), "x") for name in "ab")
    with pytest.raises(ValueError, match="between -1 and 1"):
        judge(opened, PAIR, {one: 0.5, other: wrong})
    assert kept(opened) == []


def test_a_damaged_verdict_is_made_anew_from_its_differences(opened: Library) -> None:
    one = caption(opened, add_place(opened, "/videos/a.mp4"), "x")
    before = judge(opened, PAIR, {one: 0.5})
    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE caption_verdict SET low = 'much'")
    assert judge(opened, PAIR, {}) == before
    with opened.read() as connection:
        assert verdicts.every(connection) == [before]


def test_the_gain_is_that_of_searches(captioned_library: Library) -> None:
    space = serving_space(captioned_library)
    assert space is not None
    searcher = Searcher(captioned_library, space, FakeEncoder(name="colours"))
    with captioned_library.read() as connection:
        videos = searchable_videos(connection, space.id)
    asked = unjudged(captioned_library, PAIR, videos)
    seen: list[tuple[int, int]] = []
    found = gains(
        searcher,
        asked,
        videos,
        setting=Setting(reranker=Reversing()),
        base=Setting(),
        candidates=64,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert set(found) == {one.id for one in asked}
    assert all(-1.0 < gain < 0.0 for gain in found.values()), "the right video was first, and is last"
    assert seen[-1] == (4, 4)
