"""A question and its answer: what holds where nothing else is said, and the names of the JSON."""

from __future__ import annotations

import dataclasses

import pytest

from mediaindex.search.answer import Answer, Hit, Question, RerankSummary


def test_a_question_is_about_both_channels_of_every_video() -> None:
    question = Question(text="a dog")
    assert (question.channel, question.limit, question.per_video, question.candidates) == ("both", 10, 3, 64)
    assert question.filters.empty
    assert (question.vector, question.min_similarity, question.without) == (None, None, None)
    assert (question.phrases, question.excluded, question.following) == ((), (), ())
    assert (question.like, question.unlike, question.unfinished) == ((), (), False)


def test_the_fields_of_a_hit_are_those_of_the_json() -> None:
    assert [field.name for field in dataclasses.fields(Hit)] == [
        "rank", "path", "online", "volume", "channel", "words", "start_seconds", "end_seconds",
        "best_seconds", "score", "similarity", "generated_probability", "confidence", "segment_id",
        "thumbnail", "instant_rank", "video_id", "parts",
    ]  # fmt: skip
    assert dataclasses.asdict(RerankSummary(3, 0.5)) == {
        "candidates": 3,
        "none_probability": 0.5,
        "with_evidence": None,
    }


def test_an_answer_cannot_be_changed() -> None:
    answer = Answer((), None, {"total": 1.0})
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.rerank = RerankSummary(1, None)  # type: ignore[misc]
