"""A simulated user with one intention marks what a method shows first; the method then ranks the rest.

A method gives scores (B, K) from lists and marks. Its figures are over the candidates without a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from bench._feedback_lists import Lists, Questions
from bench._feedback_pictures import Pictures
from numpy.typing import NDArray

from mediaindex.learn.evaluation.metrics import average_precision
from mediaindex.search.channels.feedback import moved_query

Marks = NDArray[np.float32]
Scores = NDArray[np.float32]
Method = Callable[[Lists, Marks], Scores]

OWN_MARKS = 2
GIVEN = "a given right one"
SITUATIONS = ("no mark", "1 own mark", "2 own marks", GIVEN)
MEASURES = ("AP", "success@1", "success@3")
SHOWN = "right within three shown"
# in training, marks of one's own by round: none, one, two; in the fourth a right one is given
_OWN_MARKS_BY_ROUND = np.array([0, 1, 2, 0])
_SHARPNESS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Figures of one method, query by query.

    Attributes:
        figures: "MEASURE, SITUATION" → (B,) in percent; SHOWN → (B,): one of the three items is right that
            are shown one at a time, each marked before the next is chosen.
    """

    figures: Mapping[str, NDArray[np.float64]]

    def ap(self, *situations: str) -> float:
        """Mean average precision over the queries and the situations."""
        return float(np.mean([self.figures[f"AP, {situation}"] for situation in situations]))


def outcome(method: Method, questions: Questions) -> Outcome:
    """All situations of all queries."""
    figures: dict[str, NDArray[np.float64]] = {}
    rows = np.arange(len(questions.lists))
    marks = np.zeros(questions.right.shape, dtype=np.float32)
    any_hit = np.zeros(len(rows), dtype=bool)
    for situation in SITUATIONS[: OWN_MARKS + 1]:
        scores = method(questions.lists, marks)
        figures |= _figures(scores, marks, questions, situation)
        top = np.where(marks == 0, scores, -np.inf).argmax(1)
        hit = questions.right[rows, top]
        any_hit |= hit
        marks = marks.copy()
        marks[rows, top] = np.where(hit, 1.0, -1.0)
    example_marks = np.zeros_like(marks)
    example_marks[rows, questions.example] = 1.0
    figures |= _figures(method(questions.lists, example_marks), example_marks, questions, GIVEN)
    return Outcome({**figures, SHOWN: 100.0 * any_hit})


def mean_of(outcomes: list[Outcome]) -> Outcome:
    """The mean over seeds, query by query."""
    return Outcome(
        {name: np.mean([one.figures[name] for one in outcomes], axis=0) for name in outcomes[0].figures}
    )


def random_marks(questions: Questions, chance: np.random.Generator) -> Marks:
    """(B, K): 1 right, −1 wrong, 0 unmarked; up to two of the nearer candidates, or a right one given."""
    scores, right = questions.lists.scores, questions.right
    turn = chance.integers(len(_OWN_MARKS_BY_ROUND), size=len(right))
    order = np.argsort(-(_SHARPNESS * scores + chance.gumbel(size=scores.shape)), axis=1)
    places = np.argsort(order, axis=1)
    marked = places < _OWN_MARKS_BY_ROUND[turn][:, None]
    has_example = turn == len(_OWN_MARKS_BY_ROUND) - 1
    marked[has_example, questions.example[has_example]] = True
    return np.where(marked, np.where(right, 1.0, -1.0), 0.0).astype(np.float32)


def by_similarity(lists: Lists, marks: Marks) -> Scores:
    """The order of search, whatever the marks."""
    return lists.scores


def rocchio(pictures: Pictures, right_weight: float, wrong_weight: float) -> Method:
    """Cosines with the moved query, on the full vectors."""

    def scores(lists: Lists, marks: Marks) -> Scores:
        query_vectors = np.empty((len(lists), pictures.vectors.shape[1]), dtype=np.float32)
        for row, (own, marked) in enumerate(zip(lists.candidates, marks, strict=True)):
            query_vectors[row] = moved_query(
                pictures.strings[lists.query[row]],
                right=pictures.vectors[own[marked > 0]],
                wrong=pictures.vectors[own[marked < 0]],
                right_weight=right_weight,
                wrong_weight=wrong_weight,
            )
        cosines = pictures.vectors[lists.candidates] @ query_vectors[:, :, None]
        return np.asarray(cosines[..., 0], dtype=np.float32)

    return scores


def fused(method: Method, other: Method, weight: float) -> Method:
    """weight · method + (1 − weight) · other, each standardised in its list."""

    def scores(lists: Lists, marks: Marks) -> Scores:
        own, others = _standardised(method(lists, marks)), _standardised(other(lists, marks))
        return np.asarray(weight * own + (1 - weight) * others, dtype=np.float32)

    return scores


def without_marks(method: Method) -> Method:
    """The method with all marks left out."""
    return lambda lists, marks: method(lists, np.zeros_like(marks))


def _figures(
    scores: Scores, marks: Marks, questions: Questions, situation: str
) -> dict[str, NDArray[np.float64]]:
    rows = []
    for own, marked, right in zip(scores, marks != 0, questions.right, strict=True):
        unmarked_scores, answers = own[~marked], right[~marked]
        first = answers[np.argsort(-unmarked_scores, kind="stable")[:3]]
        rows.append((average_precision(unmarked_scores, answers), float(first[0]), float(first.any())))
    columns = 100.0 * np.array(rows, dtype=np.float64).T
    return {f"{measure}, {situation}": column for measure, column in zip(MEASURES, columns, strict=True)}


def _standardised(scores: Scores) -> Scores:
    scaled: Scores = (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-6)
    return scaled
