"""A question along one video, and what is known of the video."""

from __future__ import annotations

from typing import Any

import pytest

from mediaindex_tui.finder.strip import facts
from mediaindex_tui.messages import AddCaption, Ask, Caption, CaptionKept, Moment, Strip, WantStrip
from tests.support.finders import AtDesk


def flag(desk: AtDesk) -> Moment:
    return desk.full("blue").moments[0]


def test_the_question_runs_along_the_video(desk: AtDesk) -> None:
    moment = flag(desk)
    strip = desk.one(Strip, WantStrip(1, moment.video_id))
    assert (strip.number, strip.video_id) == (1, moment.video_id)
    assert strip.duration == pytest.approx(12.0, abs=0.5)
    scores = dict(zip(strip.seconds, strip.scores, strict=True))
    assert max(scores, key=scores.__getitem__) >= 8
    assert scores[strip.peaks[0]] == max(strip.scores)
    assert len(strip.cuts) == 2
    assert strip.bounds[0][0] == 0.0
    assert strip.facts == ("3 May 2024 · 64×48 · 5/s", "mpeg4", "Flags at sea")


def test_of_a_question_that_is_asked_no_more_only_facts_are_told(desk: AtDesk) -> None:
    moment = flag(desk)
    strip = desk.one(Strip, WantStrip(99, moment.video_id))
    assert (strip.scores, strip.facts[0]) == ((), "3 May 2024 · 64×48 · 5/s")


def test_a_completed_word_runs_along_it_too(desk: AtDesk) -> None:
    moment = flag(desk)
    whole = desk.one(Strip, WantStrip(1, moment.video_id))
    desk.ask(Ask(2, "blu", caret=3))
    assert desk.one(Strip, WantStrip(2, moment.video_id)).scores == whole.scores


def test_words_alone_have_no_scores(cold: AtDesk) -> None:
    (moment,) = cold.ask(Ask(1, "dog"))[1].moments  # type: ignore[union-attr]
    assert cold.one(Strip, WantStrip(1, moment.video_id)).facts


def test_captions_are_told(desk: AtDesk) -> None:
    moment = flag(desk)
    kept = desk.one(
        CaptionKept,
        AddCaption(moment.video_id, moment.path, moment.start, moment.end, "\x1b[1m the end", 1.0),
    )
    strip = desk.one(Strip, WantStrip(1, moment.video_id))
    assert strip.captions == (Caption(kept.id, moment.start, moment.end, "[1m the end"),)


def test_a_video_that_is_gone_has_an_empty_strip(desk: AtDesk) -> None:
    assert desk.one(Strip, WantStrip(1, 10**6)) == Strip(1, 10**6)


@pytest.mark.parametrize(
    ("known", "lines"),
    [
        ({}, ("64×48", "h264")),
        ({"fps": 29.97}, ("64×48 · 30/s", "h264")),
        (
            {"recorded_day": "2024-05-03", "recorded_at": "2024-05-03T13:02:00Z"},
            ("3 May 2024 · 64×48", "h264"),
        ),
        (
            {"recorded_day": "2024-05-03", "recorded_at": "2024-05-03T23:02:00", "camera": "Can\x1bon"},
            ("3 May 2024 · 64×48", r"23:02 · Can\x1bon · h264"),
        ),
        ({"recorded_day": "someday", "recorded_at": "once"}, ("64×48", "h264")),
    ],
)
def test_facts_are_said_as_far_as_they_are_known(known: dict[str, Any], lines: tuple[str, ...]) -> None:
    nothing = dict.fromkeys(("recorded_day", "recorded_at", "camera", "title", "fps"))
    assert facts({**nothing, "width": 64, "height": 48, "codec": "h264", **known}) == lines
